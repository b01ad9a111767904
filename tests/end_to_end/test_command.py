"""The command as a person runs it: a process, its exit code, what it prints, and that a secret is nowhere."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.simulator import KEY, SimulatedMarket

pytestmark = pytest.mark.slow


class Command:
    """Runs `tokentide` with a home of its own."""

    def __init__(self, home: Path, **environment: str) -> None:
        self.home = home
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("TOKENTIDE_", "OPENROUTER_"))
        }
        self.environment = {
            **inherited,
            "TOKENTIDE_HOME": str(home),
            "COLUMNS": "120",
            **environment,
        }

    def __call__(self, *arguments: str, code: int = 0) -> str:
        """Standard output and error together; the exit code must be the expected one."""
        command = [sys.executable, "-m", "pipelines", *arguments]
        done = subprocess.run(
            command,
            env=self.environment,
            cwd=self.home.parent,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def rows(self, query: str) -> list[dict[str, Any]]:
        """A query's rows as `sql --json` gives them."""
        found: list[dict[str, Any]] = json.loads(self("sql", "--json", query))
        return found


@pytest.fixture
def command(tmp_path: Path, simulator: SimulatedMarket) -> Command:
    return Command(
        tmp_path / "home", TOKENTIDE_OPENROUTER_URL=simulator.url, OPENROUTER_API_KEY=KEY
    )


def test_ingest_then_ask(command: Command) -> None:
    """Every asked-for day got through: exit code 0, a summary, and the figures by SQL as JSON."""
    said = command("ingest", "market", "--start", "2026-06-01", "--end", "2026-06-14", "--slices")
    assert "Generation 1" in said
    assert "SIMULATED" in said
    assert command.rows("select count(*) as days from market_days where not is_missing") == [
        {"days": 14}
    ]
    [row] = command.rows(
        "select date, total_tokens, as_of, origin from marts.market_tokens_daily where rank = 1 and date = '2026-06-14'"
    )
    assert isinstance(row["total_tokens"], int)
    assert (row["date"], row["as_of"], row["origin"]) == (
        "2026-06-14",
        "2026-06-20T08:00:00Z",
        "simulated",
    )
    # Every mart that these sources feed has rows, and all of them say where they come from.
    for table in (
        "market_slices",
        "market_apps_daily",
        "market_tasks_daily",
        "model_prices_daily",
        "endpoint_speed",
        "model_benchmarks",
    ):
        assert command.rows(f"select distinct origin from {table}") == [{"origin": "simulated"}], (
            table
        )
    assert command.rows("from session_costs_weekly limit 1")
    assert command.rows("select origin, citation from meta") == [
        {
            "origin": "simulated",
            "citation": "Simulated by Tokentide's stand-in market. These are not real figures.",
        }
    ]
    assert '"is_fresh": false' in command("status", "--json")


def test_a_day_that_did_not_get_through_is_named_and_the_others_are_published(
    command: Command, simulator: SimulatedMarket
) -> None:
    """Exit code 1, the day and its reason listed, thirteen days published, and no secret anywhere."""
    simulator.set_faults(
        {"kind": "short_day", "path": "rankings-daily", "date": "2026-06-10"},
        {"kind": "echo_key", "path": "app-rankings"},
    )
    said = command("ingest", "market", "--start", "2026-06-01", "--end", "2026-06-14", code=1)
    assert "2026-06-10  short day" in said
    assert command.rows("select count(*) as days from market_days where not is_missing") == [
        {"days": 13}
    ]
    assert command.rows("select distinct date, reason from ingest_quarantine") == [
        {"date": "2026-06-10", "reason": "short day"}
    ]
    assert KEY not in said
    assert all(
        KEY.encode() not in path.read_bytes() for path in command.home.rglob("*") if path.is_file()
    )
    simulator.set_faults()
    command("ingest", "market", "--start", "2026-06-01", "--end", "2026-06-14")
    assert command.rows("select count(*) as days from market_days where not is_missing") == [
        {"days": 14}
    ]


