"""OTLP metrics, read into the samples that Prometheus would scrape of the same server.

`service.name` and `service.instance.id` of a resource are its job and instance. A histogram becomes
its buckets, sum and count, as on a page. Only cumulative figures are taken: a difference says
nothing where one before it was lost.
"""

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import accumulate, chain
from typing import Any

from google.protobuf.json_format import Parse, ParseError
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality

from pipelines.telemetry.metrics.exposition import UNSEEN, Labels
from pipelines.telemetry.receiver.errors import BadPush
from pipelines.telemetry.receiver.pushed import (
    INSTANCE,
    JOB,
    NAME,
    Found,
    PushedBatch,
    PushedSeries,
    Refused,
    SeriesBook,
)

MAX_DEPTH = 40
NO_VALUE = 1  # a flag: the series ended
# Points of one collection may differ by the time that it took.
SAME_PAGE_NANOSECONDS = 500_000_000
DELTA = Refused(
    "delta temporality: set OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=cumulative, or use "
    "the processor deltatocumulative"
)
BAD_ATTRIBUTE = Refused("an attribute that is neither text, number nor boolean")


@dataclass
class ResourcePoints:
    """Samples of one resource, before those of one collection share an instant."""

    labels: Labels  # job and instance
    book: SeriesBook
    batch: PushedBatch
    points: list[tuple[PushedSeries, int, float, int]] = field(default_factory=list)

    def find(self, name: str, kind: str, point: Any, *more: tuple[str, str]) -> Found:
        """Return the series of a point, or of one part of a histogram."""
        attributes = tuple(each.SerializeToString() for each in point.attributes)
        key: Hashable = (name, self.labels, more, attributes)
        found = self.book.lookup(key)
        if found is UNSEEN:
            texts = [(each.key, _text(each.value)) for each in point.attributes]
            if any(text is None for _, text in texts):
                return BAD_ATTRIBUTE
            own = ((label, text) for label, text in texts if text)
            found = self.book.learn(key, ((NAME, name), *self.labels, *more, *own), kind)
        return found

    def add(self, found: Found, point: Any, value: float) -> bool:
        """Add a sample; return whether the series is kept."""
        if not isinstance(found, PushedSeries):
            self.batch.pass_over(found, 1)
            return False
        self.points.append((found, point.time_unix_nano, value, point.start_time_unix_nano))
        return True

    def settle(self) -> None:
        """Hand the samples on; those of one collection get the instant of its first point."""
        first = {}
        begin = -SAME_PAGE_NANOSECONDS
        for instant in sorted({instant for _, instant, _, _ in self.points}):
            if instant - begin >= SAME_PAGE_NANOSECONDS:
                begin = instant
            first[instant] = begin // 1000
        for series, instant, value, started in self.points:
            self.batch.add(series, first[instant], value, started // 1000)


def read_otlp(content: bytes, book: SeriesBook, batch: PushedBatch) -> None:
    """Add the samples of a request in protobuf; raise BadPush if it is none."""
    try:
        request = ExportMetricsServiceRequest.FromString(content)
    except DecodeError as error:
        raise BadPush("The body is no ExportMetricsServiceRequest.") from error
    _read(request, book, batch)


def read_otlp_json(content: bytes, book: SeriesBook, batch: PushedBatch) -> None:
    """Add the samples of a request in JSON; raise BadPush if it is none."""
    try:
        request = Parse(
            content,
            ExportMetricsServiceRequest(),
            ignore_unknown_fields=True,
            max_recursion_depth=MAX_DEPTH,
        )
    except (ParseError, ValueError, RecursionError) as error:
        raise BadPush("The body is no ExportMetricsServiceRequest in JSON.") from error
    _read(request, book, batch)


def _read(request: Any, book: SeriesBook, batch: PushedBatch) -> None:
    for of_resource in request.resource_metrics:
        points = ResourcePoints(_identity(of_resource.resource.attributes), book, batch)
        for metric in chain.from_iterable(each.metrics for each in of_resource.scope_metrics):
            _read_metric(metric, points)
        points.settle()


def _identity(attributes: Iterable[Any]) -> Labels:
    given = {each.key: _text(each.value) or "" for each in attributes}
    namespace, name = given.get("service.namespace"), given.get("service.name", "")
    job = f"{namespace}/{name}" if namespace else name
    labels = {JOB: job, INSTANCE: given.get("service.instance.id", "")}
    return tuple((label, value) for label, value in labels.items() if value)


def _read_metric(metric: Any, points: ResourcePoints) -> None:
    kind = metric.WhichOneof("data")
    if kind is None:
        return
    data = getattr(metric, kind)
    points.batch.counts.left_out_exemplars += _count_exemplars(kind, data)
    if kind == "exponential_histogram":
        points.batch.counts.refused_histograms += len(data.data_points)
        return
    if kind in {"sum", "histogram"} and (
        data.aggregation_temporality == AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA
    ):
        points.batch.pass_over(DELTA, len(data.data_points))
        return
    read = {"histogram": _read_histogram, "summary": _read_summary}.get(
        kind, partial(_read_number, "counter" if kind == "sum" and data.is_monotonic else "gauge")
    )
    for point in data.data_points:
        if point.flags & NO_VALUE:
            points.batch.counts.markers += 1
        else:
            read(metric.name, point, points)


def _count_exemplars(kind: str, data: Any) -> int:
    """Count the exemplars of a metric; a summary has none."""
    return 0 if kind == "summary" else sum(len(point.exemplars) for point in data.data_points)


def _read_number(kind: str, name: str, point: Any, points: ResourcePoints) -> None:
    value = point.as_int if point.WhichOneof("value") == "as_int" else point.as_double
    points.add(points.find(name, kind, point), point, float(value))


def _read_histogram(name: str, point: Any, points: ResourcePoints) -> None:
    count = points.find(f"{name}_count", "histogram", point)
    if not points.add(count, point, float(point.count)):
        return
    if point.HasField("sum"):
        points.add(points.find(f"{name}_sum", "histogram", point), point, point.sum)
    if not point.bucket_counts:
        return
    bounds = (*map(repr, point.explicit_bounds), "+Inf")
    for bound, total in zip(bounds, accumulate(point.bucket_counts), strict=False):
        bucket = points.find(f"{name}_bucket", "histogram", point, ("le", bound))
        points.add(bucket, point, float(total))


def _read_summary(name: str, point: Any, points: ResourcePoints) -> None:
    for part, value in _summary_parts(point):
        if not points.add(points.find(f"{name}{part}", "", point), point, value):
            return


def _summary_parts(point: Any) -> Iterator[tuple[str, float]]:
    """Yield count and sum; a quantile over all time is kept of no engine."""
    yield "_count", float(point.count)
    yield "_sum", point.sum


def _text(value: Any) -> str | None:
    """Return a value as a label has it; None for a list, a table or bytes."""
    match value.WhichOneof("value"):
        case None:
            return ""
        case "string_value":
            return str(value.string_value)
        case "bool_value":
            return "true" if value.bool_value else "false"
        case "int_value":
            return str(value.int_value)
        case "double_value":
            return repr(value.double_value)
    return None
