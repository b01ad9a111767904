"""A planted change of a price, read from an archive alone, is found with its elasticity."""

from datetime import date

import pytest
from support.simulator import FAST_RETRIES, ingest_rankings, sql

from pipelines.ingest.prices import extract_prices
from pipelines.settings import Settings
from pipelines.transform.build import build

EVENT = """
    select date, old_prompt_usd_per_mtok, new_prompt_usd_per_mtok, source, confidence,
        elasticity_low, elasticity_high
    from marts.price_events
    where model_id = 'openai/gpt-5' and kind = 'list' and date between '2025-09-10' and '2025-10-01'
"""
# simulator/synthetic/tables/price_changes.csv: half the price, and the share to that power.
ELASTICITY = -1.2


@pytest.mark.slow
def test_a_planted_price_is_found_before_we_ever_asked(settings: Settings) -> None:
    """The catalogue was never fetched: all that is known comes from the archives."""
    assert ingest_rankings(settings, date(2025, 8, 10), date(2025, 10, 25)).is_complete
    extract_prices(settings, retry_policy=FAST_RETRIES)
    build(settings)
    [(day, old, new, source, confidence, low, high)] = sql(settings, EVENT)
    assert (day, source) == (date(2025, 9, 20), "prices_openrouterlist")
    assert (old, new, confidence) == (2 * new, new, "archive")
    assert low <= ELASTICITY <= high
    classes = (
        "select price_class, count(*) > 100 from marts.market_tokens_daily "
        "where price_class is not null group by all"
    )
    assert set(sql(settings, classes)) >= {("free", True), ("paid", True)}
