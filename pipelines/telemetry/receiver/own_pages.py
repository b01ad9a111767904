"""The receiver's own pages: /metrics for Prometheus, and /health."""

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector as MetricSource
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pipelines.telemetry.receiver.receiver import PushReceiver

PREFIX = "tokentide_receiver"
CONTENT_TYPE = "text/plain; version=0.0.4"
# name, help text, value
TOTALS: tuple[tuple[str, str, Callable[[PushReceiver], float]], ...] = (
    ("requests", "Requests taken in.", lambda each: each.tally.requests),
    (
        "refused_requests",
        "Requests that were damaged, too large or of an unknown kind.",
        lambda each: each.tally.refused_requests,
    ),
    (
        "waiting_requests",
        "Requests that were asked to come again.",
        lambda each: each.tally.waiting_requests,
    ),
    ("segments", "Segments closed.", lambda each: each.tally.segments),
    ("segment_bytes", "Size of closed segments.", lambda each: each.tally.segment_bytes),
    ("written_samples", "Samples in closed segments.", lambda each: each.tally.rows),
    (
        "recovered_samples",
        "Samples of journals that a killed receiver left.",
        lambda each: each.tally.recovered,
    ),
    ("problems", "Samples that were odd.", lambda each: each.pages.problems),
)
# outcome of pushed samples, value
OUTCOMES: tuple[tuple[str, Callable[[PushReceiver], float]], ...] = (
    ("kept", lambda each: each.tally.kept),
    ("left_out", lambda each: each.tally.left_out),
    ("of_no_target", lambda each: each.pages.homeless),
    ("stale_marker", lambda each: each.tally.markers),
    ("refused", lambda each: each.tally.refused),
    ("refused_native_histogram", lambda each: each.tally.histograms),
    ("refused_exemplar", lambda each: each.tally.exemplars),
    ("left_out_exemplar", lambda each: each.tally.left_out_exemplars),
)


class ReceiverMetrics(MetricSource):
    """Metrics of a receiver, computed for each scrape of them."""

    def __init__(self, receiver: PushReceiver) -> None:
        self._receiver = receiver

    def collect(self) -> Iterator[Metric]:
        """Yield every family of the page."""
        receiver = self._receiver
        yield GaugeMetricFamily(
            "process_start_time_seconds", "Start of the receiver.", receiver.started_at
        )
        yield GaugeMetricFamily(
            f"{PREFIX}_open_samples",
            "Samples that wait for a segment.",
            receiver.pages.samples + receiver.held.rows,
        )
        yield GaugeMetricFamily(
            f"{PREFIX}_servers", "Servers that push and are targets.", receiver.servers
        )
        for name, text, value in TOTALS:
            yield CounterMetricFamily(f"{PREFIX}_{name}", text, value(receiver))
        family = CounterMetricFamily(
            f"{PREFIX}_samples", "Pushed samples, by what became of them.", labels=("outcome",)
        )
        for outcome, value in OUTCOMES:
            family.add_metric([outcome], value(receiver))
        yield family


def make_routes(receiver: PushReceiver) -> list[Route]:
    """Make the routes of both pages."""
    registry = CollectorRegistry()
    registry.register(ReceiverMetrics(receiver))

    async def metrics(request: Request) -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE)

    async def health(request: Request) -> Response:
        problem = receiver.problem()
        content = {
            "status": problem or "ok",
            "servers": receiver.servers,
            "last_segment_at": receiver.tally.closed_at,
        }
        return JSONResponse(content, 503 if problem else 200)

    return [Route("/metrics", metrics), Route("/health", health)]
