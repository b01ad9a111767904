"""Telemetry, end to end: take in what was closed, build, audit, publish. Dagster's asset and the command call the functions here."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from pipelines.errors import BadSetting
from pipelines.loading.telemetry.segment_files import SpoolFolders
from pipelines.loading.telemetry.segments import TelemetryLoadResult, load_segments
from pipelines.publish.generations import Generation, publish
from pipelines.settings import Settings
from pipelines.telemetry.backfill import text_files
from pipelines.telemetry.backfill.prometheus import PrometheusRange, read_history
from pipelines.telemetry.collector.segments import Scrape
from pipelines.telemetry.collector.spool import Spool
from pipelines.telemetry.config.tier import Target, Tier, read_tier
from pipelines.transform.dbt import BuildResult, build
from pipelines.transform.dbt import Progress as BuildProgress
from warehouse.connection import open_warehouse
from warehouse.migrate import migrate

MAX_MIB = 4096  # of segments made of the past, which are loaded at once

Say = Callable[[str], None]


@dataclass(frozen=True)
class TelemetryIngest:
    """What one ingest took in, built and published."""

    loaded: TelemetryLoadResult
    built: BuildResult
    generation: Generation

    @property
    def is_complete(self) -> bool:
        """Whether every segment could be read."""
        return not self.loaded.unreadable


def load(
    settings: Settings, say: Say = lambda what: None, warehouse: Path | None = None
) -> TelemetryLoadResult:
    """Bring the warehouse up to the closed segments; a tier file that is not there leaves what is known of the tier as it was."""
    tier = read_tier(settings.tier) if settings.tier.exists() else None
    con = open_warehouse(warehouse or settings.warehouse)
    try:
        migrate(con)
        return load_segments(con, SpoolFolders.of(settings), tier, say)
    finally:
        con.close()


def ingest_telemetry(
    settings: Settings, say: Say = lambda what: None, progress: BuildProgress | None = None
) -> TelemetryIngest:
    """Load what was closed, then build, audit and publish it."""
    return TelemetryIngest(
        load(settings, say), build(settings, progress=progress), publish(settings)
    )


def take_pages(settings: Settings, folder: Path, target: str) -> int:
    """Make segments of archived pages (`*.txt`) of one target; how many pages there were. The next load takes them in."""
    if not folder.is_dir():
        raise BadSetting(f"{folder} is not a folder. Name the one that holds the pages.")
    count = _store(
        text_files.read_pages(folder, target_of(_tier(settings), target)), settings.pages_spool
    )
    if not count:
        raise BadSetting(f"{folder} holds no *.txt pages. Name the folder that holds them.")
    return count


def take_history(settings: Settings, history: PrometheusRange, target: str) -> int:
    """Make segments of what an existing Prometheus or VictoriaMetrics knows of one target; how many scrapes it remembers."""
    return _store(read_history(history, target_of(_tier(settings), target)), settings.history_spool)


def target_of(tier: Tier, name: str) -> Target:
    """The target of this name in the tier file."""
    known = {target.name: target for target in tier.targets}
    if name not in known:
        raise BadSetting(
            f"The tier file has no target {name!r}, only {', '.join(sorted(known)) or 'none'}. Name one, or add it there."
        )
    return known[name]


def _tier(settings: Settings) -> Tier:
    if not settings.tier.exists():
        raise BadSetting(
            f"{settings.tier} is not there, so the target is not known. Copy tier.toml.example and fill it in."
        )
    return read_tier(settings.tier)


def _store(scrapes: Iterable[Scrape], folder: Path) -> int:
    return text_files.store(scrapes, Spool(folder, MAX_MIB))
