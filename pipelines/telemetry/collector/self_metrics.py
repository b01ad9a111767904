"""The collector's own pages, on loopback: /metrics for Prometheus and /health.

They show how scrapes go, and which samples and segments were written, dropped or lost.
"""

import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector as MetricSource
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pipelines.errors import CollectorBusy
from pipelines.telemetry.collector.collector import Collector, DiscoveryHealth, Health
from pipelines.telemetry.collector.spool import Spool

HOST = "127.0.0.1"
STOP_SECONDS = 5.0
PREFIX = "tokentide_collector"
LABELS = ("target", "source", "where")
MAX_REFUSED = 20  # sentences of a list on /health
CONTENT_TYPE = "text/plain; version=0.0.4"

# name, help text, value
COUNTERS: tuple[tuple[str, str, Callable[[Spool], float]], ...] = (
    ("segments", "Segments closed.", lambda spool: spool.tally.segments),
    ("segment_bytes", "Size of closed segments.", lambda spool: spool.tally.segment_bytes),
    ("written_samples", "Samples in closed segments.", lambda spool: spool.tally.rows),
    ("lost_samples", "Samples that could not be written.", lambda spool: spool.tally.lost_rows),
    (
        "dropped_segments",
        "Segments dropped to make room.",
        lambda spool: spool.tally.dropped_segments,
    ),
    ("dropped_bytes", "Size of dropped segments.", lambda spool: spool.tally.dropped_bytes),
)
COUNTERS_OF_SOURCES: tuple[tuple[str, str, Callable[[Health], float]], ...] = (
    ("scrapes", "Scrapes.", lambda health: health.scrapes),
    ("failed_scrapes", "Scrapes that failed.", lambda health: health.failed),
    ("samples", "Samples kept.", lambda health: health.samples),
    ("problems", "Lines and samples of pages that were odd.", lambda health: health.problems),
)
GAUGES_OF_LISTS: tuple[tuple[str, str, Callable[[DiscoveryHealth], float | None]], ...] = (
    ("discovered_targets", "Targets of a list that are scraped.", lambda health: health.targets),
    (
        "discovery_failed",
        "1 if a list could not be read the last time, else 0.",
        lambda health: bool(health.problem),
    ),
    (
        "discovery_refused_targets",
        "Targets of a list that are refused, by number of messages.",
        lambda health: len(health.refused),
    ),
    (
        "discovery_listed_time_seconds",
        "Time of the last good list.",
        lambda health: health.listed_at,
    ),
)


class SelfMetrics(MetricSource):
    """Metrics of a collector, computed for each scrape of them."""

    def __init__(self, collector: Collector) -> None:
        self._collector = collector

    def collect(self) -> Iterator[Metric]:
        """Yield every family of the page."""
        collector = self._collector
        yield GaugeMetricFamily(
            "process_start_time_seconds", "Start of the collector.", collector.started_at
        )
        yield GaugeMetricFamily(
            f"{PREFIX}_open_samples",
            "Samples that wait for the next segment.",
            collector.spool.open.rows,
        )
        for name, text, value in COUNTERS:
            yield CounterMetricFamily(f"{PREFIX}_{name}", text, value(collector.spool))
        up = GaugeMetricFamily(
            f"{PREFIX}_up", "1 if the last scrape worked, else 0.", labels=LABELS
        )
        for labels, health in self._sources():
            if health.is_up is not None:
                up.add_metric(labels, health.is_up)
        yield up
        for name, text, count in COUNTERS_OF_SOURCES:
            family = CounterMetricFamily(f"{PREFIX}_{name}", text, labels=LABELS)
            for labels, health in self._sources():
                family.add_metric(labels, count(health))
            yield family
        yield from self._discoveries()

    def _discoveries(self) -> Iterator[Metric]:
        if not self._collector.discoveries:
            return
        for name, text, value in GAUGES_OF_LISTS:
            family = GaugeMetricFamily(f"{PREFIX}_{name}", text, labels=("discovery",))
            for discovery, health in self._collector.discoveries.items():
                figure = value(health)
                if figure is not None:
                    family.add_metric([discovery], figure)
            yield family

    def _sources(self) -> Iterator[tuple[list[str], Health]]:
        for loop in self._collector.loops:
            yield [loop.target.name, loop.engine, loop.address], loop.health


@contextmanager
def serve_self_metrics(collector: Collector, port: int) -> Iterator[int]:
    """Serve /metrics and /health in a thread while the `with` lasts; port 0 serves nothing."""
    if not port:
        yield 0
        return
    try:
        listener = socket.create_server((HOST, port))
    except OSError as error:
        raise CollectorBusy(
            f"Port {port} is taken ({error.strerror}). Choose another with --port, or 0 for none."
        ) from error
    config = uvicorn.Config(
        make_app(collector),
        log_level=logging.CRITICAL,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    # Outside the main thread uvicorn leaves the signals to us.
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    try:
        yield port
    finally:
        server.should_exit = True
        thread.join(STOP_SECONDS)
        listener.close()


def make_app(collector: Collector) -> Starlette:
    """Make the application with both pages."""
    registry = CollectorRegistry()
    registry.register(SelfMetrics(collector))

    async def metrics(request: Request) -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE)

    async def health(request: Request) -> Response:
        is_writing_well = collector.spool.tally.is_writing_well
        return JSONResponse(summarise_health(collector), 200 if is_writing_well else 503)

    return Starlette(routes=[Route("/metrics", metrics), Route("/health", health)])


def summarise_health(collector: Collector) -> dict[str, Any]:
    """Summarise whether segments can be written, which sources are down, what is left out."""
    tally = collector.spool.tally
    down = {
        f"{loop.target.name} {loop.address}": loop.health.reason
        for loop in collector.loops
        if loop.health.is_up is False
    }
    left_out = {
        f"{loop.target.name} {loop.address}": loop.health.hint
        for loop in collector.loops
        if loop.health.hint
    }
    return {
        "status": "ok" if tally.is_writing_well else "segments cannot be written",
        "sources": len(collector.loops),
        "down": down,
        "left_out": left_out,
        "lists": {
            name: {
                "targets": health.targets,
                "refused": list(health.refused[:MAX_REFUSED]),
                "problem": health.problem,
                "listed_at": health.listed_at,
            }
            for name, health in collector.discoveries.items()
        },
        "last_segment_at": tally.closed_at,
        "lost_samples": tally.lost_rows,
    }
