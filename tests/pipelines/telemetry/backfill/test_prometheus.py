"""Samples of an existing store become the scrapes that a collector would have made."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from support.collecting import Row, of_metric
from support.scripted_server import Responder, bytes_response, json_response

from pipelines.errors import HistoryFailed
from pipelines.simulator.api.data_api import BASE
from pipelines.simulator.api.serve import serve_in_thread
from pipelines.telemetry.backfill.prometheus import PrometheusRange, read_history
from pipelines.telemetry.collector.segments import build_table
from pipelines.telemetry.config.tier import Target

AT = datetime(2026, 8, 22, 7, 10, 16, tzinfo=UTC)
VLLM = Target("old", "http://h/metrics", "vllm", {"served": "o/m"})
MINUTE = timedelta(minutes=1)


class Store:
    """A store of some servers, scraped every 15 s, with the last sample of each step."""

    def __init__(self, servers: Sequence[str] = ("h:1",), hole: range = range(0)) -> None:
        self.forms: list[dict[str, list[str]]] = []
        self._servers = servers
        self._hole = hole

    async def query_range(self, request: Request) -> Response:
        form = parse_qs((await request.body()).decode())
        self.forms.append(form)
        start, end, step = (float(form[name][0]) for name in ("start", "end", "step"))
        steps = [start + number * step for number in range(int((end - start) / step) + 1)]
        result = [series for server in self._servers for series in self._series(server, steps)]
        data = {"resultType": "matrix", "result": result}
        return JSONResponse({"status": "success", "data": data})

    def _series(self, server: str, steps: list[float]) -> list[dict[str, Any]]:
        known = [at for at in steps if int(at - AT.timestamp()) // 15 not in self._hole]
        of_store = {"job": "vllm", "instance": server}
        of_page = {**of_store, "engine": "0", "model_name": 'a "quoted" name'}
        return [
            {
                "metric": {**of_page, "__name__": "vllm:generation_tokens_total"},
                "values": [[at, str(2 * (at - AT.timestamp()))] for at in known],
            },
            {
                "metric": {**of_store, "__name__": "process_start_time_seconds"},
                "values": [[at, "1787380000"] for at in known],
            },
            {
                "metric": {**of_store, "__name__": "up"},
                "values": [[at, str(int(at != AT.timestamp()))] for at in known],
            },
        ]


def read_rows_of(store: Store, minutes: int) -> list[Row]:
    """Read this number of minutes of a store, as rows of a segment."""
    path = f"{BASE}/api/v1/query_range"
    with serve_in_thread(
        Starlette(routes=[Route(path, store.query_range, methods=["POST"])])
    ) as url:
        history = PrometheusRange(url, 'job="vllm"', AT, AT + minutes * MINUTE, 15)
        rows: list[Row] = build_table(list(read_history(history, VLLM))).to_pylist()
    return rows


def test_a_store_gives_the_rows_of_a_scrape() -> None:
    """A scrape that failed there is a failed one here; a hole stays a hole."""
    rows = read_rows_of(Store(hole=range(8, 12)), minutes=5)
    ups = sorted((row["scraped_at"], row["value"]) for row in of_metric(rows, "up"))
    assert ups[0] == (AT, 0.0)
    assert [value for _, value in ups[1:]] == [1.0] * 16
    tokens = of_metric(rows, "generation_tokens")
    assert len(tokens) == 16
    assert {(row["model_name"], row["labels"]) for row in tokens} == {
        ('a "quoted" name', 'engine="0"')
    }
    assert tokens[-1]["value"] == 600.0
    assert tokens[-1]["started_at"] == datetime(2026, 8, 22, 6, 26, 40, tzinfo=UTC)
    hole = AT + 2 * MINUTE, AT + 3 * MINUTE
    assert not [row for row in tokens if hole[0] <= row["scraped_at"] < hole[1]]


def test_a_failed_scrape_of_the_store_has_a_reason() -> None:
    """Nobody here knows the real one."""
    rows = of_metric(read_rows_of(Store(), minutes=1), "up")
    assert [row["labels"] for row in rows if row["value"] == 0] == ['reason="down_in_store"']


def test_a_long_time_is_requested_in_pieces() -> None:
    """Each step is in one of them."""
    store = Store()
    rows = read_rows_of(store, minutes=150)
    assert len(store.forms) == 3
    instants = [row["scraped_at"] for row in of_metric(rows, "up")]
    assert len(instants) == len(set(instants)) == 601


def test_the_request_has_all_families_that_the_collector_keeps() -> None:
    """Old and new names and parts of histograms, each with the last sample within a step."""
    store = Store()
    read_rows_of(store, minutes=1)
    [query] = store.forms[0]["query"]
    assert query.startswith("last_over_time({")
    assert query.endswith(',job="vllm"}[15s])')
    names = set(query.split('"')[1].split("|"))
    assert {
        "vllm:gpu_cache_usage_perc",
        "vllm:time_to_first_token_seconds_bucket",
        "process_start_time_seconds",
        "up",
    } <= names


def test_matchers_of_two_servers_are_refused() -> None:
    """Their counters would mix."""
    with pytest.raises(HistoryFailed, match="select 2 servers"):
        read_rows_of(Store(servers=("h:1", "h:2")), minutes=1)


@pytest.mark.parametrize(
    ("response", "message"),
    [
        (
            json_response(400, {"status": "error", "error": "parse error at char 3"}),
            "error at char 3",
        ),
        (json_response(200, {"status": "success", "data": None}), "not Prometheus' HTTP API"),
        (
            json_response(200, {"status": "success", "data": {"result": [{"value": 1}]}}),
            "not Prometheus' HTTP API",
        ),
        (json_response(200, []), "refused"),
        (bytes_response(b"<html>"), "not JSON"),
        (bytes_response(json.dumps("x").encode(), 502), "502"),
    ],
)
def test_a_store_that_cannot_serve_is_reported(response: Responder, message: str) -> None:
    """Its own words are in the message, if it has some."""

    async def endpoint(request: Request) -> Response:
        return response(request)

    with (
        serve_in_thread(
            Starlette(routes=[Route("/{path:path}", endpoint, methods=["POST"])])
        ) as url,
        pytest.raises(HistoryFailed, match=message),
    ):
        list(read_history(PrometheusRange(url, 'job="vllm"', AT, AT + MINUTE), VLLM))


def test_a_store_that_is_not_there_is_reported() -> None:
    """The message has the next step."""
    with pytest.raises(HistoryFailed, match="Check the address"):
        list(read_history(PrometheusRange("http://127.0.0.1:1", 'job="vllm"', AT, AT), VLLM))
