"""The keyless index of exports, and the leaderboard of OpenRouter's own runs."""

import json
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support.simulator import FAST_RETRIES, SimulatedMarket, sql
from support.source_payloads import archived_answer

from pipelines.errors import BadAnswer
from pipelines.ingest.market import RequestResults, load_session, make_requests
from pipelines.settings import Settings
from pipelines.sources.client.http import SourceClient
from pipelines.sources.openrouter import exports_index
from pipelines.sources.openrouter.requests import SourceRequest

AT = "2026-06-20T01:46:00+00:00"


@pytest.fixture
def autumn(simulator: SimulatedMarket) -> SimulatedMarket:
    """Return the market in October 2026, when there are exports."""
    simulator.set_now(datetime(2026, 10, 8, 8, tzinfo=UTC))
    return simulator


def extract(settings: Settings) -> RequestResults:
    """Request the index and load what came."""
    with closing(SourceClient(settings, "run", FAST_RETRIES)) as client:
        request = SourceRequest("index", lambda: exports_index.fetch(client))
        results = make_requests([request], lambda what: None)
        with load_session(client, settings):
            pass
    return results


def test_benchmarks_come_without_a_key(autumn: SimulatedMarket, tmp_path: Path) -> None:
    """They are of OpenRouter's own runs; no other leaderboard is among the exports."""
    settings = Settings(home=tmp_path / "home", openrouter_url=autumn.url)
    assert not extract(settings).failures
    found = sql(settings, "select distinct metric from raw.benchmarks where score > 0 order by 1")
    assert found == [("accuracy",), ("primary_score",)]


def test_a_file_that_its_manifest_does_not_promise_is_not_used(
    autumn: SimulatedMarket, tmp_path: Path
) -> None:
    autumn.set_faults({"kind": "wrong_sha256", "path": "benchmark-leaderboard"})
    settings = Settings(home=tmp_path / "home", openrouter_url=autumn.url)
    [failure] = extract(settings).failures
    assert "not what its manifest promises" in failure.reason
    assert sql(settings, "select count(*) from raw.benchmarks") == [(0,)]


def test_a_new_data_set_is_named() -> None:
    """A known one gives no note."""
    datasets = [{"id": "rankings-daily", "title": "R"}, {"id": "provider-shares", "title": "P"}]
    parsed = exports_index.INDEX.parse(archived_answer(), {"datasets": datasets})
    assert parsed.notes == ["new data set 'provider-shares' (P) among the exports"]


def parse(*rows: dict[str, Any]) -> list[tuple[object, ...]]:
    """Parse a leaderboard of these rows."""
    answer = archived_answer(context={"as_of": AT})
    parsed = exports_index.SOURCE.parse(answer, {"data": list(rows)})
    found: list[tuple[object, ...]] = (
        parsed.frames["raw.benchmarks"].select("model_permaslug", "metric", "score").rows()
    )
    return found


def test_results_that_may_not_be_shown_are_left_out() -> None:
    own = {"model_permaslug": "l/x", "benchmark_type": "gpqa", "accuracy": "0.5"}
    other = {"source": "artificial-analysis", "model_permaslug": "l/x", "intelligence_index": "9"}
    assert parse(own, other) == [("l/x", "accuracy", 0.5)]


def test_a_file_without_an_instant_is_a_bad_answer() -> None:
    with pytest.raises(BadAnswer):
        exports_index.SOURCE.parse(archived_answer(), json.loads('{"data": []}'))
