"""Loading of events: requests of our servers' and gateways' logs, and pilots, each once."""

from dataclasses import dataclass

import duckdb
import pyarrow as pa

from pipelines.loading.telemetry.segment_files import SegmentKind
from pipelines.sql import read_sql
from warehouse.changes import REQUESTS, SPEND, mark_changed, mark_slices


@dataclass(frozen=True)
class EventLog:
    """A kind of segments whose rows are events: what loads them, and the slices that change."""

    sql: str
    tables: tuple[str, ...]  # the first one has slices, where there are any
    days: str | None = None


LOGS: dict[SegmentKind, EventLog] = {
    "requests": EventLog(
        read_sql(__file__, "requests"), (REQUESTS,), read_sql(__file__, "request_days")
    ),
    "spend": EventLog(
        read_sql(__file__, "spend"), (SPEND, "raw.spend_rejects"), read_sql(__file__, "spend_days")
    ),
    "pilots": EventLog(read_sql(__file__, "pilots"), ("raw.pilots",)),
}
INSTANTS: dict[SegmentKind, str] = {
    "requests": "arrival_at",
    "spend": "started_at",
    "pilots": "started_at",
}


def load_events(con: duckdb.DuckDBPyConnection, kind: SegmentKind, rows: pa.Table) -> int:
    """Load the events of a segment that are not known yet, within the open transaction.

    Return their number.
    """
    log = LOGS[kind]
    con.register("segment", rows)
    [(new,)] = con.execute(log.sql).fetchall()
    mark_changed(con, log.tables)
    if log.days:
        mark_slices(con, log.tables[0], log.days)
    con.unregister("segment")
    return int(new)
