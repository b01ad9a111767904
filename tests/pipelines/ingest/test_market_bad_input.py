"""Bad input from the source: its day is quarantined with a reason, other days are loaded.

The bytes are kept in any case, and the next run recovers.
"""

from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from support.simulator import (
    FAST_RETRIES,
    KEY,
    MakeSimulator,
    SimulatedMarket,
    ingest_rankings,
    sql,
)

from pipelines.archive import Archive
from pipelines.ingest.days import DayStatus
from pipelines.ingest.market import MarketExtract, make_requests, new_run_id
from pipelines.settings import Settings
from pipelines.sources.client.http import SourceClient
from pipelines.sources.openrouter.requests import catalogue_requests, usage_requests

FIRST, LAST, DAY = date(2026, 6, 1), date(2026, 6, 14), date(2026, 6, 10)
# Part of the path of the Data API's rankings and of the exports.
RANKINGS = "rankings"

# Each fault of a day with the reason that is recorded.
ROW_FAULTS = {
    "negative_count": "negative count",
    "fractional_count": "fractional count",
    "unreadable_count": "unreadable count",
    "duplicated_row": "duplicated model",
    "zero_day": "every count is zero",
    "short_day": "short day",
    "repeated_day": "same board as the day before",
}
# Each fault of a whole answer with a part of the reason.
ANSWER_FAULTS = {
    "truncated_json": "not JSON",
    "html": "not JSON",
    "forbidden_html": "403",
    "unauthorized": "OPENROUTER_API_KEY",
    "forbidden": "403",
    "not_found": "404",
    "server_error": "500",
    "zod_error": "400",
    "slow_body": "was not complete",
    "dropped_connection": "broke off",
    "echo_key": "401",
}


def failed(extract: MarketExtract) -> list[DayStatus]:
    """Return the days that were not loaded for a fault."""
    return [day for day in extract.days if day.status == "failed"]


@pytest.mark.parametrize(("kind", "reason"), ROW_FAULTS.items())
def test_a_faulty_day_is_quarantined_and_no_other(
    settings: Settings, simulator: SimulatedMarket, kind: str, reason: str
) -> None:
    """The fault is named, costs that day alone, and is gone once the source recovers."""
    simulator.set_faults({"kind": kind, "path": RANKINGS, "date": DAY.isoformat()})
    extract = ingest_rankings(settings, FIRST, LAST)
    assert [(day.date, day.reason) for day in failed(extract)] == [(DAY, reason)]
    assert sum(day.status == "loaded" for day in extract.days) == 13
    assert not extract.is_complete
    assert sql(
        settings,
        "select count(*) from raw.ranking_days where slice = 'all' and date = '2026-06-10'",
    ) == [(0,)]
    assert sql(
        settings, "select distinct reason from raw.quarantine where date = '2026-06-10'"
    ) == [(reason,)]
    simulator.set_faults()
    assert ingest_rankings(settings, FIRST, LAST).is_complete


@pytest.mark.parametrize(("kind", "word"), ANSWER_FAULTS.items())
def test_a_useless_answer_costs_its_days_and_is_kept(
    settings: Settings, simulator: SimulatedMarket, kind: str, word: str
) -> None:
    """An invalid answer fails its days. Its bytes are in the archive; the next run recovers."""
    simulator.set_faults({"kind": kind, "path": "rankings-daily", "seconds": 10})
    extract = ingest_rankings(settings, FIRST, LAST)
    assert {day.date for day in failed(extract)} == {day.date for day in extract.days}
    assert word in str(failed(extract)[0].reason)
    kept = [
        answer
        for answer in Archive(settings.archive).answers()
        if answer.source == "rankings_daily"
    ]
    assert kept
    assert all(Archive(settings.archive).has(answer.sha256) for answer in kept)
    assert sql(settings, "select count(*) from raw.ranking_days") == [(0,)]
    simulator.set_faults()
    assert ingest_rankings(settings, FIRST, LAST).is_complete


def test_a_passing_fault_costs_nothing(settings: Settings, simulator: SimulatedMarket) -> None:
    """A request that fails once is repeated at once."""
    simulator.set_faults({"kind": "server_error", "path": "rankings-daily", "times": 1})
    assert ingest_rankings(settings, FIRST, LAST).is_complete


