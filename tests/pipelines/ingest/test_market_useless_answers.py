"""Answers with status 200 that are none: said like a 404, and nothing that was known is wiped."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
import support.payloads as examples
from starlette.requests import Request
from starlette.responses import Response
from support.loading import FIRST, rankings_body
from support.scripted_server import ScriptedServer, scripted_server
from support.simulator import KEY, sql

from pipelines.assets.snapshots import raw_catalogue
from pipelines.ingest.market import (
    MarketExtract,
    RequestResults,
    extract_market,
    load_session,
    make_requests,
)
from pipelines.settings import Settings
from pipelines.sources.client.http import RetryPolicy, SourceClient
from pipelines.sources.failure import Failure
from pipelines.sources.openrouter.requests import catalogue_requests, usage_requests

PATIENT = RetryPolicy(attempts=2, first_pause=0.01)
ERROR = b'{"error": {"code": 502, "message": "Provider returned error"}}'
USELESS = {
    ERROR: "502: Provider returned error",
    b'{"error": {"message": "quota"}}': "gave an error instead of data",
    b'{"data": []}': "the list has no entry",
    b"<html><body>Just a moment</body></html>": "not JSON",
    b'{"success": true}': "has no data",
    b'{"data": {"models": []}}': "is not a list",
    b"": "not JSON",
}
GOOD = {
    "/models": examples.MODELS,
    "/providers": examples.PROVIDERS,
    "/datasets/app-rankings": examples.APPS,
    "/classifications/task": examples.TASKS,
    "/benchmarks": examples.BENCHMARKS,
    "/datasets/session-cost": examples.SESSION_COSTS,
}
LAST = FIRST + timedelta(days=2)


class ScriptedMarket:
    """A market whose paths answer well, but for those in `bodies`."""

    def __init__(self) -> None:
        self.bodies: dict[str, bytes] = {}
        self.statuses: dict[str, int] = {}

    def respond(self, request: Request) -> Response:
        path = request.url.path.removeprefix("/api/v1")
        good = rankings_body() if "rankings-daily" in path else None
        if path.endswith("/endpoints"):
            good = json.dumps(examples.ENDPOINTS).encode()
        body = self.bodies.get(path, good or json.dumps(GOOD.get(path)).encode())
        return Response(body, self.statuses.get(path, 200), media_type="application/json")


@pytest.fixture
def market() -> ScriptedMarket:
    return ScriptedMarket()


@pytest.fixture
def settings(market: ScriptedMarket, tmp_path: Path) -> Iterator[Settings]:
    with scripted_server(market.respond) as server:
        yield settings_of(server, tmp_path)


def settings_of(server: ScriptedServer, folder: Path) -> Settings:
    return Settings(folder / "home", f"{server.url}", KEY)


def extract(settings: Settings, run: str) -> MarketExtract:
    with closing(SourceClient(settings, run, PATIENT)) as client:
        return extract_market(client, settings, FIRST, LAST)


def request_lists(settings: Settings, run: str) -> list[Failure]:
    """Request catalogue and usage, load them, and return what was not got."""
    results = RequestResults()
    with closing(SourceClient(settings, run, PATIENT)) as client:
        requests = [*catalogue_requests(client), *usage_requests(client, LAST)]
        make_requests(requests, lambda what: None, results)
        with load_session(client, settings, results.judge):
            return results.failures


@pytest.mark.parametrize(("body", "reason"), USELESS.items())
def test_a_useless_answer_is_not_got(
    settings: Settings, market: ScriptedMarket, body: bytes, reason: str
) -> None:
    """It is listed with its reason, and the catalogue before stays the newest."""
    assert request_lists(settings, "run-1") == []
    before = sql(settings, "from raw.models order by all")
    market.bodies["/models"] = body
    [failure] = request_lists(settings, "run-2")
    assert failure.what == "models"
    assert reason in failure.reason
    assert sql(settings, "from raw.models order by all") == before
    assert sql(
        settings,
        "select count(*) from raw.answers where source = 'models' "
        "and outcome in ('loaded', 'partial', 'unchanged')",
    ) == [(1,)]
    market.bodies.clear()
    assert request_lists(settings, "run-3") == []


@pytest.mark.parametrize("path", [path for path in GOOD if path != "/models"])
def test_every_list_is_judged(settings: Settings, market: ScriptedMarket, path: str) -> None:
    """One useless answer costs no other."""
    market.bodies[path] = ERROR
    assert len(request_lists(settings, "run-1")) == 1


def test_a_run_with_a_useless_answer_is_incomplete(
    settings: Settings, market: ScriptedMarket
) -> None:
    """Although every day got through; so the command's exit code is not 0."""
    market.bodies["/models"] = b'{"data": []}'
    found = extract(settings, "run-1")
    assert {day.status for day in found.days} == {"loaded"}
    assert [failure.what for failure in found.not_got] == ["models"]
    assert not found.is_complete


def test_useless_rankings_fail_their_days(settings: Settings, market: ScriptedMarket) -> None:
    """The reason of each day is the source's own."""
    market.bodies["/datasets/rankings-daily"] = ERROR
    found = extract(settings, "run-1")
    assert {day.status for day in found.days} == {"failed"}
    assert "502: Provider returned error" in str(found.days[0].reason)


def test_the_check_of_a_useless_catalogue_is_red(
    settings: Settings, market: ScriptedMarket
) -> None:
    """The step itself goes on, since the providers are there."""
    market.bodies["/models"] = b'{"data": []}'
    resources = {
        "settings": settings,
        "retry_policy": PATIENT,
        "now": lambda: datetime(2026, 6, 18, tzinfo=UTC),
    }
    result = dg.materialize([raw_catalogue], resources=resources)
    assert result.success
    [check] = result.get_asset_check_evaluations()
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert "models: the list has no entry" in str(check.metadata["reasons"].value)


def test_hosts_of_an_unknown_model_are_no_fault(settings: Settings, market: ScriptedMarket) -> None:
    """A model may lead a day and be withdrawn on the next; 404 then is the source's answer."""
    market.statuses["/models/lab/model-3/endpoints"] = 404
    found = extract(settings, "run-1")
    assert found.is_complete
    assert [failure.what for failure in found.absent] == ["hosts of lab/model-3"]
    market.statuses["/models"] = 404
    assert not extract(settings, "run-2").is_complete
