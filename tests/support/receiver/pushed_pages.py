"""A page of metrics as Prometheus and OpenTelemetry would push it, made by their own parsers."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from support.receiver.receiving import SERVER, Point

CUMULATIVE = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE


def points_of(page: str, at_ms: int, **more: str) -> list[Point]:
    """Make the samples that a Prometheus sends of one scrape."""
    points: list[Point] = [({"__name__": "up", **SERVER, **more}, 1.0, at_ms)]
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            labels = {"__name__": sample.name, **sample.labels, **SERVER, **more}
            points.append((labels, sample.value, at_ms))
    return points


def otlp_of(page: str, at_ms: int) -> ExportMetricsServiceRequest:
    """Make the request that an OpenTelemetry collector sends of one scrape."""
    request = ExportMetricsServiceRequest()
    of_resource = request.resource_metrics.add()
    names = {"service.name": SERVER["job"], "service.instance.id": SERVER["instance"]}
    _set(of_resource.resource.attributes, names)
    scope = of_resource.scope_metrics.add()
    for family in text_string_to_metric_families(page):
        if family.type == "histogram":
            _add_histogram(scope.metrics.add(), family, at_ms)
            continue
        for name in sorted({sample.name for sample in family.samples}):
            metric = scope.metrics.add(name=name)
            is_counter = family.type == "counter" and not name.endswith("_created")
            if is_counter:
                metric.sum.is_monotonic = True
                metric.sum.aggregation_temporality = CUMULATIVE
            points = metric.sum.data_points if is_counter else metric.gauge.data_points
            for sample in (each for each in family.samples if each.name == name):
                point = points.add(as_double=sample.value, time_unix_nano=at_ms * 1_000_000)
                _set(point.attributes, sample.labels)
    return request


def _add_histogram(metric: Any, family: Metric, at_ms: int) -> None:
    metric.name = family.name
    metric.histogram.aggregation_temporality = CUMULATIVE
    for labels, buckets in _histograms(family):
        point = metric.histogram.data_points.add(time_unix_nano=at_ms * 1_000_000)
        _set(point.attributes, dict(labels))
        bounds = sorted(bound for bound in buckets if isinstance(bound, float))
        totals = [0.0, *(buckets[bound] for bound in bounds)]
        point.explicit_bounds.extend(bounds[:-1])
        point.bucket_counts.extend(round(after - before) for before, after in pairwise(totals))
        point.count, point.sum = round(buckets["count"]), buckets["sum"]


def _histograms(family: Metric) -> Iterator[tuple[Sequence[tuple[str, str]], dict[Any, float]]]:
    found: dict[tuple[tuple[str, str], ...], dict[Any, float]] = {}
    for sample in family.samples:
        labels = dict(sample.labels)
        bound = labels.pop("le", None)
        key = tuple(sorted(labels.items()))
        part = float(bound) if bound else sample.name.rpartition("_")[2]
        found.setdefault(key, {})[part] = sample.value
    yield from found.items()


def _set(attributes: Any, labels: dict[str, str]) -> None:
    for name, value in labels.items():
        attributes.add(key=name).value.string_value = value
