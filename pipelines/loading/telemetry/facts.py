"""Facts of samples by minute and hour: growth of counters, coverage, energy.

Samples that follow those before are added to the facts that are there: each series remembers the
sample that it is counted on from, so a minute costs the same with an hour before it or a year.
Where a sample comes late, or samples must be weighed against each other, the facts of the hours
that it may change are made again from all their samples. Segments may come in any order.

The SQL is in `sql/`, numbered in the order in which it runs; its steps share temporary tables and
variables.
"""

import logging
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from pipelines.loading.telemetry.merging import BY_NEW_ROWS, merge
from pipelines.loading.telemetry.segment_files import SpoolFolders
from pipelines.loading.telemetry.tables import FACTS as FACT_TABLES
from pipelines.telemetry.config.tier_values import SCRAPE_SECONDS
from pipelines.telemetry.gaps import (
    GAP_INTERVALS,
    MIN_GAP,
    MIN_POWER_GAP,
    SETTLE_INTERVALS,
)
from warehouse.changes import LEDGER, mark_changed, mark_slices

log = logging.getLogger(__name__)

FOLDER = Path(__file__).parent / "sql"
SAMPLE_STEPS = [path.read_text() for path in sorted((FOLDER / "samples").glob("*.sql"))]
INCOMING, LIMITS, SAMPLES, LATE_TARGETS, CHANGED_HOURS, NEEDED, FOLLOWING = SAMPLE_STEPS
FACTS = [path.read_text() for path in sorted((FOLDER / "facts").glob("*.sql"))]
FORGOTTEN_TARGETS = (FOLDER / "forgetting" / "forgotten_targets.sql").read_text()
FORGOTTEN_STATES = (FOLDER / "forgetting" / "forgotten_states.sql").read_text()
FORGOTTEN_SAMPLES = (FOLDER / "forgetting" / "forgotten_samples.sql").read_text()
DELETE_FORGOTTEN = (FOLDER / "forgetting" / "delete_forgotten.sql").read_text()
OLD_SEGMENTS = (FOLDER / "retention" / "old_segments.sql").read_text()
RESTORE_SAMPLES = (FOLDER / "retention" / "restore_samples.sql").read_text()
CREATED = re.compile(r"(?m)^create or replace temp (table|view) (\w+)")
TEMPORARY = CREATED.findall("\n".join([*SAMPLE_STEPS, *FACTS]))
VARIABLES = {
    "scrape_seconds": SCRAPE_SECONDS,
    "gap_intervals": GAP_INTERVALS,
    "min_gap_seconds": MIN_GAP.total_seconds(),
    "min_power_gap_seconds": MIN_POWER_GAP.total_seconds(),
    "settle_intervals": SETTLE_INTERVALS,
}
ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)
# The first hour that incoming samples may change.
EARLIEST = (
    "select min(date_trunc('hour', incoming.scraped_at - limits.gap)) "
    "from incoming inner join limits using (target)"
)


def load_samples(
    con: duckdb.DuckDBPyConnection, segments: Sequence[pa.Table], folders: SpoolFolders
) -> int:
    """Store the new samples of these segments, update their facts, return their number."""
    _begin(con)
    con.register("segments", pa.concat_tables(segments))
    con.execute("insert into incoming by name from segments")
    con.unregister("segments")
    con.execute(LIMITS)
    con.execute("set variable frozen_before = ?", [_find_frozen_before(con, folders)])
    con.execute(SAMPLES)
    new = _count_incoming(con)
    if new:
        con.execute(LATE_TARGETS)
        [(late,)] = con.sql("select count(*) from incoming_targets where is_late").fetchall()
        if late:
            con.execute(CHANGED_HOURS)
        _compute_facts(con)
    _end(con)
    return new


def forget_samples(
    con: duckdb.DuckDBPyConnection, folders: SpoolFolders, selected: Mapping[str, object]
) -> int:
    """Take samples back, compute the facts of their hours without them, return their number.

    `selected` has segment_id, target, first_at and last_at; None selects all.
    """
    _begin(con)
    con.execute(FORGOTTEN_SAMPLES, dict(selected))
    forgotten = _count_incoming(con)
    if forgotten:
        con.execute(LIMITS)
        con.execute("set variable frozen_before = ?", [_find_frozen_before(con, folders)])
        con.execute(FORGOTTEN_TARGETS)
        con.execute(CHANGED_HOURS)
        con.execute(DELETE_FORGOTTEN)
        _compute_facts(con)
        con.execute(FORGOTTEN_STATES)
    _end(con)
    return forgotten


def _begin(con: duckdb.DuckDBPyConnection) -> None:
    for name, value in VARIABLES.items():
        con.execute(f"set variable {name} = ?", [value])
    con.execute(INCOMING)


def _count_incoming(con: duckdb.DuckDBPyConnection) -> int:
    [(count,)] = con.sql("select count(*) from incoming").fetchall()
    return int(count)


def _compute_facts(con: duckdb.DuckDBPyConnection) -> None:
    [(remade,)] = con.sql("select count(*) from changed_hours").fetchall()
    if remade:
        con.execute(NEEDED)
    con.execute(FOLLOWING)
    mark_changed(con, [f"ledger.{table}" for table in FACT_TABLES])
    mark_slices(con, LEDGER, "select target, hour_at::date as day from changed_hours")
    for step in FACTS:
        con.execute(step)
        for _, name in CREATED.findall(step):
            if name in BY_NEW_ROWS:
                merge(con, BY_NEW_ROWS[name])


def _end(con: duckdb.DuckDBPyConnection) -> None:
    for kind, name in reversed(TEMPORARY):
        con.execute(f"drop {kind} if exists temp.{name}")


def _find_frozen_before(con: duckdb.DuckDBPyConnection, folders: SpoolFolders) -> datetime:
    """Return the instant before which facts must stay as they are.

    Samples that retention dropped are restored first where late samples need them.
    """
    dropped_before: datetime | None
    [(dropped_before,)] = con.sql(
        "select max(dropped_before) from raw.telemetry_retention"
    ).fetchall()
    [(earliest,)] = con.sql(EARLIEST).fetchall()
    if dropped_before is None or earliest is None or earliest >= dropped_before:
        return ALWAYS
    con.execute("set variable dropped_before = ?", [dropped_before])
    paths, missing = _find_old_segments(con, folders)
    if missing:
        log.warning(
            "A late segment has samples from before retention, and %d archived segments are "
            "missing: the facts of those hours stay.",
            missing,
        )
        return dropped_before
    _restore_dropped(con, paths)
    return ALWAYS


def _find_old_segments(
    con: duckdb.DuckDBPyConnection, folders: SpoolFolders
) -> tuple[list[str], int]:
    """Find the segments that hold dropped samples; return their paths and how many are missing."""
    found = [
        folders.find(kind, segment_id) for segment_id, kind in con.sql(OLD_SEGMENTS).fetchall()
    ]
    return [str(path) for path in found if path], found.count(None)


def _restore_dropped(con: duckdb.DuckDBPyConnection, paths: list[str]) -> None:
    con.execute("alter table temp.incoming rename to late")
    con.execute(INCOMING)
    if paths:
        con.execute("set variable paths = ?", [paths])
        con.execute(RESTORE_SAMPLES)
        con.execute(SAMPLES)
    con.execute("drop table temp.incoming")
    con.execute("alter table temp.late rename to incoming")
