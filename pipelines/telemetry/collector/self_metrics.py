"""The collector's own page: how every scrape goes, what was written, dropped or lost. On loopback only."""

import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from pipelines.errors import CollectorBusy
from pipelines.telemetry.collector.collector import Collector, ScrapeLoop
from pipelines.telemetry.metrics.vocabulary import label_text

HOST = "127.0.0.1"
STOP_SECONDS = 5.0


@contextmanager
def own_page(collector: Collector, port: int) -> Iterator[int]:
    """Serve /metrics and /health in a thread while the `with` lasts; yields the port, which 0 leaves unserved."""
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
    # In a thread of its own uvicorn leaves the signals to us.
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    try:
        yield port
    finally:
        server.should_exit = True
        thread.join(STOP_SECONDS)
        listener.close()


def make_app(collector: Collector) -> Starlette:
    """The two pages."""

    async def metrics(request: Request) -> Response:
        return PlainTextResponse(page_text(collector), media_type="text/plain; version=0.0.4")

    async def health(request: Request) -> Response:
        return JSONResponse(
            health_of(collector), 200 if collector.spool.tally.is_writing_well else 503
        )

    return Starlette(routes=[Route("/metrics", metrics), Route("/health", health)])


def health_of(collector: Collector) -> dict[str, object]:
    """Whether segments can be written, and which sources do not answer."""
    tally = collector.spool.tally
    down = {
        f"{source.target.name} {source.where}": source.health.reason
        for source in collector.sources
        if source.health.is_up is False
    }
    return {
        "status": "ok" if tally.is_writing_well else "segments cannot be written",
        "sources": len(collector.sources),
        "down": down,
        "last_segment_at": tally.closed_at,
        "lost_samples": tally.lost_rows,
    }


def page_text(collector: Collector) -> str:
    """Prometheus' text format."""
    tally = collector.spool.tally
    lines = [
        *_single(
            "process_start_time_seconds",
            "gauge",
            "When the collector started.",
            collector.started_at,
        ),
        *_single(
            "tokentide_collector_open_samples",
            "gauge",
            "Samples that wait for the next segment.",
            collector.spool.open.rows,
        ),
        *_single(
            "tokentide_collector_segments_total", "counter", "Segments closed.", tally.segments
        ),
        *_single(
            "tokentide_collector_segment_bytes_total", "counter", "Their size.", tally.segment_bytes
        ),
        *_single(
            "tokentide_collector_written_samples_total", "counter", "Samples in them.", tally.rows
        ),
        *_single(
            "tokentide_collector_lost_samples_total",
            "counter",
            "Samples that could not be written.",
            tally.lost_rows,
        ),
        *_single(
            "tokentide_collector_dropped_segments_total",
            "counter",
            "Segments dropped for room.",
            tally.dropped_segments,
        ),
        *_single(
            "tokentide_collector_dropped_bytes_total", "counter", "Their size.", tally.dropped_bytes
        ),
        *_family(
            "up",
            "gauge",
            "Whether the last scrape worked.",
            {source: source.health.is_up for source in collector.sources},
        ),
        *_family(
            "scrapes_total",
            "counter",
            "Scrapes.",
            {source: source.health.scrapes for source in collector.sources},
        ),
        *_family(
            "failed_scrapes_total",
            "counter",
            "Of them, failed.",
            {source: source.health.failed for source in collector.sources},
        ),
        *_family(
            "samples_total",
            "counter",
            "Samples kept.",
            {source: source.health.samples for source in collector.sources},
        ),
        *_family(
            "problems_total",
            "counter",
            "Lines not kept as sent.",
            {source: source.health.problems for source in collector.sources},
        ),
    ]
    return "\n".join(lines) + "\n"


def _single(name: str, kind: str, text: str, value: float) -> Iterator[str]:
    yield f"# HELP {name} {text}"
    yield f"# TYPE {name} {kind}"
    yield f"{name} {float(value)!r}"


def _family(
    name: str, kind: str, text: str, values: dict[ScrapeLoop, float | None]
) -> Iterator[str]:
    name = f"tokentide_collector_{name}"
    yield f"# HELP {name} {text}"
    yield f"# TYPE {name} {kind}"
    for source, value in values.items():
        if value is not None:
            labels = label_text(
                {"target": source.target.name, "source": source.engine, "where": source.where}
            )
            yield f"{name}{{{labels}}} {float(value)!r}"
