"""From samples to facts: what counters grew by, how much was watched, what energy it took, by minute and hour.

The facts of every hour that new samples may change are made anew from all samples of that hour, so it does not matter in which order
segments come. A folder is not needed for each table here: `sql/`, numbered in the order in which they are run.
"""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from pipelines.loading.telemetry.segment_files import SpoolFolders

log = logging.getLogger(__name__)

FOLDER = Path(__file__).parent / "sql"


# Numbered in the order in which they run.
INCOMING, LIMITS, SAMPLES, TOUCHED, *FACTS = (
    path.read_text() for path in sorted(FOLDER.glob("[0-9][0-9]_*.sql"))
)
ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)
TEMPORARY = (
    "incoming",
    "limits",
    "twins",
    "touched",
    "at_hand",
    "outside",
    "orphans",
    "found_for_orphans",
    "growths",
    "series",
)


def load_samples(
    con: duckdb.DuckDBPyConnection, segments: Sequence[pa.Table], places: SpoolFolders
) -> int:
    """Keep what is new of these segments' rows, make the facts that it touches anew, and return how many samples were new."""
    con.execute(INCOMING)
    con.register("segments", pa.concat_tables(segments))
    con.execute("insert into incoming by name from segments")
    con.unregister("segments")
    con.execute(LIMITS)
    con.execute("set variable frozen_before = ?", [_frozen_before(con, places)])
    con.execute(SAMPLES)
    [(new,)] = con.sql("select count(*) from incoming").fetchall()
    if new:
        con.execute(TOUCHED)
        for step in FACTS:
            con.execute(step)
    con.execute("drop view if exists temp.samples_of_series")
    for table in TEMPORARY:
        con.execute(f"drop table if exists temp.{table}")
    return int(new)


def _frozen_before(con: duckdb.DuckDBPyConnection, places: SpoolFolders) -> datetime:
    """Before which instant facts must stay as they are; first, samples that retention dropped are taken back where they are needed."""
    dropped: datetime | None
    [(dropped,)] = con.sql("select max(dropped_before) from raw.telemetry_retention").fetchall()
    [(earliest,)] = con.sql(EARLIEST).fetchall()
    if dropped is None or earliest is None or earliest >= dropped:
        return ALWAYS
    paths, lost = _archived_before(con, places, dropped)
    if lost:
        log.warning(
            "A late segment speaks of samples that were dropped, and %d archived segments are missing: those hours stay.",
            lost,
        )
        return dropped
    _take_back(con, paths, dropped)
    return ALWAYS


def _archived_before(
    con: duckdb.DuckDBPyConnection, places: SpoolFolders, instant: datetime
) -> tuple[list[str], int]:
    """The segments that hold samples from before this instant, and how many of them are nowhere to be found."""
    found = [
        places.find(kind, segment_id)
        for segment_id, kind in con.execute(OLD_SEGMENTS, [instant]).fetchall()
    ]
    return [str(path) for path in found if path], found.count(None)


def _take_back(con: duckdb.DuckDBPyConnection, paths: list[str], dropped: datetime) -> None:
    con.execute("alter table temp.incoming rename to late")
    con.execute(INCOMING)
    if paths:
        con.execute(TAKE_BACK, {"paths": paths, "dropped": dropped})
        con.execute(SAMPLES)
    con.execute("drop table temp.incoming")
    con.execute("alter table temp.late rename to incoming")


# The first hour that the samples at the door may change.
EARLIEST = "select min(date_trunc('hour', incoming.scraped_at - limits.gap)) from incoming inner join limits using (target)"

OLD_SEGMENTS = """
    select segment_id, kind from raw.telemetry_segments
    where
        outcome = 'loaded' and kind <> 'requests' and first_at < ?
        and segment_id not in (select segment_id from incoming)
"""

TAKE_BACK = """
    insert into incoming by name
    select parse_filename(filename) as segment_id, * exclude (filename)
    from read_parquet($paths, filename = true, union_by_name = true)
    where scraped_at < $dropped and target in (select target from late)
"""
