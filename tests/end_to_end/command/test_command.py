"""The command as a person runs it: exit code, output, messages, and no secret anywhere."""

import signal
from pathlib import Path

import pytest
from support.cli.command import Command
from support.simulator import KEY, SimulatedMarket

pytestmark = pytest.mark.slow

FORTNIGHT = ("--start", "2026-06-01", "--end", "2026-06-14")
LOADED_DAYS = "select count(*) as days from market_days where not is_missing"


@pytest.fixture
def command(tmp_path: Path, simulator: SimulatedMarket) -> Command:
    """Return the command with a fresh home and a simulated market."""
    return Command(
        tmp_path / "home", TOKENTIDE_OPENROUTER_URL=simulator.url, OPENROUTER_API_KEY=KEY
    )


def interrupt(command: Command) -> None:
    """Press Ctrl-C after the first answer: it ends with a sentence and no traceback."""
    with command.start("ingest", "market", *FORTNIGHT) as process:
        while not list(command.home.glob("raw/answers/*.jsonl")):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        output = process.communicate()[0]
    assert process.returncode == 130
    assert "Stopped" in output
    assert "Traceback" not in output


def test_ingest_after_ctrl_c_then_query(command: Command) -> None:
    """A run goes on from what one before kept: a summary, and the figures by SQL as JSON."""
    interrupt(command)
    output = command("ingest", "market", *FORTNIGHT, "--slices")
    assert "Generation 1" in output
    assert "SIMULATED" in output
    assert command.rows(LOADED_DAYS) == [{"days": 14}]
    [row] = command.rows(
        "select date, total_tokens, as_of, origin from marts.market_tokens_daily "
        "where rank = 1 and date = '2026-06-14'"
    )
    assert isinstance(row["total_tokens"], int)
    assert (row["date"], row["as_of"], row["origin"]) == (
        "2026-06-14",
        "2026-06-20T08:00:00Z",
        "simulated",
    )
    # Every mart that these sources feed has rows, and all of them name their origin.
    for table in (
        "market_slices",
        "market_apps_daily",
        "market_tasks_daily",
        "model_prices_daily",
        "endpoint_speed",
        "model_benchmarks",
    ):
        origins = command.rows(f"select distinct origin from {table}")
        assert origins == [{"origin": "simulated"}], table
    assert command.rows("from session_costs_weekly limit 1")
    [meta] = command.rows("select origin, citation from meta")
    assert meta["origin"] == "simulated"
    assert meta["citation"].startswith("Simulated by Tokentide's ")
    assert meta["citation"].endswith("These are not real figures.")
    assert '"is_fresh": false' in command("status", "--json")


@pytest.mark.long
def test_a_day_that_fails_is_named_and_the_others_are_published(
    command: Command, simulator: SimulatedMarket
) -> None:
    """Exit code 1; the day is listed with its reason, thirteen are published, no secret leaks."""
    simulator.set_faults(
        {"kind": "short_day", "path": "rankings-daily", "date": "2026-06-10"},
        {"kind": "echo_key", "path": "app-rankings"},
    )
    output = command("ingest", "market", *FORTNIGHT, code=1)
    assert "2026-06-10  short day" in output
    assert command.rows(LOADED_DAYS) == [{"days": 13}]
    assert command.rows("select distinct date, reason from ingest_quarantine") == [
        {"date": "2026-06-10", "reason": "short day"}
    ]
    assert KEY not in output
    assert all(
        KEY.encode() not in path.read_bytes() for path in command.home.rglob("*") if path.is_file()
    )
    simulator.set_faults()
    command("ingest", "market", *FORTNIGHT)
    assert command.rows(LOADED_DAYS) == [{"days": 14}]


@pytest.mark.long
def test_without_a_network_the_simulated_market_is_used(tmp_path: Path) -> None:
    """`up` says why; simulated figures are labelled, and their home is apart from real ones."""
    command = Command(tmp_path / "home", TOKENTIDE_OPENROUTER_URL="http://127.0.0.1:9/api/v1")
    output = command("up", "--once")
    assert "cannot be reached" in output
    assert "SIMULATED" in output
    assert not (command.home / "published").exists()
    simulated = Command(command.home / "simulated")
    assert simulated.rows("select distinct origin from market_tokens_daily") == [
        {"origin": "simulated"}
    ]


@pytest.mark.long
def test_two_ingests_at_once_wait_for_each_other(command: Command) -> None:
    """Both succeed, and the figures are those of one."""
    running = [command.start("ingest", "market", *FORTNIGHT) for _ in range(2)]
    outputs = [process.communicate()[0] for process in running]
    assert [process.returncode for process in running] == [0, 0], outputs
    assert command.rows(LOADED_DAYS) == [{"days": 14}]
    assert command.rows("select max(revision) as revisions from market_tokens_revisions") == [
        {"revisions": 1}
    ]


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("sql", "select 1"), "Nothing is published"),
        (("ingest", "market", "--start", "2026-02-30"), "not a day"),
        (("ingest", "market", "--start", "2026-03-01", "--end", "2026-02-01"), "after"),
        (("rebuild",), "holds no answers"),
        (("simulate", "--mode", "replay"), "recorded responses"),
    ],
)
def test_an_error_names_the_next_step(
    tmp_path: Path, arguments: tuple[str, ...], word: str
) -> None:
    """One line, no traceback, exit code 1."""
    output = Command(tmp_path / "home")(*arguments, code=1)
    assert word in output
    assert "Traceback" not in output


def test_a_home_that_is_not_writable_is_reported(tmp_path: Path) -> None:
    """By each verb without a traceback, and by `doctor` with advice."""
    (tmp_path / "file").write_text("")
    command = Command(
        tmp_path / "file" / "home", TOKENTIDE_OPENROUTER_URL="http://127.0.0.1:9/api/v1"
    )
    # The command cannot run in a folder that is a file.
    command.home = tmp_path / "home"
    output = command("ingest", "market", code=1)
    assert "Traceback" not in output
    assert "`tokentide doctor`" in output
    assert "set TOKENTIDE_HOME" in " ".join(command("doctor", code=1).split())


def test_an_unknown_setting_is_an_error(tmp_path: Path) -> None:
    """A misspelt name would otherwise be ignored."""
    command = Command(tmp_path / "home", TOKENTIDE_HOEM="x")
    assert "TOKENTIDE_HOEM is not a setting" in command("status", code=1)
