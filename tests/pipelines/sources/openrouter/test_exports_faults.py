"""Without a key: one bad file costs at most the days that no other file holds, whichever file it is and whatever is wrong with it."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from support.simulator import SimulatedMarket, ingest_rankings, simulated_market, sql

from pipelines.archive import utc_now
from pipelines.settings import Settings

DAY = timedelta(days=1)
# The newest file is that of the clock's own day, since that is the one meant where nobody says which is the newest.
TODAY = utc_now().date()
FIRST, LAST = TODAY - 60 * DAY, TODAY - DAY
OF_THE_NEWEST = f"rankings-daily/{TODAY}"
OF_A_MANIFEST = ["wrong_sha256", "wrong_bytes"]
OF_ANY_ANSWER = [
    "not_found",
    "forbidden",
    "server_error",
    "truncated_json",
    "html",
    "dropped_connection",
]


@pytest.fixture(scope="module")
def market() -> Iterator[SimulatedMarket]:
    """A market of today with files of the last 100 days."""
    with simulated_market(
        now=datetime.combine(TODAY, time(9), UTC), exports_since=TODAY - 100 * DAY
    ) as running:
        yield running


@pytest.fixture
def settings(tmp_path: Path, market: SimulatedMarket) -> Iterator[Settings]:
    """A fresh home without a key; the market is well again afterwards."""
    yield Settings(home=tmp_path / "home", openrouter_url=market.url)
    market.set_faults()


def not_loaded(settings: Settings, first: date = FIRST, last: date = LAST) -> dict[date, str]:
    return {
        day.date: day.status
        for day in ingest_rankings(settings, first, last).days
        if day.status != "loaded"
    }


@pytest.mark.parametrize("kind", [*OF_A_MANIFEST, *OF_ANY_ANSWER])
def test_a_bad_newest_file_costs_its_newest_day(
    settings: Settings, market: SimulatedMarket, kind: str
) -> None:
    """All that the files before it hold is loaded; the one day that they cannot hold is failed, and comes with the next run."""
    # Of the newest file `latest` is the manifest, so what is wrong with a manifest is wrong with that one.
    paths = ["latest.manifest", OF_THE_NEWEST] if kind in OF_A_MANIFEST else [OF_THE_NEWEST]
    market.set_faults(*({"kind": kind, "path": path} for path in paths))
    assert not_loaded(settings) == {LAST: "failed"}
    assert sql(
        settings, "select count(distinct date) from raw.ranking_days where slice = 'all'"
    ) > [(59,)]
    market.set_faults()
    assert not_loaded(settings) == {}


@pytest.mark.parametrize("kind", OF_ANY_ANSWER)
def test_a_bad_latest_manifest_costs_nothing(
    settings: Settings, market: SimulatedMarket, kind: str
) -> None:
    """The dated manifest of today says the same; that the other was bad is reported."""
    market.set_faults({"kind": kind, "path": "latest.manifest"})
    gathered = ingest_rankings(settings, FIRST, LAST)
    assert gathered.is_complete
    assert [failure.what for failure in gathered.failures] == [
        "rankings, newest file of the keyless exports"
    ]


def test_without_a_latest_manifest_the_newest_file_is_looked_for(
    settings: Settings, market: SimulatedMarket
) -> None:
    """Today's file may not be there yet, so up to three days are gone back."""
    missing = [{"kind": "not_found", "path": f"rankings-daily/{TODAY - n * DAY}"} for n in range(3)]
    market.set_faults({"kind": "not_found", "path": "latest.manifest"}, *missing)
    assert not_loaded(settings) == {LAST - n * DAY: "failed" for n in range(3)}


def test_a_latest_manifest_of_the_day_before_is_believed(
    settings: Settings, market: SimulatedMarket
) -> None:
    """It says what it would say before today's file is there: the newest day is not offered yet, and that is no fault."""
    market.set_faults({"kind": "other_day_manifest", "path": "latest.manifest"})
    assert not_loaded(settings) == {LAST: "not offered"}


@pytest.mark.parametrize("kind", [*OF_A_MANIFEST, "other_day_manifest", *OF_ANY_ANSWER])
def test_a_bad_older_file_costs_nothing(
    settings: Settings, market: SimulatedMarket, kind: str
) -> None:
    """The file of the day before holds all its days but the newest, which the file after it holds."""
    market.set_faults({"kind": kind, "path": f"rankings-daily/{TODAY - 27 * DAY}"})
    gathered = ingest_rankings(settings, FIRST, LAST)
    assert gathered.is_complete
    assert [(failure.start, failure.end) for failure in gathered.failures] == [
        (TODAY - 57 * DAY, TODAY - 28 * DAY)
    ]


def test_a_bad_newest_file_of_a_short_window_is_replaced(
    settings: Settings, market: SimulatedMarket
) -> None:
    """Also where one file would have been enough."""
    market.set_faults({"kind": "wrong_sha256", "path": "latest.manifest"})
    assert not_loaded(settings, LAST - 6 * DAY) == {LAST: "failed"}


def test_where_every_file_is_bad_every_day_is_failed(
    settings: Settings, market: SimulatedMarket
) -> None:
    """Nothing is loaded, each day has its reason, and after the newest manifest four dated ones were tried."""
    market.set_faults({"kind": "not_found", "path": "exports/rankings-daily/"})
    before = len(market.requests())
    gathered = ingest_rankings(settings, LAST - 6 * DAY, LAST)
    assert {day.status for day in gathered.days} == {"failed"}
    assert all("404" in str(day.reason) for day in gathered.days)
    assert len(market.requests()) - before == 5
