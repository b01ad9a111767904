"""A real Prometheus and OpenTelemetry's exporter push; marts are those of a scraped tier."""

import json
import logging
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics import Counter, Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import AggregationTemporality, PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import (
    ExplicitBucketHistogramAggregation,
    ExponentialBucketHistogramAggregation,
    View,
)
from opentelemetry.sdk.resources import Resource
from support.cli.command import Command
from support.collecting import of_metric, read_rows
from support.prometheus_process import prometheus
from support.receiver.pushed_pages import points_of
from support.receiver.receiving import (
    LIMITS,
    V2,
    Receiving,
    receiving,
    request_v2,
    shorter,
    wait_until,
)
from support.scripted_server import bytes_response, scripted_server
from support.telemetry_facts import TelemetryHome

from pipelines.telemetry.backfill.text_files import make_normaliser, make_scrape
from pipelines.telemetry.collector.segments import SegmentWriter
from pipelines.telemetry.config.tier import parse_tier

PAGE = """# TYPE process_start_time_seconds gauge
process_start_time_seconds 1795295012.25
# TYPE vllm:generation_tokens counter
vllm:generation_tokens_total{{engine="0",model_name="m"}} {tokens}
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{{engine="0",model_name="m"}} 2
# TYPE vllm:time_to_first_token_seconds histogram
vllm:time_to_first_token_seconds_bucket{{engine="0",le="0.25",model_name="m"}} {half}
vllm:time_to_first_token_seconds_bucket{{engine="0",le="+Inf",model_name="m"}} {tokens}
vllm:time_to_first_token_seconds_count{{engine="0",model_name="m"}} {tokens}
vllm:time_to_first_token_seconds_sum{{engine="0",model_name="m"}} 12.5
"""
KEY = "0123456789abcdef"


def test_a_real_prometheus_pushes_what_it_scrapes(tmp_path: Path) -> None:
    """Version 1.0, by an agent with a key and own labels; nothing is refused."""
    page = bytes_response(PAGE.format(tokens=7.0, half=3.0).encode())
    with (
        scripted_server(page) as server,
        receiving(
            tmp_path / "home", key=KEY, limits=shorter(LIMITS, settle_seconds=2.0)
        ) as running,
    ):
        address = server.url.split("/")[2]
        scrape = {
            "job_name": "chat",
            "scrape_interval": "500ms",
            "scrape_timeout": "400ms",
            "static_configs": [{"targets": [address], "labels": {"rack": "r1"}}],
        }
        write = {
            "url": f"{running.url}/api/v1/write",
            "authorization": {"credentials": KEY},
            "queue_config": {"batch_send_deadline": "200ms"},
        }
        outside = {"external_labels": {"cluster": "eu", "replica": "a"}}
        with prometheus(tmp_path, [scrape], remote_write=[write], **{"global": outside}):
            wait_until(lambda: running.receiver.tally.segments > 1, 60)
        assert running.receiver.tally.refused == 0
    rows = read_rows(tmp_path / "home/spool/telemetry")
    tokens = of_metric(rows, "generation_tokens")
    assert {(row["target"], row["engine"], row["value"], row["labels"]) for row in tokens} == {
        (address, "vllm", 7.0, 'engine="0"')
    }
    assert {row["started_at"].timestamp() for row in tokens} == {1795295012.25}
    assert len({row["scraped_at"] for row in tokens}) == len(tokens)
    assert 1.0 in {row["value"] for row in of_metric(rows, "up")}
    buckets = [row for row in of_metric(rows, "ttft_seconds") if row["part"] == "bucket"]
    assert {(row["le"], row["value"]) for row in buckets} == {(0.25, 3.0), (float("inf"), 7.0)}


