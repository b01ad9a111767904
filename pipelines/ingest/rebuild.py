"""Rebuilding of the whole warehouse from the raw archive, offline.

The old one is used until the new one is complete.
"""

from dataclasses import dataclass

from pipelines.archive import Archive
from pipelines.database_files import new_database
from pipelines.errors import NothingArchived
from pipelines.ingest.market import load_archive
from pipelines.ingest.telemetry import load as load_telemetry
from pipelines.loading.answers import load_answers
from pipelines.loading.telemetry.segment_files import SpoolFolders
from pipelines.publish.generations import Generation, publish
from pipelines.settings import Settings
from pipelines.transform.dbt import BuildResult, Progress, build, build_lock
from warehouse.connection import session


@dataclass(frozen=True)
class RebuildResult:
    """The number of answers that were loaded, the build, and the generation that was published."""

    answers: int
    built: BuildResult
    generation: Generation


def rebuild(settings: Settings, progress: Progress | None = None) -> RebuildResult:
    """Load every archived answer into a fresh warehouse, build, replace the old one, publish."""
    archive = Archive(settings.archive)
    if archive.origin is None and not SpoolFolders.of(settings).list_archived():
        raise NothingArchived(
            f"{settings.archive} holds no answers. "
            "Run `tokentide ingest market` or `tokentide ingest telemetry` first."
        )
    # In another folder under the usual name: DuckDB's views remember the name of their file.
    fresh = settings.home / "rebuilding" / settings.warehouse.name
    with build_lock(settings, "rebuilding.lock"), new_database(fresh, settings.warehouse):
        with session(fresh) as con:
            answers = load_answers(con, archive)
        load_telemetry(settings, warehouse=fresh)
        built = build(settings, fresh, progress)
    fresh.parent.rmdir()
    # What another run archived meanwhile.
    answers += load_archive(settings)
    return RebuildResult(answers, built, publish(settings))
