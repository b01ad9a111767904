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
from support.stores.metric_store import HeldServer, HeldStore

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
    """A store of some servers, scraped every 15 s from AT on, with raw samples of a range.

    `labels` are those of its operator: one set for each Prometheus that scrapes the servers.
    """

    def __init__(
        self,
        servers: Sequence[str] = ("h:1",),
        hole: range = range(0),
        labels: Sequence[dict[str, str]] = ({},),
        offset: float = 0.0,
    ) -> None:
        self.forms: list[dict[str, list[str]]] = []
        self._servers = servers
        self._hole = hole
        self._labels = labels
        self._offset = offset

    async def query(self, request: Request) -> Response:
        form = parse_qs((await request.body()).decode())
        self.forms.append(form)
        until = float(form["time"][0])
        seconds = int(form["query"][0].rpartition("[")[2].removesuffix("s]"))
        result = [
            series
            for server in self._servers
            for place, labels in enumerate(self._labels)
            for series in self._series(server, labels, place, until - seconds, until)
        ]
        data = {"resultType": "matrix", "result": result}
        return JSONResponse({"status": "success", "data": data})

    def _series(
        self, server: str, labels: dict[str, str], place: int, after: float, until: float
    ) -> list[dict[str, Any]]:
        begin = AT.timestamp() + self._offset + 4 * place
        instants = [begin + 15 * number for number in range(1000)]
        known = [
            at
            for number, at in enumerate(instants)
            if after < at <= until and number not in self._hole
        ]
        of_store = {"job": "vllm", "instance": server, **labels}
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
    path = f"{BASE}/api/v1/query"
    with serve_in_thread(Starlette(routes=[Route(path, store.query, methods=["POST"])])) as url:
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
    """Each scrape is in one of them."""
    store = Store()
    rows = read_rows_of(store, minutes=150)
    assert len(store.forms) == 3
    instants = [row["scraped_at"] for row in of_metric(rows, "up")]
    assert len(instants) == len(set(instants)) == 601


def test_the_request_has_all_families_that_the_collector_keeps() -> None:
    """Old and new names and parts of histograms, each with its raw samples."""
    store = Store()
    read_rows_of(store, minutes=1)
    [query] = store.forms[0]["query"]
    assert query.startswith("{__name__=~")
    assert query.endswith(',job="vllm"}[61s]')
    names = set(query.split('"')[1].split("|"))
    assert {
        "vllm:gpu_cache_usage_perc",
        "vllm:time_to_first_token_seconds_bucket",
        "process_start_time_seconds",
        "up",
    } <= names


def test_a_sample_has_the_instant_of_its_scrape() -> None:
    """Not that of a step that asked for it."""
    rows = of_metric(read_rows_of(Store(offset=6.5), minutes=1), "generation_tokens")
    seconds = [(row["scraped_at"] - AT).total_seconds() for row in rows]
    assert seconds == [6.5, 21.5, 36.5, 51.5]
    assert [row["value"] for row in rows] == [13.0, 43.0, 73.0, 103.0]


def test_labels_of_the_operator_are_dropped() -> None:
    """Also those that only this operator uses: every series of a target has them, `up` too."""
    labels = {"pod": "vllm-0", "namespace": "llm", "team_of_ours": "search"}
    rows = of_metric(read_rows_of(Store(labels=[labels]), minutes=1), "generation_tokens")
    assert {row["labels"] for row in rows} == {'engine="0"'}


def test_a_pair_of_stores_counts_once() -> None:
    """Each of the pair scraped the same server, at other instants."""
    pair = [{"prometheus_replica": "a"}, {"prometheus_replica": "b"}]
    rows = read_rows_of(Store(labels=pair), minutes=5)
    assert len(of_metric(rows, "generation_tokens")) == 20
    assert {row["scraped_at"].second % 15 for row in rows} == {AT.second % 15}


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


def test_thinning_keeps_the_ends_of_a_process() -> None:
    """Tokens that were counted between its first and its last sample are all there."""
    begin = AT.timestamp() - 300
    labels = {"job": "vllm", "instance": "h:1"}
    processes = [
        HeldServer(labels, begin, begin + 124, 4, begin - 9),
        HeldServer(labels, begin + 128, begin + 301, 4, begin + 126),
    ]
    with serve_in_thread(HeldStore(processes).app()) as url:
        history = PrometheusRange(url, 'job="vllm"', AT - 5 * MINUTE, AT + MINUTE, 60)
        rows = build_table(list(read_history(history, VLLM))).to_pylist()
    tokens = of_metric(rows, "generation_tokens")
    assert [row["scraped_at"].timestamp() - begin for row in tokens] == [
        *(0, 56, 112, 124),
        *(128, 184, 240, 296, 300),
    ]
    assert [row["value"] for row in tokens][3:] == [1330, 20, 580, 1140, 1700, 1740]
