"""Ingestion of the market: requests, loads and the order of both."""

import logging
from contextlib import closing
from datetime import date

import pytest
from support.simulator import FAST_RETRIES, SimulatedMarket

from pipelines.archive import utc_now
from pipelines.ingest.market import (
    RequestResults,
    ingest_market,
    leading_models,
    load_archive,
    load_session,
    make_requests,
    window_to_request,
)
from pipelines.settings import Settings
from pipelines.sources.client.http import RetryPolicy, SourceClient
from pipelines.sources.openrouter.requests import catalogue_requests, rankings_requests
from warehouse.connection import session

FIRST, LAST = date(2026, 6, 6), date(2026, 6, 19)


def silent(what: str) -> None:
    """Show nothing."""


@pytest.mark.slow
def test_the_warehouse_is_opened_five_times(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """To plan, to load days and then the endpoints of the leaders, to build, and to publish."""
    with caplog.at_level(logging.DEBUG, logger="warehouse"):
        ingested = ingest_market(settings, FIRST, LAST, slices=True, retry_policy=FAST_RETRIES)
    messages = [record.getMessage() for record in caplog.records]
    opened = [message for message in messages if message.startswith("Opened ")]
    assert opened.count(f"Opened {settings.warehouse}.") == 5
    assert ingested.extract.is_complete
    with session(settings.warehouse) as con:
        sources = con.sql("select distinct source from raw.answers order by all").fetchall()
    assert [name for (name,) in sources] == [
        "app_rankings",
        "benchmarks",
        "endpoints",
        "models",
        "providers",
        "rankings_daily",
        "session_costs",
        "task_classifications",
    ]


def test_decoded_answers_are_not_read_from_the_archive(settings: Settings) -> None:
    """Loading takes what the client decoded; an archive without bodies is enough for it."""
    with closing(SourceClient(settings, "run", FAST_RETRIES)) as client:
        results = make_requests(rankings_requests(client, FIRST, LAST), silent)
        make_requests(catalogue_requests(client), silent, results)
        assert len(client.payloads) == results.answers == 3
        for body in (settings.archive / "bodies").glob("*/*"):
            body.unlink()
        with load_session(client, settings) as con:
            outcomes = con.sql("select distinct outcome from raw.answers").fetchall()
        assert outcomes == [("loaded",)]
        assert client.payloads == {}


def test_leaders_are_named_by_the_catalogue(settings: Settings) -> None:
    """Endpoints are requested by the ids of the catalogue; an empty warehouse has no leaders."""
    with session(settings.warehouse) as con:
        assert leading_models(con) == []
    with closing(SourceClient(settings, "run", FAST_RETRIES)) as client:
        make_requests(rankings_requests(client, FIRST, LAST), silent)
        make_requests(catalogue_requests(client), silent)
    load_archive(settings)
    with session(settings.warehouse) as con:
        leaders = leading_models(con, 5)
    assert len(leaders) == 5
    assert all("/" in permaslug and "/" in model_id for permaslug, model_id in leaders)


@pytest.mark.slow
def test_the_default_window_begins_at_the_first_unknown_day(settings: Settings) -> None:
    """Everything at first; then the days that no answer covered, and at least a trailing week."""
    with session(settings.warehouse) as con:
        assert window_to_request(con, True, date(2026, 6, 20)) == (date(2025, 1, 1), LAST)
        assert window_to_request(con, False, date(2026, 10, 1))[0] == date(2026, 8, 20)
    # A year of rankings takes the simulator more than the second that FAST_RETRIES allows.
    with closing(SourceClient(settings, "run", RetryPolicy(attempts=1))) as client:
        assert not make_requests(rankings_requests(client, date(2025, 1, 1), LAST), silent).failures
    load_archive(settings)
    with session(settings.warehouse) as con:
        assert window_to_request(con, True, date(2026, 6, 20)) == (date(2026, 6, 13), LAST)
        assert window_to_request(con, True, date(2026, 7, 20))[0] == date(2026, 6, 20)


def test_a_host_that_is_away_is_asked_once(simulator: SimulatedMarket, settings: Settings) -> None:
    """The other requests are listed as failed for the same reason, without being made."""
    away = Settings(settings.home, "http://127.0.0.1:1/api/v1", settings.openrouter_key)
    results = RequestResults()
    with closing(SourceClient(away, "run", FAST_RETRIES)) as client:
        make_requests(catalogue_requests(client), silent, results)
        begin = utc_now()
        make_requests(rankings_requests(client, FIRST, LAST), silent, results)
    assert (utc_now() - begin).total_seconds() < 1
    assert results.answers == 0
    assert [failure.is_shared for failure in results.failures] == [True] * 3
    assert simulator.requests() == []
