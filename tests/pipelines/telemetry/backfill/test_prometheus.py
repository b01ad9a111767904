"""What was measured before the collector ran: archived pages, a run's table, an existing store of metrics."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs

import pyarrow as pa
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from support.scripted_server import Responder, bytes_response, json_response

from pipelines.errors import HistoryFailed
from pipelines.simulator.api.data_api import BASE
from pipelines.simulator.api.serve import serve_in_thread
from pipelines.telemetry.backfill.prometheus import PrometheusRange, read_history
from pipelines.telemetry.backfill.text_files import instant_of, read_pages, read_run, store
from pipelines.telemetry.collector.segments import closed_segments, read_segment, table_of
from pipelines.telemetry.collector.spool import Spool
from pipelines.telemetry.config.tier import Target

AT = datetime(2026, 8, 22, 7, 10, 16, tzinfo=UTC)
VLLM = Target("old", "http://h/metrics", "vllm", {"served": "o/m"})


def test_archived_pages_become_segments(tmp_path: Path, recordings: Path) -> None:
    """With the instants in their names, oldest first."""
    pages = tmp_path / "pages"
    pages.mkdir()
    for name, source in (("b-20260822T071016Z.txt", "idle"), ("a-20260822T071116Z.txt", "loaded")):
        (pages / name).write_bytes((recordings / f"vllm/vllm_0.32_cpu_{source}.txt").read_bytes())
    assert store(read_pages(pages, VLLM), Spool(tmp_path / "spool")) == 2
    found = pa.concat_tables(
        read_segment(path) for path in closed_segments(tmp_path / "spool")
    ).to_pylist()
    tokens = [
        (row["scraped_at"], row["value"]) for row in found if row["metric"] == "generation_tokens"
    ]
    assert tokens == [(AT, 0.0), (AT + timedelta(minutes=1), 30224.0)]
    assert [row["value"] for row in found if row["metric"] == "up"] == [1.0, 1.0]


@pytest.mark.parametrize(
    ("name", "instant"),
    [
        ("page_20260822T071016Z.txt", AT),
        ("20260822-071016.txt", AT),
        ("1787382616.txt", AT),
        ("server-1787382616000.txt", AT),
        ("page.txt", datetime(2026, 1, 1, tzinfo=UTC)),
        ("20261399T071016Z.txt", datetime(2026, 1, 1, tzinfo=UTC)),
    ],
)
def test_the_instant_of_a_page_is_in_its_name_or_its_file(
    tmp_path: Path, name: str, instant: datetime
) -> None:
    """A name that is no instant falls back to the file's time."""
    path = tmp_path / name
    path.write_text("a 1\n")
    os.utime(path, (1767225600, 1767225600))
    assert instant_of(path) == instant


def test_a_table_of_a_run_is_read_row_by_row(recordings: Path) -> None:
    """Its last row has what the client saw too: 646,370 generated tokens."""
    scrapes = list(
        read_run(recordings / "vllm/run_llama7b_bs64/metrics_engine_server_0.csv.gz", VLLM, AT)
    )
    rows = table_of(scrapes).to_pylist()
    tokens = [row["value"] for row in rows if row["metric"] == "generation_tokens"]
    assert len(tokens) == len(scrapes) > 200
    assert tokens == sorted(tokens)
    assert 0.9 < tokens[-1] / 646370 < 1.1
    assert {row["model_name"] for row in rows if row["metric"] == "cache_usage"} == {"served"}
    assert rows[0]["scraped_at"] >= AT


