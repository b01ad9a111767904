"""Rebuilding of the whole warehouse from the raw archive, offline.

The old one is used until the new one is complete, and is never replaced by one that knows less: an
answer or a segment that the archive has lost is an error. With `allow_missing` the rest is
published, what is missing is listed, and the old warehouse is kept:

    replaced/20261128T153000123456Z-warehouse.duckdb
"""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.alerts.checking import publish_and_alert
from pipelines.archive import Archive, utc_now
from pipelines.database_files import swap_database
from pipelines.errors import ArchiveIncomplete, BadSetting, NothingArchived
from pipelines.ingest.holes import Hole, KnownBefore, find_holes, known_before, record_missing
from pipelines.ingest.market import load_archive
from pipelines.ingest.telemetry import load as load_telemetry
from pipelines.loading.answers import load_answers
from pipelines.loading.telemetry.segment_files import SpoolFolders
from pipelines.loading.telemetry.segments import TelemetryLoadResult
from pipelines.publish.generations import Generation
from pipelines.settings import Settings
from pipelines.transform.build import BuildResult, Progress, build, build_lock
from warehouse.connection import session

MAX_LISTED = 20
LoadTelemetry = Callable[[Path], TelemetryLoadResult]
"""Loads every segment into the warehouse of this path."""


@dataclass(frozen=True)
class RebuildResult:
    """The number of answers that were loaded, the build, and the generation that was published.

    `holes` is what the archive has lost, and `kept` the old warehouse, which still has it or could
    not be opened.
    """

    answers: int
    built: BuildResult
    generation: Generation
    holes: Sequence[Hole] = ()
    kept: Path | None = None


def rebuild(
    settings: Settings,
    progress: Progress | None = None,
    *,
    allow_missing: bool = False,
    load_segments: LoadTelemetry | None = None,
) -> RebuildResult:
    """Load every archived answer into a fresh warehouse, build, replace the old one, publish.

    `load_segments` loads segments that are elsewhere than in the home, such as in the lake. Raise
    ArchiveIncomplete where the archive has holes, unless they are allowed.
    """
    archive = Archive(settings.archive)
    if settings.services.lake and not load_segments:
        raise BadSetting(
            "TOKENTIDE_LAKE is set, and this would load only the segments of the home. "
            "Run `tokentide rebuild` on the builder's host, which reads the lake."
        )
    has_segments = load_segments or SpoolFolders.of(settings).list_archived()
    if archive.origin is None and not has_segments:
        raise NothingArchived(
            f"{settings.archive} holds no answers. "
            "Run `tokentide ingest market` or `tokentide ingest telemetry` first."
        )
    # In another folder under the usual name: DuckDB's views remember the name of their file.
    fresh = settings.home / "rebuilding" / settings.warehouse.name
    with build_lock(settings, "rebuilding.lock"):
        shutil.rmtree(fresh.parent, ignore_errors=True)
        try:
            # Read first: what another run archives meanwhile is loaded at the end.
            before = known_before(settings.warehouse)
            load = load_segments or (lambda path: load_telemetry(settings, warehouse=path))
            answers, holes = _load(settings, archive, fresh, before, load)
            if holes and not allow_missing:
                raise ArchiveIncomplete(_in_words(holes, settings))
            built = build(settings, fresh, progress)
            kept = _place_of_old(settings) if before.exists and (holes or before.damage) else None
            swap_database(fresh, settings.warehouse, kept)
        finally:
            shutil.rmtree(fresh.parent, ignore_errors=True)
    # What another run archived meanwhile.
    answers += load_archive(settings)
    return RebuildResult(answers, built, publish_and_alert(settings), holes, kept)


def _load(
    settings: Settings, archive: Archive, fresh: Path, before: KnownBefore, load: LoadTelemetry
) -> tuple[int, list[Hole]]:
    """Load the archive; return the number of answers, and what the old warehouse had besides."""
    with session(fresh) as con:
        answers = load_answers(con, archive)
        record_missing(con, before)
    telemetry = load(fresh)
    with session(fresh) as con:
        return answers, find_holes(con, before, telemetry, SpoolFolders.of(settings))


def _place_of_old(settings: Settings) -> Path:
    return settings.home / "replaced" / f"{utc_now():%Y%m%dT%H%M%S%fZ}-{settings.warehouse.name}"


def _in_words(holes: Sequence[Hole], settings: Settings) -> str:
    listed = [f"  {hole.what}: {hole.reason}" for hole in holes[:MAX_LISTED]]
    more = [f"  and {len(holes) - MAX_LISTED} more"] if len(holes) > MAX_LISTED else []
    return "\n".join(
        [
            f"{settings.archive} has lost {len(holes)} of the answers and segments that the "
            "warehouse was made of, so the warehouse stays as it is:",
            *listed,
            *more,
            "Restore them from a copy of the archive, or fetch the same days again. "
            "`tokentide rebuild --allow-missing` publishes what is left, and keeps the old file.",
        ]
    )
