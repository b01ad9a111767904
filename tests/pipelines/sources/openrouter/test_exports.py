"""OpenRouter's keyless exports: the files that cover a range, and their manifests."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from support.simulator import FAST_RETRIES, SimulatedMarket, simulated_market

from pipelines.archive import Answer
from pipelines.errors import BadAnswer, SourceUnreachable
from pipelines.settings import Settings
from pipelines.sources.client.http import SourceClient
from pipelines.sources.failure import Failure
from pipelines.sources.openrouter import exports

DAY = timedelta(days=1)
NEWEST_FILE = date(2026, 11, 21)
OLDEST_DAY = date(2026, 8, 20)


def days(first: date, last: date) -> list[date]:
    return [first + n * DAY for n in range((last - first).days + 1)]


@pytest.fixture(scope="module")
def market() -> Iterator[SimulatedMarket]:
    """Serve a market whose oldest file is that of the real one."""
    now = datetime(2026, 11, 21, 9, tzinfo=UTC)
    with simulated_market(now=now, exports_since=exports.FIRST_FILE) as running:
        yield running


def fetch(market: SimulatedMarket, home: Path, start: date, end: date) -> list[Answer | Failure]:
    with closing(SourceClient(Settings(home, market.url), "run", FAST_RETRIES)) as client:
        return list(exports.fetch(client, start, end))


def fetch_all(market: SimulatedMarket, home: Path, start: date, end: date) -> list[Answer]:
    """Fetch files and check that none is lost."""
    answers = fetch(market, home, start, end)
    assert not any(isinstance(answer, Failure) for answer in answers)
    return [answer for answer in answers if isinstance(answer, Answer)]


def days_held(answers: list[Answer]) -> list[list[date]]:
    """List the days of each file."""
    snapshots = [date.fromisoformat(answer.context["snapshot_date"]) for answer in answers]
    return [days(snapshot - 30 * DAY, snapshot - DAY) for snapshot in snapshots]


@hypothesis_settings(deadline=None, derandomize=True, max_examples=10)
@given(start=st.dates(date(2026, 7, 1), date(2026, 11, 30)), length=st.integers(0, 120))
def test_every_requested_day_that_a_file_holds_is_covered(
    market: SimulatedMarket, tmp_path_factory: pytest.TempPathFactory, start: date, length: int
) -> None:
    """By no more files than needed, also if the range exceeds the oldest or newest file."""
    end = start + length * DAY
    files = days_held(fetch_all(market, tmp_path_factory.mktemp("home"), start, end))
    offered = {day for day in days(start, end) if OLDEST_DAY <= day < NEWEST_FILE}
    assert offered <= {day for file in files for day in file}
    assert len(files) <= 2 + (end - start).days // exports.STEP.days + 1
    # A day comes from a file in which it is final, unless there is none yet.
    settled = {day for file in files for day in file[:-2]}
    assert {day for day in offered if day < NEWEST_FILE - 2 * DAY} <= settled


@pytest.mark.parametrize(
    ("start", "end", "snapshots"),
    [
        (date(2026, 11, 20), date(2026, 11, 20), ["2026-11-21"]),
        (date(2026, 10, 20), date(2026, 11, 20), ["2026-11-21", "2026-10-25"]),
        (date(2026, 9, 1), date(2026, 9, 2), ["2026-10-02", "2026-09-19"]),
        (
            date(2026, 8, 20),
            date(2026, 11, 20),
            ["2026-11-21", "2026-10-25", "2026-09-28", "2026-09-19"],
        ),
        (date(2026, 8, 1), date(2026, 8, 25), ["2026-09-24", "2026-09-19"]),
    ],
)
def test_files_of_known_ranges(
    market: SimulatedMarket, tmp_path: Path, start: date, end: date, snapshots: list[str]
) -> None:
    """The newest one first, then one every 27 days, and at last the oldest."""
    assert [
        answer.context["snapshot_date"]
        for answer in fetch_all(market, tmp_path / "home", start, end)
    ] == snapshots


def test_days_before_the_first_file_are_not_offered(
    market: SimulatedMarket, tmp_path: Path
) -> None:
    """There is nothing to fetch, which is no failure."""
    assert fetch_all(market, tmp_path / "home", date(2025, 1, 1), date(2025, 1, 31)) == []


@pytest.mark.parametrize(
    ("path", "start", "end", "snapshots"),
    [
        (
            "2026-10-25.manifest",
            date(2026, 9, 1),
            date(2026, 11, 20),
            "2026-11-21 -2026-10-25 2026-10-24 2026-09-27",
        ),
        (
            "2026-10-25.csv",
            date(2026, 9, 1),
            date(2026, 11, 20),
            "2026-11-21 -2026-10-25 2026-10-24 2026-09-27",
        ),
        (
            "2026-11-20.manifest",
            date(2026, 9, 1),
            date(2026, 10, 21),
            "-2026-11-20 2026-11-19 2026-10-23 2026-09-26",
        ),
        (
            "2026-11-21.csv",
            date(2026, 9, 1),
            date(2026, 11, 20),
            "-2026-11-21 2026-11-20 2026-10-24 2026-09-27",
        ),
        # Three single steps, then the usual ones.
        (
            "2026-11-",
            date(2026, 9, 1),
            date(2026, 11, 20),
            "-2026-11-21 -2026-11-20 -2026-11-19 -2026-11-18 2026-10-22 2026-09-25",
        ),
        # No other file holds a requested day.
        ("2026-11-21.csv", date(2026, 11, 20), date(2026, 11, 20), "-2026-11-21"),
        # Before the oldest file there is nothing, even if that one is lost.
        ("2026-09-19", date(2026, 8, 20), date(2026, 9, 1), "2026-10-01 -2026-09-19"),
    ],
)
def test_a_lost_file_is_reported_and_replaced(
    market: SimulatedMarket, tmp_path: Path, path: str, start: date, end: date, snapshots: str
) -> None:
    """By the file of the day before; `-` marks a lost one."""
    market.set_faults({"kind": "forbidden", "path": f"rankings-daily/{path}"})
    try:
        found = fetch(market, tmp_path / "home", start, end)
    finally:
        market.set_faults()
    assert " ".join(label(one) for one in found) == snapshots


def label(one: Answer | Failure) -> str:
    """Return the date of a file, with `-` before that of a lost one, which has 30 days."""
    if isinstance(one, Answer):
        return one.context["snapshot_date"]
    assert one.start
    assert one.end == one.start + 29 * DAY
    assert "403" in one.reason
    return f"-{one.end + DAY}"


def test_an_unreachable_host_ends_the_fetch(tmp_path: Path) -> None:
    """All files are on the same host."""
    with (
        closing(
            SourceClient(Settings(tmp_path, "http://127.0.0.1:9/api/v1"), "run", FAST_RETRIES)
        ) as client,
        pytest.raises(SourceUnreachable),
    ):
        list(exports.fetch(client, OLDEST_DAY, NEWEST_FILE))


def test_a_file_is_requested_by_day_and_kept_with_its_manifest(
    market: SimulatedMarket, tmp_path: Path
) -> None:
    """The answer holds what the manifest promised, so each later read can check it again."""
    [answer] = fetch_all(market, tmp_path / "home", NEWEST_FILE - DAY, NEWEST_FILE - DAY)
    assert answer.url == f"{market.url}/datasets/exports/rankings-daily/2026-11-21.csv"
    assert answer.context == {
        "snapshot_date": "2026-11-21",
        "as_of": "2026-11-21T01:46:00+00:00",
        "bytes": str(answer.bytes),
        "sha256": answer.sha256,
    }


GOOD_FILES = {"csv": {"bytes": 1, "sha256": "0"}}


@pytest.mark.parametrize(
    "files",
    [
        None,
        1,
        [],
        ["csv"],
        {},
        {"csv": None},
        {"csv": ["bytes"]},
        {"csv": {"bytes": "many", "sha256": "0"}},
        {"csv": {"bytes": -1}},
    ],
)
def test_a_manifest_of_another_shape_is_refused(files: object) -> None:
    """It is a bad answer like any other, so the next file is requested."""
    manifest = {"snapshot_date": "2026-11-21", "retrieved_at": "2026-11-21T01:46:00Z"}
    assert exports.read_manifest({**manifest, "files": GOOD_FILES}, "latest").bytes == 1
    with pytest.raises(BadAnswer):
        exports.read_manifest({**manifest, "files": files}, "latest")
