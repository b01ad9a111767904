"""`ingest market`, `build`, `publish`, `rebuild` and `simulate`: options, and what they refuse.

Whole ingests are in end_to_end/command/test_command.py.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import httpx
import pytest
from support.cli.command import Command
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.cli.market import parse_day, parse_now
from pipelines.errors import BadSetting

CTRL_C = 130  # what a shell reports


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """Return the command with a fresh home and no source."""
    return Command(tmp_path / "home", TOKENTIDE_OPENROUTER_URL="http://127.0.0.1:9/api/v1")


def error_of(*arguments: str, home: Path = Path("/nonexistent")) -> BadSetting:
    """Return the error that a verb ends with, before it does anything."""
    env = {"TOKENTIDE_HOME": str(home), "TOKENTIDE_RECORDINGS": None}
    error = CliRunner(env=env).invoke(app, arguments).exception
    assert isinstance(error, BadSetting), error
    return error


@contextmanager
def simulator(command: Command, *options: str) -> Iterator[str]:
    """Run `tokentide simulate` on a free port, and yield the address that it prints."""
    with command.start("simulate", "--port", "0", *options) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.send_signal(signal.SIGINT)
    assert process.returncode == CTRL_C


@pytest.mark.parametrize(
    ("text", "day"), [("2026-02-28", date(2026, 2, 28)), (None, None), ("", None)]
)
def test_a_day_is_read(text: str | None, day: date | None) -> None:
    """An option that is not given is None, and the verb chooses."""
    assert parse_day(text, "--start") == day


@pytest.mark.parametrize("text", ["2026-02-30", "28.2.2026", "yesterday", "2026-2-8"])
def test_a_bad_day_names_its_option(text: str) -> None:
    """The message shows how to write a day."""
    with pytest.raises(BadSetting) as raised:
        parse_day(text, "--end")
    assert str(raised.value) == f"--end {text!r} is not a day; write it as 2026-02-28."


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-06-19T08:20:44Z", datetime(2026, 6, 19, 8, 20, 44, tzinfo=UTC)),
        ("2026-06-19T08:20:44", datetime(2026, 6, 19, 8, 20, 44, tzinfo=UTC)),
        ("2026-06-19", datetime(2026, 6, 19, tzinfo=UTC)),
        (
            "2026-06-19T10:20:44+02:00",
            datetime(2026, 6, 19, 10, 20, 44, tzinfo=timezone(timedelta(hours=2))),
        ),
        (None, None),
    ],
)
def test_an_instant_is_read(text: str | None, instant: datetime | None) -> None:
    """Without a zone it is UTC."""
    assert parse_now(text) == instant


def test_a_bad_instant_is_refused() -> None:
    """The message shows how to write one."""
    with pytest.raises(BadSetting, match="is not an instant; write it as 2026-06-19T08:20:44Z"):
        parse_now("noon")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--start", "2026-03-01", "--end", "2026-02-01"), "--start 2026-03-01 is after --end"),
        (("--end", "2026-13-01"), "--end '2026-13-01' is not a day"),
    ],
)
def test_a_range_is_checked_before_anything_is_fetched(
    tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    """The home is not even made."""
    home = tmp_path / "home"
    assert message in str(error_of("ingest", "market", *arguments, home=home))
    assert not home.exists()


def test_a_rebuild_needs_an_archive(command: Command) -> None:
    """Nothing is made in a home without answers."""
    output = command("rebuild", code=1)
    assert "Error: " in output
    assert "`tokentide ingest market`" in output


def test_the_simulator_serves_openrouters_api(command: Command) -> None:
    """The address goes to standard output, for whoever started it; the key is the chosen one."""
    options = ("--now", "2026-06-20T08:00:00Z", "--key", "a-key", "--seed", "2")
    with simulator(command, *options) as url:
        days = {"start_date": "2026-06-18", "end_date": "2026-06-19"}
        rankings = f"{url}/datasets/rankings-daily"
        good = httpx.get(rankings, params=days, headers={"Authorization": "Bearer a-key"})
        bad = httpx.get(rankings, params=days, headers={"Authorization": "Bearer other"})
    assert (good.status_code, bad.status_code) == (200, 401)
    assert {row["date"] for row in good.json()["data"]} == {"2026-06-18", "2026-06-19"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--mode", "replay"), "TOKENTIDE_RECORDINGS"),
        (("--now", "noon"), "--now 'noon' is not an instant"),
        (("--exports-since", "always"), "--exports-since 'always' is not a day"),
    ],
)
def test_a_simulator_that_cannot_start_says_why(options: tuple[str, ...], message: str) -> None:
    """A setting or an option is wrong, and the message names it."""
    assert message in str(error_of("simulate", "--port", "0", *options))


def test_an_empty_folder_of_recordings_is_refused(tmp_path: Path) -> None:
    """There is nothing to replay."""
    options = ("--mode", "replay", "--recordings", str(tmp_path))
    assert str(tmp_path) in str(error_of("simulate", "--port", "0", *options))


def test_a_port_that_is_taken_is_an_error(command: Command) -> None:
    """One line, exit code 1."""
    with simulator(command) as url:
        output = command("simulate", "--port", str(httpx.URL(url).port), code=1)
    assert os.strerror(98) in output
    assert "Traceback" not in output
