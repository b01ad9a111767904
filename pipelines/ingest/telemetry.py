"""Ingest of telemetry: load closed segments; build, audit, publish.

Dagster's asset and the command call these functions.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pipelines.alerts.checking import publish_and_alert
from pipelines.archive import utc_now
from pipelines.errors import BadSetting
from pipelines.loading.telemetry.forgetting import Forgotten, record_forgotten
from pipelines.loading.telemetry.segment_files import SpoolFolders
from pipelines.loading.telemetry.segments import TelemetryLoadResult, load_segments
from pipelines.loading.telemetry.tier_file import next_instant
from pipelines.publish.generations import Generation
from pipelines.settings import Settings
from pipelines.telemetry.backfill import text_files
from pipelines.telemetry.backfill.prometheus import PrometheusRange, read_history
from pipelines.telemetry.collector.segments import Scrape
from pipelines.telemetry.collector.spool import Spool
from pipelines.telemetry.config.tier import Target, Tier, read_tier
from pipelines.telemetry.config.tier_records import TierRecord, tier_entries, write_record
from pipelines.transform.build import BuildResult, build
from pipelines.transform.build import Progress as BuildProgress
from warehouse.connection import session

MAX_BACKFILL_MIB = 4096  # of segments that are loaded at once

OnSegment = Callable[[str], None]
"""Takes the name of each segment that is loaded."""


@dataclass(frozen=True)
class TelemetryIngest:
    """Result of one ingest: load, build and generation."""

    loaded: TelemetryLoadResult
    built: BuildResult
    generation: Generation

    @property
    def is_complete(self) -> bool:
        """True where every segment was readable."""
        return not self.loaded.unreadable


def load(
    settings: Settings,
    on_segment: OnSegment = lambda name: None,
    warehouse: Path | None = None,
) -> TelemetryLoadResult:
    """Load the closed segments, and the tier file if there is one."""
    tier = read_tier(settings.tier) if settings.tier.exists() else None
    with session(warehouse or settings.warehouse) as con:
        return load_segments(con, SpoolFolders.of(settings), tier, on_segment)


def ingest_telemetry(
    settings: Settings,
    on_segment: OnSegment = lambda name: None,
    progress: BuildProgress | None = None,
) -> TelemetryIngest:
    """Load the closed segments; build, audit and publish."""
    return TelemetryIngest(
        load(settings, on_segment), build(settings, progress=progress), publish_and_alert(settings)
    )


def take_pages(settings: Settings, folder: Path, target: str, use_file_time: bool = False) -> int:
    """Make segments of one target's archived pages (`*.txt`), to be loaded; return their number."""
    if not folder.is_dir():
        raise BadSetting(f"{folder} is not a folder. Name the one that holds the pages.")
    tier = _read_tier(settings)
    found = find_target(tier, target)
    pages = text_files.read_pages(folder, found, tier.own_page_pick(found), use_file_time)
    count = _store(pages, settings.pages_spool)
    if not count:
        raise BadSetting(f"{folder} holds no *.txt pages. Name the folder that holds them.")
    return count


def take_history(settings: Settings, history: PrometheusRange, target: str) -> int:
    """Make segments of one target's samples in a Prometheus; return the number of scrapes."""
    scrapes = read_history(history, find_target(_read_tier(settings), target))
    return _store(scrapes, settings.history_spool)


def forget_telemetry(
    settings: Settings, name: str, since: datetime | None = None, until: datetime | None = None
) -> None:
    """Record that samples of a segment or a target are taken back; the next load does it.

    Instants without a zone are UTC. A target may have left the tier file. Raise BadSetting where no
    loaded segment has this name.
    """
    folders = SpoolFolders.of(settings)
    first, last = (each and each.replace(tzinfo=each.tzinfo or UTC) for each in (since, until))
    if name.endswith(".parquet"):
        if not any(segment.name == name for segment in folders.list_archived()):
            raise BadSetting(
                f"No loaded segment is called {name}. "
                'tokentide sql "from telemetry_log" lists them.'
            )
        forgotten = Forgotten(utc_now(), segment_id=name, first_at=first, last_at=last)
    else:
        forgotten = Forgotten(utc_now(), target=name, first_at=first, last_at=last)
    record_forgotten(folders, forgotten)


def correct_tier(
    settings: Settings, holds_from: datetime | None = None, sections: Collection[str] = ()
) -> TierRecord:
    """Record that the tier file as it is now held from an instant on, or always.

    The next load applies it. What waits is loaded before, so that the file as it is now is recorded
    as such. Raise BadSetting where the instant is to come, or the file has none of the sections.
    """
    tier, now = read_tier(settings.tier), utc_now()
    if holds_from and holds_from >= now:
        raise BadSetting(
            f"{holds_from.isoformat()} is to come. The file holds from now on by itself; "
            "a correction is about the past."
        )
    entries = tuple(each for each in tier_entries(tier) if not sections or each.section in sections)
    if missing := set(sections) - {each.section for each in entries}:
        raise BadSetting(f"{settings.tier} has no {min(missing)}. Name a section that it has.")
    with session(settings.warehouse) as con:
        load_segments(con, SpoolFolders.of(settings), tier)
        record = TierRecord(next_instant(con, now), "correction", entries, holds_from=holds_from)
        write_record(settings.tier_spool, record)
    return record


def find_target(tier: Tier, name: str) -> Target:
    """Return the target of this name; raise BadSetting with the known names if there is none."""
    known = {target.name: target for target in tier.targets}
    if name not in known:
        raise BadSetting(
            f"The tier file has no target {name!r}, only {', '.join(sorted(known)) or 'none'}. "
            "Name one, or add it there."
        )
    return known[name]


def _read_tier(settings: Settings) -> Tier:
    if not settings.tier.exists():
        raise BadSetting(
            f"{settings.tier} is not there, so the target is not known. "
            "Copy tier.toml.example and fill it in."
        )
    return read_tier(settings.tier)


def _store(scrapes: Iterable[Scrape], folder: Path) -> int:
    return text_files.store(scrapes, Spool(folder, MAX_BACKFILL_MIB))
