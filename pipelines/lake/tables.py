"""Tables of the lake: rows of segments as they are in their files, and the list of segments.

Loaders only append. A commit carries the name of its segment, and the catalog lets a name be
committed once, also when the commit's snapshot has expired.
"""

from dataclasses import dataclass

import duckdb
import pyarrow as pa

from models.server.usage_journal import SCHEMA as REQUESTS
from pipelines.loading.telemetry.segment_files import SegmentKind
from pipelines.pilots.result_file import SCHEMA as PILOTS
from pipelines.services.addresses import LakeAddress
from pipelines.services.postgres import connect, reported
from pipelines.sql import read_sql
from pipelines.telemetry.collector.segments import SCHEMA as SAMPLES
from pipelines.telemetry.spend.spend_log import SCHEMA as SPEND
from warehouse.lake import NAME

INSTANT = pa.timestamp("us", tz="UTC")
DOCUMENT = pa.schema([("document", pa.string())])
SEGMENTS_TABLE = f"{NAME}.raw.telemetry_segments"
SEGMENTS = pa.schema(
    [
        ("segment_id", pa.string()),
        ("sha256", pa.string()),
        ("kind", pa.string()),
        ("rows", pa.int64()),
        ("first_at", INSTANT),
        ("last_at", INSTANT),
        ("loaded_at", INSTANT),
        ("outcome", pa.string()),
        ("reason", pa.string()),
    ]
)
KEEP_COMMITS = read_sql(__file__, "keep_commits")
EPOCHS = (
    "create table if not exists tokentide_builders "
    "(epoch bigint primary key, holder text not null, taken_at timestamptz not null default now())"
)
ENDS_OF_EPOCHS = (
    "alter table tokentide_builders add column if not exists released_at timestamptz, "
    "add column if not exists maintained_at timestamptz"
)


@dataclass(frozen=True)
class RowTable:
    """A table of rows of segments, and what these have in their files."""

    table: str
    schema: pa.Schema

    @property
    def name(self) -> str:
        """Its name with database and schema."""
        return f"{NAME}.raw.{self.table}"


TELEMETRY = RowTable("telemetry_samples", SAMPLES)
ROW_TABLES: dict[SegmentKind, RowTable] = {
    "scrapes": TELEMETRY,
    "pages": TELEMETRY,
    "history": TELEMETRY,
    "requests": RowTable("request_events", REQUESTS),
    "spend": RowTable("spend_events", SPEND),
    "pilots": RowTable("pilots", PILOTS),
    "tier": RowTable("tier_documents", DOCUMENT),
}


def create_tables(con: duckdb.DuckDBPyConnection, address: LakeAddress) -> None:
    """Create what is missing of the tables, columns and indexes of an attached lake."""
    con.execute(f"create schema if not exists {NAME}.raw")
    for each in {row_table.table: row_table for row_table in ROW_TABLES.values()}.values():
        _create(con, each.name, with_id(each.schema.empty_table(), ""))
    _create(con, SEGMENTS_TABLE, SEGMENTS.empty_table())
    with connect(address.catalog) as session, reported(address.catalog):
        session.execute(KEEP_COMMITS)
        session.execute(EPOCHS)
        session.execute(ENDS_OF_EPOCHS)


def with_id(rows: pa.Table, segment_id: str) -> pa.Table:
    """Return the rows with the name of their segment as a further column."""
    # A dictionary of one value: the whole text in each row would take more room than the samples.
    indices = pa.repeat(pa.scalar(0, pa.int32()), rows.num_rows)
    ids = pa.DictionaryArray.from_arrays(indices, pa.array([segment_id]))
    return rows.append_column("segment_id", ids)


def _create(con: duckdb.DuckDBPyConnection, table: str, empty: pa.Table) -> None:
    """Create a table, or add columns that a newer version has."""
    con.register("empty_rows", empty)
    con.execute(f"create table if not exists {table} as from empty_rows")
    wanted = con.sql("describe from empty_rows").fetchall()
    known = {name for name, *_ in con.sql(f"describe from {table}").fetchall()}
    for name, kind, *_ in wanted:
        if name not in known:
            plain = "varchar" if kind.startswith("ENUM") else kind
            con.execute(f'alter table {table} add column "{name}" {plain}')
    con.unregister("empty_rows")
