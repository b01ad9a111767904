"""Makes the whole warehouse again from the raw archive, offline, and publishes it. The old one is used until the new one is complete."""

import shutil
from dataclasses import dataclass

from pipelines.archive import Archive
from pipelines.errors import NothingArchived
from pipelines.ingest.market import land
from pipelines.ingest.telemetry import load as load_telemetry
from pipelines.loading.answers import load_answers
from pipelines.loading.telemetry.segment_files import SpoolFolders
from pipelines.publish.generations import Generation, publish
from pipelines.settings import Settings
from pipelines.transform.dbt import BuildResult, Progress, build
from warehouse.connection import open_warehouse
from warehouse.migrate import migrate


@dataclass(frozen=True)
class RebuildResult:
    """How many answers the warehouse was made of, and what came of it."""

    answers: int
    built: BuildResult
    generation: Generation


def rebuild(settings: Settings, progress: Progress | None = None) -> RebuildResult:
    """Land every archived answer in a fresh warehouse, build, audit, put it in place of the old one, publish."""
    archive = Archive(settings.archive)
    if archive.origin is None and not SpoolFolders.of(settings).list_archived():
        raise NothingArchived(
            f"{settings.archive} holds no answers. Run `tokentide ingest market` or `tokentide ingest telemetry` first."
        )
    # In a folder of its own under the usual name: DuckDB's views remember the name of their file.
    fresh = settings.home / "rebuilding" / settings.warehouse.name
    shutil.rmtree(fresh.parent, ignore_errors=True)
    con = open_warehouse(fresh)
    try:
        migrate(con)
        answers = load_answers(con, archive)
    finally:
        con.close()
    load_telemetry(settings, warehouse=fresh)
    built = build(settings, fresh, progress)
    fresh.replace(settings.warehouse)
    fresh.parent.rmdir()
    # What another run kept in the archive meanwhile.
    answers += land(settings)
    return RebuildResult(answers, built, publish(settings))
