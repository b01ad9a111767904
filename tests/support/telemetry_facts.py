"""What tests of the ledger use by name: scrapes in one line, segments of them, a home to load them into, a look at the facts."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
from support.loading import fresh

from pipelines.loading.telemetry.segment_files import SpoolFolders, spools_of
from pipelines.loading.telemetry.segments import TelemetryLoadResult, load_segments
from pipelines.settings import Settings
from pipelines.telemetry.collector.segments import Scrape, SegmentWriter
from pipelines.telemetry.config.tier import Tier, parse_tier
from pipelines.telemetry.metrics.normalise import up
from pipelines.telemetry.metrics.vocabulary import Series

# A whole hour, so that a test can say "ten past".
START = datetime(2026, 8, 22, 7, tzinfo=UTC)
BORN = START - timedelta(hours=5)
TOKENS = Series("generation_tokens", "counter", model_name="m")
FACTS = (
    "scrapes",
    "counter_minutes",
    "histogram_hours",
    "gauge_minutes",
    "energy_hours",
    "coverage_minutes",
    "stack_versions",
)
Rows = list[tuple[Any, ...]]


def tier(engine: str = "vllm", **more: float) -> Tier:
    """One target `t` that serves `m`."""
    keys = "\n".join(f"{key} = {value}" for key, value in more.items())
    return parse_tier(
        f'[[target]]\nname = "t"\nurl = "http://h:1/metrics"\nengine = "{engine}"\nmodel_map = {{ m = "lab/m" }}\n{keys}\n'
    )


def scrape(
    seconds: float,
    values: Mapping[Series, float] | float | None,
    born: datetime | None = BORN,
    target: str = "t",
    source: str = "up",
) -> Scrape:
    """A scrape so many seconds after START: of these samples, of the tokens served so far, or (None) one that failed."""
    at = round((START + timedelta(seconds=seconds)).timestamp() * 1e6)
    started_at = None if born is None or values is None else round(born.timestamp() * 1e6)
    if values is None:
        return Scrape(target, "vllm", at, None, (up(source, reason="timeout"),), (0.0,))
    samples = values if isinstance(values, Mapping) else {TOKENS: values}
    said = up(source, samples=str(len(samples)), problems="0")
    return Scrape(target, "vllm", at, started_at, (*samples, said), (*samples.values(), 1.0))


class Home:
    """A warehouse in memory, spools and an archive in a folder."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(home=folder)
        self.places = SpoolFolders(spools_of(self.settings), self.settings.telemetry_archive)
        self.spool = self.settings.telemetry_spool
        self.con = fresh()
        self._segments = SegmentWriter(self.spool)

    def close(self, scrapes: Sequence[Scrape]) -> Path:
        """A closed segment of these scrapes."""
        path = self._segments.write(scrapes)
        assert path
        return path

    def load(self, *segments: Sequence[Scrape], tier: Tier | None = None) -> TelemetryLoadResult:
        """Close these segments, then load whatever waits."""
        for scrapes in segments:
            self.close(scrapes)
        return load_segments(self.con, self.places, tier)

    def rows(self, query: str) -> Rows:
        """All rows of a query."""
        return self.con.sql(query).fetchall()

    def growth(self, where: str = "true") -> float:
        """What counters grew by, all together."""
        [(growth,)] = self.rows(
            f"select coalesce(sum(growth), 0) from ledger.counter_minutes where {where}"
        )
        return float(growth)

    def facts(self) -> dict[str, Rows]:
        """Every fact of the ledger."""
        return facts(self.con)


def facts(con: duckdb.DuckDBPyConnection) -> dict[str, Rows]:
    """Every fact of a warehouse's ledger."""
    return {table: con.sql(f"from ledger.{table} order by all").fetchall() for table in FACTS}