class Store:
    """A store of one server, scraped every 15 s, that answers `query_range` for the last sample within each step."""

    def __init__(self, servers: tuple[str, ...] = ("h:1",), hole: range = range(0)) -> None:
        self.asked: list[dict[str, list[str]]] = []
        self._servers = servers
        self._hole = hole

    async def query_range(self, request: Request) -> Response:
        form = parse_qs((await request.body()).decode())
        self.asked.append(form)
        start, end, step = (float(form[name][0]) for name in ("start", "end", "step"))
        steps = [start + number * step for number in range(int((end - start) / step) + 1)]
        result = [series for server in self._servers for series in self._series(server, steps)]
        return JSONResponse(
            {"status": "success", "data": {"resultType": "matrix", "result": result}}
        )

    def _series(self, server: str, steps: list[float]) -> list[dict[str, object]]:
        known = [at for at in steps if int(at - AT.timestamp()) // 15 not in self._hole]
        of_store = {"job": "vllm", "instance": server}
        own = {**of_store, "engine": "0", "model_name": 'a "quoted" name'}
        return [
            {
                "metric": {**own, "__name__": "vllm:generation_tokens_total"},
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


def asked_of(store: Store, minutes: int) -> list[dict[str, object]]:
    with serve_in_thread(
        Starlette(routes=[Route(f"{BASE}/api/v1/query_range", store.query_range, methods=["POST"])])
    ) as url:
        history = PrometheusRange(url, 'job="vllm"', AT, AT + timedelta(minutes=minutes), 15)
        found: list[dict[str, object]] = table_of(list(read_history(history, VLLM))).to_pylist()
        return found


def test_a_store_gives_the_rows_that_a_scrape_would_have() -> None:
    """A scrape that had failed there failed here too; a hole stays a hole."""
    rows = asked_of(Store(hole=range(8, 12)), minutes=5)
    ups = sorted((row["scraped_at"], row["value"]) for row in rows if row["metric"] == "up")
    assert ups[0] == (AT, 0.0)
    assert [value for _, value in ups[1:]] == [1.0] * 16
    tokens = [row for row in rows if row["metric"] == "generation_tokens"]
    assert len(tokens) == 16
    assert {(row["model_name"], row["labels"]) for row in tokens} == {
        ('a "quoted" name', 'engine="0"')
    }
    assert tokens[-1]["value"] == 600.0
    assert tokens[-1]["started_at"] == datetime(2026, 8, 22, 6, 26, 40, tzinfo=UTC)
    assert not [
        row
        for row in tokens
        if AT + timedelta(seconds=120) <= row["scraped_at"] < AT + timedelta(seconds=180)
    ]  # type: ignore[operator]


def test_a_long_time_is_asked_for_in_pieces() -> None:
    """Each step once, none twice."""
    store = Store()
    rows = asked_of(store, minutes=150)
    assert len(store.asked) == 3
    instants = [row["scraped_at"] for row in rows if row["metric"] == "up"]
    assert len(instants) == len(set(instants)) == 601


def test_what_is_asked_for_is_what_the_collector_keeps() -> None:
    """Old and new names, the parts of histograms, and the last sample within a step rather than the last one known."""
    store = Store()
    asked_of(store, minutes=1)
    [query] = store.asked[0]["query"]
    assert query.startswith("last_over_time({")
    assert query.endswith(',job="vllm"}[15s])')
    assert {"vllm:gpu_cache_usage_perc", "vllm:time_to_first_token_seconds_bucket", "up"} <= set(
        query.split('"')[1].split("|")
    )


def test_two_servers_behind_one_question_are_refused() -> None:
    """Their counters would mix."""
    with pytest.raises(HistoryFailed, match="pick 2 servers"):
        asked_of(Store(servers=("h:1", "h:2")), minutes=1)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            json_response(400, {"status": "error", "error": "parse error at char 3"}),
            "parse error at char 3",
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
def test_a_store_that_cannot_answer_is_said(answer: Responder, said: str) -> None:
    """With its own words where it has some."""

    async def endpoint(request: Request) -> Response:
        return answer(request)

    with (
        serve_in_thread(
            Starlette(routes=[Route("/{path:path}", endpoint, methods=["POST"])])
        ) as url,
        pytest.raises(HistoryFailed, match=said),
    ):
        list(read_history(PrometheusRange(url, 'job="vllm"', AT, AT + timedelta(minutes=1)), VLLM))


def test_a_store_that_is_not_there_is_said() -> None:
    """With the next step."""
    with pytest.raises(HistoryFailed, match="Check the address"):
        list(read_history(PrometheusRange("http://127.0.0.1:1", 'job="vllm"', AT, AT), VLLM))
