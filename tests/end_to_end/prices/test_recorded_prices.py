"""Recorded prices and rankings through the pipeline: history to the last digit, ids, spend."""

import gzip
import json
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from support.simulator import FAST_RETRIES, KEY, ingest_rankings, simulated_market, sql

from pipelines.ingest.market import load_session, make_requests, new_run_id
from pipelines.ingest.prices import extract_prices
from pipelines.settings import Settings
from pipelines.sources.client.http import SourceClient
from pipelines.sources.openrouter.requests import catalogue_requests
from pipelines.transform.build import build

pytestmark = [pytest.mark.slow, pytest.mark.long]

ARCHIVE = "prices/openrouterlist_prices_2026-04-30.json.gz"
HISTORY = (
    "select model_id, date::varchar, prompt_usd_per_mtok, completion_usd_per_mtok "
    "from intermediate.archived_prices_daily where source = 'prices_openrouterlist'"
)
RESOLVED = """
    select
        date_trunc('month', daily.date)::varchar,
        sum(daily.total_tokens) filter (where models.model_id is not null) / sum(daily.total_tokens)
    from marts.market_tokens_daily as daily
    left join marts.models using (model_permaslug)
    where not daily.is_other
    group by all
"""
PRICED = """
    select week_start::varchar, sum(priced_share * tokens) / sum(tokens)
    from marts.market_spend_weekly
    where dimension = 'country' and attribution = 'releasing_lab'
    group by all
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, recordings: Path) -> Settings:
    """Build a home of the recorded rankings, catalogue and archives, once for all tests here."""
    now = datetime(2026, 8, 22, 8, tzinfo=UTC)
    with simulated_market(mode="replay", recordings=recordings, now=now) as simulator:
        settings = Settings(
            home=tmp_path_factory.mktemp("recorded") / "home",
            openrouter_url=simulator.url,
            openrouter_key=KEY,
            price_archive_url=simulator.archive_url,
            models_dev_url=simulator.archive_url,
        )
        assert ingest_rankings(settings, date(2025, 1, 1), date(2026, 2, 28)).is_complete
        assert not extract_prices(settings, retry_policy=FAST_RETRIES).failures
        with closing(SourceClient(settings, new_run_id(), FAST_RETRIES)) as client:
            make_requests(catalogue_requests(client), lambda what: None)
            with load_session(client, settings):
                pass
        build(settings)
    return settings


def test_prices_are_the_change_points_of_the_archive(home: Settings, recordings: Path) -> None:
    """To the last digit: each price begins on its day, the last of a day counts."""
    text = gzip.decompress((recordings / ARCHIVE).read_bytes())
    models: dict[str, Any] = json.loads(text, parse_float=Decimal)["models"]
    found = {(name, day): tuple(prices) for name, day, *prices in sql(home, HISTORY)}
    expected = {
        (name, day): (prompt, completion)
        for name, entry in models.items()
        if not name.startswith("~")
        for day, prompt, completion in entry["points"]
        if prompt is not None
    }
    assert len(expected) > 1_900
    assert {key: found.get(key) for key in expected} == expected


def test_ids_of_every_month_are_resolved(home: Settings) -> None:
    """By tokens; what is left are embeddings, and a model that the archive has by another date."""
    months = dict(sql(home, RESOLVED))
    assert len(months) == 14
    assert min(months.values()) >= 0.99


def test_the_spend_of_every_week_is_priced(home: Settings) -> None:
    weeks = dict(sql(home, PRICED))
    assert len(weeks) == 61
    assert min(weeks.values()) >= 0.97
