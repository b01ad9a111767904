"""Ingestion of past prices: archives are requested; the tables then cover all of history."""

from datetime import date

import pytest
from support.simulator import FAST_RETRIES, SimulatedMarket, ingest_rankings, sql

from pipelines.ingest.prices import extract_prices, ingest_prices
from pipelines.settings import Settings

LISTS = ("prices_genai", "prices_models_dev", "prices_litellm")
DAYS = "select count(distinct day) from main.slices where relation = $${}$$ and changed > {}"
MADE = ('"intermediate"."archived_prices_daily"', '"intermediate"."archive_day_prices"')


def test_each_archive_is_loaded_or_listed(settings: Settings, simulator: SimulatedMarket) -> None:
    """One that lost half of its models is none; the other is loaded all the same."""
    simulator.set_faults({"kind": "lost_models"})
    whole = extract_prices(settings, retry_policy=FAST_RETRIES)
    assert [archive.source for archive in whole.archives] == [
        "prices_genai",
        "prices_litellm",
        "prices_models_dev",
        "prices_openrouterlist",
    ]
    assert not whole.failures
    simulator.set_faults({"kind": "server_error", "path": "openrouterlist"})
    extract = extract_prices(settings, retry_policy=FAST_RETRIES)
    assert [failure.what for failure in extract.failures] == ["prices of openrouterlist"]
    assert extract.answers == 3


@pytest.mark.slow
def test_a_history_that_was_loaded_is_not_made_again(
    settings: Settings, simulator: SimulatedMarket
) -> None:
    """A day more of an archive makes that day; figures of days before stay."""
    ingest_rankings(settings, date(2026, 6, 6), date(2026, 6, 19))
    simulator.set_faults({"kind": "older_archive"})
    ingest_prices(settings, retry_policy=FAST_RETRIES)
    [(seen,)] = sql(settings, "select max(changed) from main.slices")
    before = sql(settings, "from intermediate.archived_prices_daily order by all")
    simulator.set_faults()
    ingest_prices(settings, retry_policy=FAST_RETRIES)
    # From the last day of the older archive to that of the newer one.
    for relation in MADE:
        assert sql(settings, DAYS.format(relation, seen)) == [(7,)]
    after = sql(settings, "from intermediate.archived_prices_daily order by all")
    until = [row for row in after if row[0] <= date(2026, 6, 12) or row[1] in LISTS]
    assert [row[:8] for row in until] == [row[:8] for row in before]
    bounds = (
        "select min(date), count(*) filter (where date < '2026-01-01'), "
        "count(*) filter (where origin <> 'simulated') from marts.model_prices_daily"
    )
    [(first, past, real)] = sql(settings, bounds)
    assert first == date(2024, 9, 21)
    assert past > 10_000
    assert real == 0
