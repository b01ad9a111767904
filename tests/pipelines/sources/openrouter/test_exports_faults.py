"""Faults of export files: a bad file costs at most the days that no other file holds."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from support.simulator import SimulatedMarket, ingest_rankings, simulated_market, sql

from pipelines.archive import utc_now
from pipelines.settings import Settings

DAY = timedelta(days=1)
# The newest file is that of the real today, which is assumed if no manifest names the newest one.
TODAY = utc_now().date()
FIRST, LAST = TODAY - 60 * DAY, TODAY - DAY
NEWEST_PATH = f"rankings-daily/{TODAY}"
MANIFEST_KINDS = ["wrong_sha256", "wrong_bytes"]
RESPONSE_KINDS = [
    "not_found",
    "forbidden",
    "server_error",
    "truncated_json",
    "html",
    "dropped_connection",
]


@pytest.fixture(scope="module")
def market() -> Iterator[SimulatedMarket]:
    """Serve a market of today with files of the last 100 days."""
    with simulated_market(
        now=datetime.combine(TODAY, time(9), UTC), exports_since=TODAY - 100 * DAY
    ) as running:
        yield running


@pytest.fixture
def settings(tmp_path: Path, market: SimulatedMarket) -> Iterator[Settings]:
    """Yield settings of a fresh home without a key; switch all faults off afterwards."""
    yield Settings(home=tmp_path / "home", openrouter_url=market.url)
    market.set_faults()


def days_not_loaded(settings: Settings, first: date = FIRST, last: date = LAST) -> dict[date, str]:
    return {
        day.date: day.status
        for day in ingest_rankings(settings, first, last).days
        if day.status != "loaded"
    }


@pytest.mark.parametrize("kind", [*MANIFEST_KINDS, *RESPONSE_KINDS])
def test_a_bad_newest_file_costs_its_newest_day(
    settings: Settings, market: SimulatedMarket, kind: str
) -> None:
    """Older files hold the other days; the newest one fails and is loaded by the next run."""
    # The newest file's manifest is `latest`, so faults of manifests apply to that path as well.
    paths = ["latest.manifest", NEWEST_PATH] if kind in MANIFEST_KINDS else [NEWEST_PATH]
    market.set_faults(*({"kind": kind, "path": path} for path in paths))
    assert days_not_loaded(settings) == {LAST: "failed"}
    assert sql(
        settings, "select count(distinct date) from raw.ranking_days where slice = 'all'"
    ) > [(59,)]
    market.set_faults()
    assert days_not_loaded(settings) == {}


@pytest.mark.parametrize("kind", RESPONSE_KINDS)
def test_a_bad_latest_manifest_costs_nothing(
    settings: Settings, market: SimulatedMarket, kind: str
) -> None:
    """The dated manifest of today is the same; the bad one is reported."""
    market.set_faults({"kind": kind, "path": "latest.manifest"})
    gathered = ingest_rankings(settings, FIRST, LAST)
    assert gathered.is_complete
    assert [failure.what for failure in gathered.failures] == [
        "rankings, newest file of the keyless exports"
    ]


def test_without_a_latest_manifest_older_files_are_tried(
    settings: Settings, market: SimulatedMarket
) -> None:
    """Today's file may not be there yet, so up to three days back."""
    missing = [{"kind": "not_found", "path": f"rankings-daily/{TODAY - n * DAY}"} for n in range(3)]
    market.set_faults({"kind": "not_found", "path": "latest.manifest"}, *missing)
    assert days_not_loaded(settings) == {LAST - n * DAY: "failed" for n in range(3)}


def test_a_latest_manifest_of_the_day_before_is_accepted(
    settings: Settings, market: SimulatedMarket
) -> None:
    """As before today's publication: the newest day is not offered yet, which is no fault."""
    market.set_faults({"kind": "other_day_manifest", "path": "latest.manifest"})
    assert days_not_loaded(settings) == {LAST: "not offered"}


@pytest.mark.parametrize("kind", [*MANIFEST_KINDS, "other_day_manifest", *RESPONSE_KINDS])
def test_a_bad_older_file_costs_nothing(
    settings: Settings, market: SimulatedMarket, kind: str
) -> None:
    """Its neighbours hold all of its days."""
    market.set_faults({"kind": kind, "path": f"rankings-daily/{TODAY - 27 * DAY}"})
    gathered = ingest_rankings(settings, FIRST, LAST)
    assert gathered.is_complete
    assert [(failure.start, failure.end) for failure in gathered.failures] == [
        (TODAY - 57 * DAY, TODAY - 28 * DAY)
    ]


def test_a_bad_newest_file_of_a_short_window_is_replaced(
    settings: Settings, market: SimulatedMarket
) -> None:
    """Also if one file would have been enough."""
    market.set_faults({"kind": "wrong_sha256", "path": "latest.manifest"})
    assert days_not_loaded(settings, LAST - 6 * DAY) == {LAST: "failed"}


def test_if_every_file_is_bad_every_day_fails(settings: Settings, market: SimulatedMarket) -> None:
    """Each day has its reason; after the newest manifest four dated ones are tried."""
    market.set_faults({"kind": "not_found", "path": "exports/rankings-daily/"})
    before = len(market.requests())
    gathered = ingest_rankings(settings, LAST - 6 * DAY, LAST)
    assert {day.status for day in gathered.days} == {"failed"}
    assert all("404" in str(day.reason) for day in gathered.days)
    assert len(market.requests()) - before == 5
