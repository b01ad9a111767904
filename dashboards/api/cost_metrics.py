"""Our cost an hour as metrics: under OpenCost's names what those mean, under ours the rest.

A target is OpenCost's node. Its cost is that of its devices and their energy; what the machine's
processors and memory cost is not known, so those metrics are absent.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from flask import Flask, Response
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector as MetricSource

from dashboards.api.answers import respond
from dashboards.generations import GenerationStore, OpenGeneration
from dashboards.query import query

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
NODE = ("instance", "node", "instance_type")
MODEL = ("target", "service", "model_name")
NEEDS = frozenset({"local_efficiency_hourly", "local_cost_daily"})
# A processor is no GPU, whoever serves on it.
PROCESSORS = frozenset({"cpu", "processor"})


def add_cost_metrics(server: Flask, store: GenerationStore) -> None:
    """Serve `/metrics`."""

    @server.get("/metrics")
    def show_metrics() -> Response:
        return respond(
            store, lambda generation: Response(write(generation), content_type=CONTENT_TYPE)
        )


def write(generation: OpenGeneration) -> bytes:
    """Write the metrics of a generation as a page that Prometheus reads."""
    registry = CollectorRegistry()
    registry.register(CostMetrics(generation))
    return generate_latest(registry)


class CostMetrics(MetricSource):
    """Cost of each target and model in its newest hour."""

    def __init__(self, generation: OpenGeneration) -> None:
        self._generation = generation

    def collect(self) -> Iterator[Metric]:
        """Yield every family of the page."""
        meta = self._generation.meta
        if meta.published_at is not None:
            yield GaugeMetricFamily(
                "tokentide_published_time_seconds",
                "Instant at which the figures were published.",
                meta.published_at.timestamp(),
            )
        if not self._generation.tables >= NEEDS:
            return
        targets = self._rows("api/target_costs")
        yield from _nodes(targets)
        yield _loads(targets, meta.simulated_services)
        yield from _models(self._rows("api/model_hours"))

    def _rows(self, name: str) -> list[dict[str, Any]]:
        return self._generation.frame(query(name)).to_dicts()


def _nodes(rows: list[dict[str, Any]]) -> Iterator[Metric]:
    total = GaugeMetricFamily(
        "node_total_hourly_cost", "USD an hour of a target: devices and energy.", labels=NODE
    )
    each = GaugeMetricFamily("node_gpu_hourly_cost", "USD an hour of one device.", labels=NODE)
    count = GaugeMetricFamily("node_gpu_count", "Devices of a target.", labels=NODE)
    hour = GaugeMetricFamily(
        "tokentide_target_cost_hour_time_seconds",
        "Begin of the hour that the cost of a target is of.",
        labels=NODE,
    )
    for row in rows:
        kind, devices = row["device_kind"] or "", row["devices"]
        labels = (row["target"], row["target"], kind)
        total.add_metric(labels, row["usd_per_hour"])
        hour.add_metric(labels, row["hour_at"].timestamp())
        if devices and kind and kind.lower() not in PROCESSORS:
            each.add_metric(labels, row["usd_per_hour"] / devices)
            count.add_metric(labels, devices)
    yield from (total, each, count, hour)


def _loads(rows: list[dict[str, Any]], simulated: Sequence[str]) -> Metric:
    family = GaugeMetricFamily(
        "tokentide_target_is_load_simulated",
        "1 if a load generator asks the target and nobody is served, else 0.",
        labels=NODE,
    )
    for row in rows:
        labels = (row["target"], row["target"], row["device_kind"] or "")
        family.add_metric(labels, row["service"] in simulated)
    return family


def _models(rows: list[dict[str, Any]]) -> Iterator[Metric]:
    hourly = GaugeMetricFamily(
        "tokentide_model_hourly_cost", "USD an hour of a model's part of a target.", labels=MODEL
    )
    tokens = GaugeMetricFamily(
        "tokentide_model_usd_per_mtok",
        "USD per million tokens, prompt and generated, idle time included.",
        labels=MODEL,
    )
    for row in rows:
        labels = (row["target"], row["service"] or row["target"], row["model_name"])
        hourly.add_metric(labels, row["usd_per_hour"])
        if row["usd_per_mtok"] is not None:
            tokens.add_metric(labels, row["usd_per_mtok"])
    yield from (hourly, tokens)