def test_without_a_network_the_stand_in_is_used_in_a_home_of_its_own(tmp_path: Path) -> None:
    """`up` says that OpenRouter cannot be reached, and its figures are labelled and kept apart from real ones."""
    command = Command(tmp_path / "home", TOKENTIDE_OPENROUTER_URL="http://127.0.0.1:9/api/v1")
    said = command("up", "--once")
    assert "cannot be reached" in said
    assert "SIMULATED" in said
    assert not (command.home / "published").exists()
    simulated = Command(command.home / "simulated")
    assert simulated.rows("select distinct origin from market_tokens_daily") == [
        {"origin": "simulated"}
    ]


def test_two_ingests_at_once_wait_for_each_other(command: Command) -> None:
    """Whoever comes second says that it waits; both end well, and the figures are those of one."""
    words = [
        sys.executable,
        "-m",
        "pipelines",
        "ingest",
        "market",
        "--start",
        "2026-06-01",
        "--end",
        "2026-06-14",
    ]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    running = [
        subprocess.Popen(words, env=command.environment, cwd=command.home.parent, **pipes)
        for _ in range(2)
    ]
    said = [process.communicate()[0] for process in running]
    assert [process.returncode for process in running] == [0, 0], said
    assert command.rows("select count(*) as days from market_days where not is_missing") == [
        {"days": 14}
    ]
    assert command.rows("select max(revision) as revisions from market_tokens_revisions") == [
        {"revisions": 1}
    ]


def test_ctrl_c_loses_nothing(command: Command) -> None:
    """It stops with a word and without a traceback, and the next run goes on from what was kept."""
    # Where tests run in the background, a shell has told everything to ignore Ctrl-C.
    words = [
        "env",
        "--default-signal=INT",
        sys.executable,
        "-m",
        "pipelines",
        "ingest",
        "market",
        "--start",
        "2026-06-01",
        "--end",
        "2026-06-14",
    ]
    with subprocess.Popen(
        words,
        env=command.environment,
        cwd=command.home.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        while not list(command.home.glob("raw/answers/*.jsonl")):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        said = process.communicate()[0]
    assert process.returncode == 130
    assert "Stopped" in said
    assert "Traceback" not in said
    command("ingest", "market", "--start", "2026-06-01", "--end", "2026-06-14")
    assert command.rows("select count(*) as days from market_days where not is_missing") == [
        {"days": 14}
    ]


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("sql", "select 1"), "Nothing is published"),
        (("ingest", "market", "--start", "2026-02-30"), "no day"),
        (("ingest", "market", "--start", "2026-03-01", "--end", "2026-02-01"), "after"),
        (("rebuild",), "holds no answers"),
        (("simulate", "--mode", "replay"), "recorded answers"),
    ],
)
def test_what_cannot_be_done_says_the_next_step(
    tmp_path: Path, arguments: tuple[str, ...], word: str
) -> None:
    """One line, no traceback, exit code 1."""
    said = Command(tmp_path / "home")(*arguments, code=1)
    assert word in said
    assert "Traceback" not in said


def test_a_home_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """By the command without a traceback, and by the doctor with what to do."""
    (tmp_path / "file").write_text("")
    command = Command(
        tmp_path / "file" / "home", TOKENTIDE_OPENROUTER_URL="http://127.0.0.1:9/api/v1"
    )
    command.home = tmp_path / "home"
    assert "Traceback" not in command("ingest", "market", code=1)
    assert "set TOKENTIDE_HOME" in " ".join(command("doctor", code=1).split())


def test_an_unknown_setting_is_an_error(tmp_path: Path) -> None:
    """A misspelt name would otherwise be ignored in silence."""
    assert "TOKENTIDE_HOEM is not a setting" in Command(tmp_path / "home", TOKENTIDE_HOEM="x")(
        "status", code=1
    )
