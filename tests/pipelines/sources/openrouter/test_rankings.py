"""Which windows and which files are asked for, so that every day that the source has is covered, and none needlessly often."""

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
from pipelines.ingest.days import Failure
from pipelines.settings import Settings
from pipelines.sources.http import SourceClient
from pipelines.sources.openrouter import exports, rankings

DAY = timedelta(days=1)
NEWEST_FILE = date(2026, 11, 21)
OLDEST_DAY = date(2026, 8, 20)


def days(first: date, last: date) -> list[date]:
    return [first + n * DAY for n in range((last - first).days + 1)]


# The keyed windows.


@hypothesis_settings(deadline=None, derandomize=True, max_examples=300)
@given(start=st.dates(date(2025, 1, 1), date(2029, 12, 31)), length=st.integers(0, 1200))
def test_windows_cover_every_day_once_beyond_the_trailing_week(start: date, length: int) -> None:
    """Each day from start to end is in exactly one window, but for the week before that each brings along; none is too long."""
    end = start + length * DAY
    found = list(rankings.windows(start, end))
    assert found[-1][1] == end
    assert all(last - first + DAY <= rankings.MAX_WINDOW for first, last in found)
    assert all(first >= rankings.FIRST_DAY for first, _ in found)
    # Beyond the trailing part a window begins where the one before it ended.
    begins = [start, *(last + DAY for _, last in found[:-1])]
    assert all(first <= begin <= last for begin, (first, last) in zip(begins, found, strict=True))
    own = [day for begin, (_, last) in zip(begins, found, strict=True) for day in days(begin, last)]
    assert own == days(start, end)
    # What comes before is at most a week in all, and asked for only where the window would be shorter than that.
    for begin, (first, last) in zip(begins, found, strict=True):
        assert (
            first == begin or last - first + DAY == rankings.TRAILING or first == rankings.FIRST_DAY
        )


def test_windows_written_out() -> None:
    """One for each calendar year, and a short one reaches back over a week."""
    assert list(rankings.windows(date(2025, 1, 1), date(2026, 2, 28))) == [
        (date(2025, 1, 1), date(2025, 12, 31)),
        (date(2026, 1, 1), date(2026, 2, 28)),
    ]
    assert list(rankings.windows(date(2026, 6, 19), date(2026, 6, 19))) == [
        (date(2026, 6, 13), date(2026, 6, 19))
    ]
    assert list(rankings.windows(date(2025, 1, 2), date(2025, 1, 2))) == [
        (date(2025, 1, 1), date(2025, 1, 2))
    ]
    assert list(rankings.windows(date(2026, 2, 2), date(2026, 2, 1))) == []


# The keyless exports.


@pytest.fixture(scope="module")
def market() -> Iterator[SimulatedMarket]:
    """A market whose oldest file is that of the real one."""
    now = datetime(2026, 11, 21, 9, tzinfo=UTC)
    with simulated_market(now=now, exports_since=exports.FIRST_FILE) as running:
        yield running


def brought(market: SimulatedMarket, home: Path, start: date, end: date) -> list[Answer | Failure]:
    with closing(SourceClient(Settings(home, market.url), "run", FAST_RETRIES)) as client:
        return list(exports.fetch(client, start, end))


def fetched(market: SimulatedMarket, home: Path, start: date, end: date) -> list[Answer]:
    """The files, where all of them can be had."""
    answers = brought(market, home, start, end)
    assert not any(isinstance(answer, Failure) for answer in answers)
    return [answer for answer in answers if isinstance(answer, Answer)]


def held(answers: list[Answer]) -> list[list[date]]:
    """The days of each file."""
    snapshots = [date.fromisoformat(answer.context["snapshot_date"]) for answer in answers]
    return [days(snapshot - 30 * DAY, snapshot - DAY) for snapshot in snapshots]


@hypothesis_settings(deadline=None, derandomize=True, max_examples=10)
@given(start=st.dates(date(2026, 7, 1), date(2026, 11, 30)), length=st.integers(0, 120))
def test_every_asked_day_that_some_file_holds_is_covered(
    market: SimulatedMarket, tmp_path_factory: pytest.TempPathFactory, start: date, length: int
) -> None:
    """Also where the range begins before the oldest file or ends after the newest one; and no more files than that takes."""
    end = start + length * DAY
    files = held(fetched(market, tmp_path_factory.mktemp("home"), start, end))
    offered = {day for day in days(start, end) if OLDEST_DAY <= day < NEWEST_FILE}
    assert offered <= {day for file in files for day in file}
    assert len(files) <= 2 + (end - start).days // exports.STEP.days + 1
    # A day is taken from a file that saw it settled, unless no such file is there yet.
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
def test_files_written_out(
    market: SimulatedMarket, tmp_path: Path, start: date, end: date, snapshots: list[str]
) -> None:
    """The newest file that is needed comes first, then one every 27 days, and the oldest there is."""
    assert [
        answer.context["snapshot_date"] for answer in fetched(market, tmp_path / "home", start, end)
    ] == snapshots


