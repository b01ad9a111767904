"""The interactive shell, on a real terminal: statements, completion, history, Ctrl-C, limits."""

import stat
from collections.abc import Iterator

import pytest
from support.cli.command import Command
from support.cli.terminal import CTRL_D, TAB, UP, Terminal, terminal

from pipelines.cli.query import HISTORY
from pipelines.settings import Settings

PROMPT = "tokentide> "
ENDLESS = "select count(*) from range(1000000000000) a, range(1000) b;\n"


@pytest.fixture
def shell(market: Settings) -> Iterator[Terminal]:
    """Yield a shell that shows its prompt."""
    (market.home / HISTORY).unlink(missing_ok=True)
    with terminal(Command(market.home), "sql") as started:
        started.wait_for(PROMPT)
        yield started


def test_a_statement_may_take_several_lines(shell: Terminal) -> None:
    """It is answered at its semicolon, one in a string or a comment is none."""
    shell.type("select ';' as a -- ;\n")
    shell.wait_for("..> ")
    shell.type(", 41 + 1 as b; select 'second' as c;\n")
    shown = shell.wait_for(PROMPT)
    assert "│ ; │ 42 │" in shown
    assert "│ second │" in shown


def test_names_are_completed(shell: Terminal) -> None:
    """A table after FROM, then a column of that table."""
    shell.type(f"select plat{TAB}")
    shell.wait_for("platform_tokens")
    shell.type(f" from market_d{TAB}")
    shell.wait_for("market_days")
    shell.type(" order by date limit 1;\n")
    assert "1,000,000,000,000" in shell.wait_for(PROMPT)


def test_ctrl_c_cancels_the_statement_and_not_the_shell(shell: Terminal) -> None:
    """One that runs, and one that is typed."""
    shell.type(ENDLESS)
    shell.wait_for("range(1000) b;")
    shell.interrupt("Cancelled.")
    shell.wait_for(PROMPT)
    shell.type("select 1 +\n")
    shell.wait_for("..> ")
    shell.interrupt(PROMPT)
    shell.type("select 40 + 2 as b;\n")
    assert "42" in shell.wait_for(PROMPT)


def test_an_error_is_said_and_the_shell_goes_on(shell: Terminal) -> None:
    """Without the name of a class; hostile SQL is refused as elsewhere."""
    for text in ("from read_text('/etc/passwd');\n", "attach '/tmp/x.duckdb';\n", "selec 1;\n"):
        shell.type(text)
        shown = shell.wait_for(PROMPT)
        assert "Error: " in shown
        assert "QueryFailed" not in shown
        assert "root:" not in shown
    shell.type("select 40 + 2 as b;\n")
    assert "42" in shell.wait_for(PROMPT)


def test_own_commands_begin_with_a_point(shell: Terminal) -> None:
    shell.type(".tables\n")
    assert "ingest_log" in shell.wait_for(PROMPT)
    shell.type(".describe market_days\n")
    assert "platform_tokens" in shell.wait_for(PROMPT)
    shell.type(".layout vertical\n")
    shell.wait_for(PROMPT)
    shell.type("select 40 + 2 as b;\n")
    assert "row 1 ─" in shell.wait_for(PROMPT)
    shell.type(".nothing\n")
    assert "Ctrl-C cancels" in shell.wait_for(PROMPT)


def test_what_was_asked_is_remembered(shell: Terminal, market: Settings) -> None:
    """In the home, where only its owner reads it; several lines come back as one."""
    shell.type("select 40\n")
    shell.wait_for("..> ")
    shell.type("+ 2 as b;\n")
    shell.wait_for(PROMPT)
    shell.type(CTRL_D)
    assert shell.process.wait(30) == 0
    history = market.home / HISTORY
    assert history.read_text() == "select 40 + 2 as b;\n"
    assert stat.S_IMODE(history.stat().st_mode) == 0o600
    with terminal(Command(market.home), "sql") as again:
        again.wait_for(PROMPT)
        again.type(f"{UP}\n")
        assert "42" in again.wait_for(PROMPT)


def test_the_time_limit_holds(market: Settings) -> None:
    """The statement is stopped, and the next one is answered."""
    with terminal(Command(market.home), "sql", "--timeout", "0.3") as shell:
        shell.wait_for(PROMPT)
        shell.type(ENDLESS)
        assert "longer than 0.3 s" in shell.wait_for(PROMPT)
        shell.type("select 40 + 2 as b;\nquit\n")
        assert "42" in shell.wait_for(PROMPT)
        assert shell.process.wait(30) == 0
