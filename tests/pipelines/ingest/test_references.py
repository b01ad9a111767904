"""Lists about labs, end to end on the simulated market: evidence, and no attribution by it."""

from datetime import date

import pytest
from support.simulator import FAST_RETRIES, SimulatedMarket, ingest_rankings, sql

from pipelines.ingest.references import extract_references, ingest_references
from pipelines.settings import Settings

COUNTRIES = """
    select distinct author_slug, releasing_country
    from marts.market_tokens_daily
    where not is_other
    order by all
"""
SAID = """
    select source, count(*)
    from marts.attribution_statements
    where origin = 'simulated' and source in ('atom_regions', 'epoch_models')
    group by source
    order by source
"""


def test_a_list_that_fails_holds_back_no_other(
    settings: Settings, simulator: SimulatedMarket
) -> None:
    simulator.set_faults({"kind": "server_error", "path": "organization_regions"})
    extract = extract_references(settings, retry_policy=FAST_RETRIES)
    assert extract.answers == 2
    assert [failure.what for failure in extract.failures] == ["regions of labs by ATOM"]
    assert sql(settings, "select count(*) > 5 from raw.model_parameters") == [(True,)]
    assert sql(settings, "select count(*) > 20 from raw.notable_models") == [(True,)]


@pytest.mark.slow
def test_statements_are_evidence_and_attribute_nothing(
    settings: Settings, simulator: SimulatedMarket
) -> None:
    """The lists say where labs are; the tables have the curated seats as before."""
    ingest_rankings(settings, date(2026, 6, 15), date(2026, 6, 19))
    ingest_references(settings, retry_policy=FAST_RETRIES)
    found = dict(sql(settings, SAID))
    assert found["atom_regions"] >= 5
    assert found["epoch_models"] >= 10
    # The lists of the simulated market call this collective American; we know no seat.
    countries = dict(sql(settings, COUNTRIES))
    assert countries.get("gryphe", "unknown") == "unknown"
    [(kinds,)] = sql(settings, "select count(distinct kind) from marts.attribution_proposals")
    assert kinds >= 1