def test_a_day_that_vanished_is_reported_and_its_figures_stay(
    settings: Settings, simulator: SimulatedMarket
) -> None:
    """Nothing is unlearned: the withdrawal is one more version, and the run reports it."""
    assert ingest_rankings(settings, FIRST, LAST).is_complete
    simulator.set_faults({"kind": "empty_day", "path": "rankings-daily", "date": DAY.isoformat()})
    simulator.set_now(datetime(2026, 6, 21, 8, tzinfo=UTC))
    assert [(day.date, day.reason) for day in failed(ingest_rankings(settings, FIRST, LAST))] == [
        (DAY, "a known day vanished")
    ]
    versions = sql(
        settings,
        "select content_hash is null from raw.ranking_days "
        "where slice = 'all' and date = '2026-06-10' order by as_of",
    )
    assert versions == [(False,), (True,)]


def test_a_day_that_never_existed_is_missing_not_failed(settings: Settings) -> None:
    """2025-06-15 has no rows at the source. Its neighbours show that this is no fault."""
    extract = ingest_rankings(settings, date(2025, 6, 14), date(2025, 6, 16))
    assert [(day.date.day, day.status) for day in extract.days] == [
        (14, "loaded"),
        (15, "missing"),
        (16, "loaded"),
    ]
    assert extract.is_complete


def test_the_newest_day_without_rows_is_a_failure(
    settings: Settings, simulator: SimulatedMarket
) -> None:
    """A day that is just over may still get its rows, so it is not missing yet."""
    simulator.set_faults({"kind": "empty_day", "path": "rankings-daily", "date": "2026-06-19"})
    days = ingest_rankings(settings, date(2026, 6, 15), date(2026, 6, 19)).days
    assert (days[-1].status, days[-1].reason) == ("failed", "no rows yet for a day that is over")


def test_a_day_that_is_not_over_is_quarantined(
    settings: Settings, simulator: SimulatedMarket
) -> None:
    """Rows of the running day are partial, whatever the source says. Other days are loaded."""
    simulator.set_faults({"kind": "future_day", "path": "rankings-daily"})
    extract = ingest_rankings(settings, FIRST, date(2026, 6, 20))
    assert sum(day.status == "loaded" for day in extract.days) == 19
    assert (date(2026, 6, 20), "day was not over when the answer was given") in sql(
        settings, "select date, reason from raw.quarantine"
    )


@pytest.mark.parametrize("kind", ["extra_key", "numeric_tokens"])
def test_an_oddity_is_loaded_and_noted_once(
    settings: Settings, simulator: SimulatedMarket, kind: str
) -> None:
    """Unknown keys and counts sent as JSON numbers are accepted; each is noted when first seen."""
    simulator.set_faults({"kind": kind, "path": "rankings-daily"})
    assert ingest_rankings(settings, FIRST, LAST).is_complete
    noted = sql(settings, "select count(*) from raw.notes where source = 'rankings_daily'")
    assert noted > [(0,)]
    simulator.set_now(datetime(2026, 6, 21, 8, tzinfo=UTC))
    assert ingest_rankings(settings, FIRST, LAST).is_complete
    assert sql(settings, "select count(*) from raw.notes where source = 'rankings_daily'") == noted


def test_a_day_without_other_is_loaded(settings: Settings, simulator: SimulatedMarket) -> None:
    """`other` may be absent where nothing is left to sum up; the day records it."""
    simulator.set_faults({"kind": "no_other", "path": "rankings-daily", "date": DAY.isoformat()})
    assert ingest_rankings(settings, FIRST, LAST).is_complete
    assert sql(
        settings, "select date from raw.ranking_days where slice = 'all' and not has_other"
    ) == [(DAY,)]


def test_a_restated_day_is_a_new_version(settings: Settings, simulator: SimulatedMarket) -> None:
    """The earlier figures stay beside the restated ones."""
    assert ingest_rankings(settings, FIRST, LAST).is_complete
    simulator.set_faults(
        {"kind": "restated_day", "path": "rankings-daily", "date": DAY.isoformat()}
    )
    simulator.set_now(datetime(2026, 6, 21, 8, tzinfo=UTC))
    assert ingest_rankings(settings, FIRST, LAST).is_complete
    versions = sql(
        settings,
        "select count(distinct content_hash) from raw.ranking_days "
        "where slice = 'all' and date = '2026-06-10'",
    )
    assert versions == [(2,)]


