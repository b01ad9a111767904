"""Loading of snapshots, that is of all answers but rankings, into the raw tables they name.

A row that lacks a required column is quarantined, and so is one that the answer has already; the
others are loaded.
"""

import duckdb
import polars as pl

from pipelines.archive import Answer
from pipelines.loading.outcome import LoadResult
from pipelines.sources.parsing import ParsedTables, is_complete


def load_snapshot(
    con: duckdb.DuckDBPyConnection, answer: Answer, parsed: ParsedTables, *, is_new: bool
) -> LoadResult:
    """Insert every frame, keyed by the hash of its bytes; the same bytes are inserted once.

    `is_new` says that no earlier answer had these bytes, so that no table needs to be searched for
    them.
    """
    rows = 0
    faults: list[str] = []
    for table, frame in parsed.frames.items():
        complete, first = is_complete(parsed, table), pl.struct(pl.all()).is_first_distinct()
        good, bad = frame.filter(complete & first), frame.filter(~complete)
        again = frame.filter(complete & ~first)
        if is_new or not _holds(con, table, answer.sha256):
            _insert(con, table, good.with_columns(sha256=pl.lit(answer.sha256)))
        needs = ", ".join(parsed.required[table])
        for fault, detail, rest in (
            ("incomplete row", f": needs {needs}", bad),
            ("repeated row", "", again),
        ):
            if not rest.is_empty():
                quarantine_rows(con, answer, rest, fault + detail)
                faults.append(fault)
        rows += good.height
    faults = list(dict.fromkeys(faults))
    return LoadResult.of(rows=rows, kept=rows, faults=faults, notes=parsed.notes)


def _holds(con: duckdb.DuckDBPyConnection, table: str, digest: str) -> bool:
    # `table` is one of our own constants.
    query = f"select 1 from {table} where sha256 = ? limit 1"  # noqa: S608
    return bool(con.execute(query, [digest]).fetchall())


def _insert(con: duckdb.DuckDBPyConnection, table: str, frame: pl.DataFrame) -> None:
    con.register("incoming", frame.to_arrow())
    con.execute(f"insert into {table} by name from incoming")
    con.unregister("incoming")


def quarantine_rows(
    con: duckdb.DuckDBPyConnection, answer: Answer, bad: pl.DataFrame, reason: str
) -> None:
    """Keep rows that cannot be loaded, each as it came, with the reason."""
    details = bad.select(detail=pl.struct(pl.all()).struct.json_encode()).with_columns(
        sha256=pl.lit(answer.sha256),
        source=pl.lit(answer.source),
        reason=pl.lit(reason),
    )
    con.register("incoming", details.to_arrow())
    con.execute("insert into raw.quarantine by name from incoming")
    con.unregister("incoming")
