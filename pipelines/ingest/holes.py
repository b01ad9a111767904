"""Holes of the archive: what its log names, or a warehouse was made of, and a rebuild lacks."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import polars as pl

from pipelines.loading.telemetry.segment_files import SpoolFolders
from pipelines.loading.telemetry.segments import TelemetryLoadResult
from pipelines.sql import read_sql
from warehouse.changes import mark_changed
from warehouse.connection import session

log = logging.getLogger(__name__)

ANSWERS_BEFORE = "from raw.answers where outcome <> 'damaged'"
SEGMENTS_BEFORE = "from raw.telemetry_segments where outcome <> 'unreadable'"
MISSING_ANSWERS, HOLES = (read_sql(__file__, name) for name in ("missing_answers", "holes"))


@dataclass(frozen=True)
class Hole:
    """An answer or a segment that is not in the archive, or not whole, and why."""

    what: str
    reason: str


@dataclass(frozen=True)
class KnownBefore:
    """Answers and segments that a warehouse holds; none where it is damaged or not there."""

    exists: bool = True
    answers: pl.DataFrame = field(default_factory=pl.DataFrame)
    segments: pl.DataFrame = field(default_factory=pl.DataFrame)
    damage: str | None = None


def known_before(path: Path) -> KnownBefore:
    """Read what a warehouse was made of; nothing where there is none, or where it is damaged."""
    if not path.exists():
        return KnownBefore(exists=False)
    try:
        with session(path) as con:
            answers, segments = con.sql(ANSWERS_BEFORE).pl(), con.sql(SEGMENTS_BEFORE).pl()
            return KnownBefore(answers=answers, segments=segments)
    except duckdb.Error as error:
        log.warning(
            "%s cannot be opened (%s), so the rebuild is compared with nothing.", path, error
        )
        return KnownBefore(damage=str(error))


def record_missing(con: duckdb.DuckDBPyConnection, before: KnownBefore) -> None:
    """Record what the warehouse before held and the archive's log no longer names, as damaged."""
    if before.answers.height:
        con.register("before", before.answers.to_arrow())
        con.execute(MISSING_ANSWERS)
        con.unregister("before")
        mark_changed(con, ["raw.answers"])


def find_holes(
    con: duckdb.DuckDBPyConnection,
    before: KnownBefore,
    telemetry: TelemetryLoadResult,
    folders: SpoolFolders,
) -> list[Hole]:
    """List every answer and segment that the fresh warehouse lacks."""
    segments = before.segments.select("segment_id", "sha256") if before.segments.height else EMPTY
    con.register("before", segments.to_arrow())
    found = [Hole(*row) for row in con.execute(HOLES).fetchall()]
    con.unregister("before")
    return [*found, *_damaged_segments(telemetry.unreadable, folders, found)]


def _damaged_segments(
    unreadable: Sequence[tuple[str, str]], folders: SpoolFolders, found: Sequence[Hole]
) -> list[Hole]:
    """Return archived segments that cannot be read; one that still waits was never loaded."""
    known = {hole.what for hole in found}
    names = (
        (f"segment {Path(path).name}", reason)
        for path, reason in unreadable
        if Path(path).is_relative_to(folders.archive)
    )
    return [Hole(name, reason) for name, reason in names if name not in known]


EMPTY = pl.DataFrame(schema={"segment_id": pl.String, "sha256": pl.String})
