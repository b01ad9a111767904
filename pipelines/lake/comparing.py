"""Comparison of segments with the lake: of each table the number of rows and a hash of all of them.

A sum of the rows' hashes is the same in any order, and other where a row is lost, doubled or
changed. Both sides are hashed by DuckDB, whole columns at a time.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from pipelines.lake.connection import Lake
from pipelines.lake.tables import ROW_TABLES
from pipelines.loading.telemetry.segment_files import SegmentKind

NAMES = pa.schema([("segment_id", pa.string())])
BATCH_NAMES = 100_000


@dataclass(frozen=True)
class RowsMark:
    """Number of rows, and the sum of their hashes."""

    rows: int = 0
    mark: int = 0

    def __add__(self, other: "RowsMark") -> "RowsMark":
        """Add the rows of another part."""
        return RowsMark(self.rows + other.rows, self.mark + other.mark)

    @property
    def shown(self) -> str:
        """The hash in sixteen digits."""
        return f"{self.mark % (1 << 64):016x}"


@dataclass(frozen=True)
class TableComparison:
    """One table on both sides, and the segments whose rows differ."""

    table: str
    files: RowsMark
    lake: RowsMark
    differing: tuple[str, ...] = ()

    @property
    def is_same(self) -> bool:
        """True where every segment has the same rows on both sides."""
        return self.files == self.lake and not self.differing


MarksBySegment = dict[str, RowsMark]


class RowHasher:
    """Hashes rows of segments with the columns and types that their tables in the lake have."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self._values: dict[str, str] = {}
        # Rows of files are hashed beside the lake: nothing of them goes through its connection.
        self._local = duckdb.connect()
        self._local.execute("set TimeZone = 'UTC'")

    def hash_rows(self, kind: SegmentKind, rows: pa.Table) -> MarksBySegment:
        """Hash rows that have the name of their segment in `segment_id`."""
        self._local.register("new_rows", rows)
        query = f"select {self._picked(kind)} from new_rows as row group by 1"  # noqa: S608
        found = self._local.sql(query).fetchall()
        self._local.unregister("new_rows")
        return {name: RowsMark(rows, int(mark)) for name, rows, mark in found}

    def hash_lake(self, kind: SegmentKind, names: Iterable[str]) -> MarksBySegment:
        """Hash the rows that the lake has of these segments."""
        table = ROW_TABLES[kind]
        found: MarksBySegment = {}
        wanted = pa.table({"segment_id": sorted(names)}, schema=NAMES)
        picked = self._picked(kind)
        con = self._lake.con
        for start in range(0, wanted.num_rows, BATCH_NAMES):
            con.register("wanted", wanted.slice(start, BATCH_NAMES))
            query = (
                f"select {picked} from {table.name} as row "  # noqa: S608
                "where segment_id in (select segment_id from wanted) group by 1"
            )
            with self._lake.failures():
                marks = con.sql(query).fetchall()
            con.unregister("wanted")
            found |= {name: RowsMark(rows, int(mark)) for name, rows, mark in marks}
        return found

    def _picked(self, kind: SegmentKind) -> str:
        """Return the columns name, number of rows, sum of hashes."""
        table = ROW_TABLES[kind]
        if table.table not in self._values:
            with self._lake.failures():
                described = self._lake.con.sql(f"describe from {table.name}").fetchall()
            types = {name: kind for name, kind, *_ in described}
            self._values[table.table] = ", ".join(
                f'"{name}"::{types[name]}' for name in table.schema.names
            )
        return f"segment_id::varchar, count(*), sum(hash({self._values[table.table]}))::hugeint"


def compare(
    files: Mapping[SegmentKind, MarksBySegment], hasher: RowHasher
) -> list[TableComparison]:
    """Compare the marks of files with the lake's, table by table."""
    found: dict[str, TableComparison] = {}
    for kind, marks in files.items():
        lake = hasher.hash_lake(kind, marks)
        differing = [name for name, mark in marks.items() if lake.get(name, RowsMark()) != mark]
        table = ROW_TABLES[kind].table
        before = found.get(table, TableComparison(table, RowsMark(), RowsMark()))
        found[table] = TableComparison(
            table,
            sum(marks.values(), before.files),
            sum(lake.values(), before.lake),
            (*before.differing, *sorted(differing)),
        )
    return [found[name] for name in sorted(found)]
