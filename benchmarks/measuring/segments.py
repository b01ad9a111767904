"""Segments of a large tier: some 50 series of each target, with counters that grow evenly."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipelines.telemetry.collector.segments import Scrape, SegmentWriter
from pipelines.telemetry.metrics.normalise import up_series
from pipelines.telemetry.metrics.vocabulary import Series

START = datetime(2026, 8, 22, 7, tzinfo=UTC)
BUCKETS = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, float("inf"))
COUNTERS = (
    "prompt_tokens",
    "generation_tokens",
    "cached_prompt_tokens",
    "preemptions",
    "prefix_queries",
    "prefix_hits",
)
HISTOGRAMS = ("ttft_seconds", "e2e_seconds", "tpot_seconds")
GAUGES = ("requests_running", "requests_waiting", "cache_usage")


def write_minute(folder: Path, minute: int, targets: int, scrape_seconds: int) -> None:
    """Write a segment with a minute of scrapes into a spool's folder."""
    series = all_series()
    started = round((START - timedelta(hours=5)).timestamp() * 1e6)
    scrapes = []
    for second in range(minute * 60, minute * 60 + 60, scrape_seconds):
        at = round((START + timedelta(seconds=second + 1)).timestamp() * 1e6)
        values = tuple(
            1.0 if each.kind == "gauge" else 1000.0 + second * place
            for place, each in enumerate(series, start=1)
        )
        scrapes += [
            Scrape(f"replica-{number}", "vllm", at + number, started, series, values)
            for number in range(targets)
        ]
    SegmentWriter(folder).write(scrapes)


def all_series() -> tuple[Series, ...]:
    """Return the series of one target's page and of its device."""
    series = [Series(name, "counter", model_name="m") for name in COUNTERS]
    series += [
        Series("requests_finished", "counter", model_name="m", labels=f'reason="{reason}"')
        for reason in ("stop", "length", "abort")
    ]
    for name in HISTOGRAMS:
        series += [Series(name, "histogram", "bucket", model_name="m", le=le) for le in BUCKETS]
        series += [Series(name, "histogram", part, model_name="m") for part in ("sum", "count")]
    series += [Series(name, "gauge", model_name="m") for name in GAUGES]
    series.append(Series("power_watts", "gauge", device="0", labels='provenance="measured"'))
    return (*series, up_series("up", samples="50", problems="0"))
