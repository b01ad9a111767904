"""Scrapes in one line, segments of them, a home to load them into, a look at the facts."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
from support.loading import fresh_warehouse

from pipelines.loading.telemetry.segment_files import SpoolFolders
from pipelines.loading.telemetry.segments import TelemetryLoadResult, load_segments
from pipelines.settings import Settings
from pipelines.telemetry.collector.segments import Scrape, SegmentWriter
from pipelines.telemetry.config.tier import Tier, parse_tier
from pipelines.telemetry.metrics.normalise import up_series
from pipelines.telemetry.metrics.vocabulary import Series

# A whole hour, so that a test can say "ten past".
START = datetime(2026, 8, 22, 7, tzinfo=UTC)
PROCESS_START = START - timedelta(hours=5)
TOKENS = Series("generation_tokens", "counter", model_name="m")
FACTS = (
    "scrapes",
    "counter_minutes",
    "histogram_hours",
    "gauge_minutes",
    "energy_hours",
    "coverage_minutes",
    "stack_versions",
    "scrape_outcome_hours",
)
HOUR = 3600
Rows = list[tuple[Any, ...]]


def tier(engine: str = "vllm", **more: float) -> Tier:
    """Make a tier with one target `t` that serves `m`."""
    keys = "\n".join(f"{key} = {value}" for key, value in more.items())
    return parse_tier(
        f'[[target]]\nname = "t"\nurl = "http://h:1/metrics"\nengine = "{engine}"\n'
        f'model_map = {{ m = "lab/m" }}\n{keys}\n'
    )


def scrape(
    seconds: float,
    values: Mapping[Series, float] | float | None,
    started: datetime | None = PROCESS_START,
    target: str = "t",
    up_metric: str = "up",
) -> Scrape:
    """Make a scrape at this number of seconds after START.

    `values` are its samples, or the tokens served until then, or None for a failed scrape.
    """
    at = round((START + timedelta(seconds=seconds)).timestamp() * 1e6)
    if values is None:
        return Scrape(target, "vllm", at, None, (up_series(up_metric, reason="timeout"),), (0.0,))
    started_at = None if started is None else round(started.timestamp() * 1e6)
    samples = values if isinstance(values, Mapping) else {TOKENS: values}
    up = up_series(up_metric, samples=str(len(samples)), problems="0")
    return Scrape(target, "vllm", at, started_at, (*samples, up), (*samples.values(), 1.0))


def stretch(*scrapes: tuple[float, float | None]) -> list[Scrape]:
    """Make scrapes of (second, tokens or None), with power."""
    watts = Series("power_watts", "gauge", device="0")
    return [
        scrape(second, value if value is None else {TOKENS: value, watts: value % 90})
        for second, value in scrapes
    ]


# Across the edge of an hour; within an hour whose edge stays; hours apart; failed scrapes long
# after the last good one.
STRETCHES = [
    stretch((10, 100), (HOUR - 5, 200), (HOUR + 5, 210)),
    stretch((1800, 150)),
    stretch((2 * HOUR + 60, 300)),
    stretch((3 * HOUR, None), (4 * HOUR, None), (5 * HOUR, 400)),
]


class TelemetryHome:
    """A warehouse in memory, spools and an archive in a folder."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(home=folder)
        self.folders = SpoolFolders.of(self.settings)
        self.spool = self.settings.telemetry_spool
        self.con = fresh_warehouse()
        self._writer = SegmentWriter(self.spool)

    def close(self, scrapes: Sequence[Scrape]) -> Path:
        """Write a closed segment of these scrapes."""
        path = self._writer.write(scrapes)
        assert path
        return path

    def load(self, *segments: Sequence[Scrape], tier: Tier | None = None) -> TelemetryLoadResult:
        """Close these segments, then load all that wait."""
        for scrapes in segments:
            self.close(scrapes)
        return load_segments(self.con, self.folders, tier)

    def rows(self, query: str) -> Rows:
        """Return all rows of a query."""
        return self.con.sql(query).fetchall()

    def growth(self, where: str = "true") -> float:
        """Return the growth of all counters together."""
        [(growth,)] = self.rows(
            f"select coalesce(sum(growth), 0) from ledger.counter_minutes where {where}"
        )
        return float(growth)

    def facts(self) -> dict[str, Rows]:
        """Return every fact of the ledger."""
        return read_facts(self.con)


def read_facts(con: duckdb.DuckDBPyConnection) -> dict[str, Rows]:
    """Return every fact of a warehouse's ledger."""
    return {table: con.sql(f"from ledger.{table} order by all").fetchall() for table in FACTS}