def record(running: Receiving, temporality: dict[type, AggregationTemporality]) -> None:
    """Record some figures as a server would, and export them."""
    exporter = OTLPMetricExporter(
        f"{running.url}/v1/metrics",
        headers={"Authorization": f"Bearer {KEY}"},
        preferred_temporality=temporality,
    )
    names = {"service.name": "chat", "service.instance.id": "chat-0"}
    provider = MeterProvider(
        [PeriodicExportingMetricReader(exporter, 3_600_000)],
        Resource(names),
        views=[
            View(
                instrument_name="vllm.time_to_first_token_seconds",
                aggregation=ExplicitBucketHistogramAggregation((0.25, 1.0)),
            ),
            View(
                instrument_name="vllm.e2e_request_latency_seconds",
                aggregation=ExponentialBucketHistogramAggregation(),
            ),
        ],
    )
    meter, labels = provider.get_meter("test"), {"model_name": "m"}
    meter.create_counter("vllm.generation_tokens").add(7, labels)
    meter.create_up_down_counter("vllm.num_requests_running").add(2, labels)
    first = meter.create_histogram("vllm.time_to_first_token_seconds")
    for seconds in (0.1, 0.5, 3.0):
        first.record(seconds, labels)
    meter.create_histogram("vllm.e2e_request_latency_seconds").record(1.0, labels)
    meter.create_counter("unknown.things").add(1)
    provider.shutdown()


def test_opentelemetrys_exporter_is_content(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Figures arrive as those of a scrape; an exponential histogram is rejected and said so."""
    caplog.set_level(logging.WARNING)
    began = time.time()
    with receiving(tmp_path, key=KEY) as running:
        record(running, {})
        tally = running.receiver.tally
        assert (tally.requests, tally.refused, tally.histograms) == (1, 0, 1)
        delta = {Counter: AggregationTemporality.DELTA, Histogram: AggregationTemporality.DELTA}
        record(running, delta)
        assert (tally.refused, tally.histograms) == (3, 2)
    rows = read_rows(tmp_path / "spool/telemetry")
    [tokens] = of_metric(rows, "generation_tokens")
    assert (tokens["target"], tokens["model_name"], tokens["value"]) == ("chat-0", "m", 7)
    assert began - 5 < tokens["started_at"].timestamp() <= tokens["scraped_at"].timestamp()
    first = {(row["part"], row["le"]): row["value"] for row in of_metric(rows, "ttft_seconds")}
    assert first == {
        ("bucket", 0.25): 1,
        ("bucket", 1.0): 2,
        ("bucket", float("inf")): 3,
        ("count", None): 3,
        ("sum", None): 3.6,
    }


TIER = """
[[target]]
name = "chat-0"
url = "http://10.0.0.1:8000/metrics"
engine = "vllm"
model_map = { m = "lab/m" }
"""


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.timeout(1200)
def test_marts_are_the_same_on_both_ways(tmp_path: Path) -> None:
    """Scraped or pushed, the same numbers are the same published rows."""
    (tmp_path / "tier.toml").write_text(TIER)
    [target] = parse_tier(TIER).targets
    begin = (round(time.time()) // 3600 - 2) * 3_600_000 + 60_000
    texts = {begin + i * 5_000: PAGE.format(tokens=7.0 + 100 * i, half=3.0) for i in range(100)}
    reader = make_normaliser(target)
    scraped, pushed = Command(tmp_path / "scraped"), Command(tmp_path / "pushed")
    writer = SegmentWriter(TelemetryHome(scraped.home).spool)
    writer.write(
        [
            make_scrape(
                target, datetime.fromtimestamp(at / 1000, UTC), reader.read(text.encode(), at / 1e3)
            )
            for at, text in texts.items()
        ]
    )
    with receiving(pushed.home, parse_tier(TIER), limits=LIMITS) as running:
        for at, text in texts.items():
            assert running.write(request_v2(points_of(text, at)), V2).status_code == 204
    answers = []
    for command in (scraped, pushed):
        command("ingest", "telemetry")
        tables = ("served_tokens_minutely", "served_latency_hourly", "local_efficiency_hourly")
        answers.append({table: command.rows(f"from {table} order by all") for table in tables})
    assert answers[0] == answers[1]
    assert all(answers[0].values()), json.dumps(answers[0])[:500]