def test_days_before_the_first_file_are_not_offered(
    market: SimulatedMarket, tmp_path: Path
) -> None:
    """There is nothing to fetch, and that is no failure."""
    assert fetched(market, tmp_path / "home", date(2025, 1, 1), date(2025, 1, 31)) == []


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
        # Three single steps, and then the usual ones.
        (
            "2026-11-",
            date(2026, 9, 1),
            date(2026, 11, 20),
            "-2026-11-21 -2026-11-20 -2026-11-19 -2026-11-18 2026-10-22 2026-09-25",
        ),
        # No other file holds a day that is asked for.
        ("2026-11-21.csv", date(2026, 11, 20), date(2026, 11, 20), "-2026-11-21"),
        # Before the oldest file there is nothing, whether that one can be had or not.
        ("2026-09-19", date(2026, 8, 20), date(2026, 9, 1), "2026-10-01 -2026-09-19"),
    ],
)
def test_a_file_that_is_lost_is_said_and_stepped_over(
    market: SimulatedMarket, tmp_path: Path, path: str, start: date, end: date, snapshots: str
) -> None:
    """Its days are offered, so a refusal is never the end of what there is; the file of the day before stands in for it (-: lost)."""
    market.set_faults({"kind": "forbidden", "path": f"rankings-daily/{path}"})
    try:
        found = brought(market, tmp_path / "home", start, end)
    finally:
        market.set_faults()
    assert " ".join(named(one) for one in found) == snapshots


def named(one: Answer | Failure) -> str:
    """The file that was had, or that was lost with its 30 days."""
    if isinstance(one, Answer):
        return one.context["snapshot_date"]
    assert one.start
    assert one.end == one.start + 29 * DAY
    assert "403" in one.reason
    return f"-{one.end + DAY}"


def test_where_nobody_answers_no_other_file_is_asked_for(tmp_path: Path) -> None:
    """The host is the same for all of them."""
    with (
        closing(
            SourceClient(Settings(tmp_path, "http://127.0.0.1:9/api/v1"), "run", FAST_RETRIES)
        ) as client,
        pytest.raises(SourceUnreachable),
    ):
        list(exports.fetch(client, OLDEST_DAY, NEWEST_FILE))


def test_each_file_is_asked_for_by_its_day_and_kept_with_its_manifest(
    market: SimulatedMarket, tmp_path: Path
) -> None:
    """The file's answer carries what the manifest promised, so that it can be judged again whenever it is read."""
    [answer] = fetched(market, tmp_path / "home", NEWEST_FILE - DAY, NEWEST_FILE - DAY)
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
def test_a_manifest_of_another_shape_is_not_believed(files: object) -> None:
    """It is a bad answer like any other, so that the next file is asked for."""
    manifest = {"snapshot_date": "2026-11-21", "retrieved_at": "2026-11-21T01:46:00Z"}
    assert exports.read_manifest({**manifest, "files": GOOD_FILES}, "latest").bytes == 1
    with pytest.raises(BadAnswer):
        exports.read_manifest({**manifest, "files": files}, "latest")


# The slices.


def test_estimates_are_asked_for_by_whole_weeks(market: SimulatedMarket, tmp_path: Path) -> None:
    """Exact slices by day, sampled ones from a Monday to a Sunday, so that no week is counted in part."""
    settings = Settings(tmp_path / "home", market.url, "sk-or-v1-0123456789abcdef")
    with closing(SourceClient(settings, "run", FAST_RETRIES)) as client:
        exact = rankings.fetch_slice(
            client, "modality", "text", date(2026, 10, 22), date(2026, 11, 20)
        )
        weekly = rankings.fetch_slice(
            client, "category", "marketing/seo", date(2026, 10, 22), date(2026, 11, 20)
        )
    assert exact.params == {
        "start_date": "2026-10-22",
        "end_date": "2026-11-20",
        "modality": "text",
    }
    assert weekly.params == {
        "start_date": "2026-10-19",
        "end_date": "2026-11-15",
        "period": "week",
        "category": "marketing/seo",
    }