def test_a_copy_of_the_day_before_is_found_across_answers(
    settings: Settings, simulator: SimulatedMarket
) -> None:
    """The two days may come in answers of different runs."""
    simulator.set_faults({"kind": "repeated_day", "path": "rankings-daily", "date": "2026-06-19"})
    extract = ingest_rankings(settings, date(2026, 6, 19), date(2026, 6, 19))
    assert failed(extract)[0].reason == "same board as the day before"


def test_a_short_limit_is_waited_for(settings: Settings, simulator: SimulatedMarket) -> None:
    """The request is repeated once the limit has ended."""
    simulator.set_faults(
        {"kind": "retry_after_only", "path": "rankings-daily", "times": 1, "seconds": 1}
    )
    assert ingest_rankings(settings, FIRST, LAST).is_complete


def test_a_spent_daily_limit_stops_the_data_api_alone(
    settings: Settings, simulator: SimulatedMarket
) -> None:
    """A 429 of the day does not pass soon: the Data API gets no more requests, other routes do."""
    simulator.set_faults({"kind": "too_many_day", "path": "rankings-daily", "times": 1})
    extract = ingest_rankings(settings, FIRST, LAST)
    with closing(SourceClient(settings, new_run_id(), FAST_RETRIES)) as client:
        make_requests(
            [*catalogue_requests(client), *usage_requests(client, DAY)], lambda what: None
        )
    assert {day.status for day in extract.days} == {"failed"}
    paths = [request["path"] for request in simulator.requests()]
    assert (
        sum(
            "datasets" in path or "classifications" in path or path.endswith("benchmarks")
            for path in paths
        )
        == 1
    )
    assert any(path.endswith("/models") for path in paths)


def test_the_key_is_nowhere_on_disk(
    settings: Settings, simulator: SimulatedMarket, caplog: pytest.LogCaptureFixture
) -> None:
    """Not in the archive, where a source echoed it, the warehouse, the quota or messages."""
    simulator.set_faults({"kind": "echo_key", "path": "rankings-daily"})
    extract = ingest_rankings(settings, FIRST, LAST)
    assert KEY not in repr(settings) + repr(extract) + caplog.text
    bodies = [
        Archive(settings.archive).read(answer.sha256)
        for answer in Archive(settings.archive).answers()
    ]
    assert any(b"[key]" in body for body in bodies)
    files = [path.read_bytes() for path in settings.home.rglob("*") if path.is_file()]
    assert all(KEY.encode() not in content for content in [*bodies, *files])


# Keyless exports: the manifest comes first, and the file is used only if it matches.

EXPORT_FAULTS = {
    "wrong_sha256": "not what its manifest promises",
    "wrong_bytes": "not what its manifest promises",
    "other_day_manifest": "another day",
    "truncated_json": "not JSON",
    "html": "",
    "dropped_connection": "broke off",
}


@pytest.mark.parametrize(("kind", "word"), EXPORT_FAULTS.items())
def test_an_export_that_does_not_match_its_manifest_is_not_used(
    tmp_path: Path, make_simulator: MakeSimulator, kind: str, word: str
) -> None:
    """Wrong hash or size, another day, cut or replaced: none of it is loaded."""
    with make_simulator(exports_since=date(2026, 4, 1)) as simulator:
        settings = Settings(home=tmp_path / "home", openrouter_url=simulator.url)
        simulator.set_faults({"kind": kind, "path": "exports/rankings-daily/"})
        # Long enough ago that the manifest of a day is fetched, and not the latest.
        extract = ingest_rankings(settings, date(2026, 5, 1), date(2026, 5, 14))
        assert {day.status for day in extract.days} == {"failed"}
        assert word in str(extract.days[0].reason)
        assert sql(settings, "select count(*) from raw.ranking_days") == [(0,)]
        simulator.set_faults()
        assert ingest_rankings(settings, date(2026, 5, 1), date(2026, 5, 14)).is_complete


@pytest.mark.parametrize(("kind", "reason"), ROW_FAULTS.items())
def test_a_faulty_day_of_an_export_is_quarantined(
    tmp_path: Path, make_simulator: MakeSimulator, kind: str, reason: str
) -> None:
    """Exports are checked day by day too."""
    with make_simulator(exports_since=date(2026, 4, 1)) as simulator:
        settings = Settings(home=tmp_path / "home", openrouter_url=simulator.url)
        simulator.set_faults(
            {"kind": kind, "path": "exports/rankings-daily/", "date": DAY.isoformat()}
        )
        assert [
            (day.date, day.reason) for day in failed(ingest_rankings(settings, FIRST, LAST))
        ] == [(DAY, reason)]
