"""Landing what is not a board: frames go into the raw tables that they name, rows that lack something needed are set aside."""

import duckdb
import polars as pl

from pipelines.archive import Answer
from pipelines.loading.outcome import LoadResult
from pipelines.sources.parsing import ParsedTables


def load_snapshot(
    con: duckdb.DuckDBPyConnection, answer: Answer, parsed: ParsedTables
) -> LoadResult:
    """Insert every frame, keyed by the hash of its bytes; the same bytes are inserted once."""
    rows = set_aside = 0
    for table, frame in parsed.frames.items():
        complete = pl.all_horizontal(pl.col(name).is_not_null() for name in parsed.required[table])
        good, bad = frame.filter(complete), frame.filter(~complete)
        _insert(con, table, good.with_columns(sha256=pl.lit(answer.sha256)))
        _set_aside(con, answer, bad, parsed.required[table])
        rows, set_aside = rows + good.height, set_aside + bad.height
    faults = ["incomplete row"] if set_aside else []
    return LoadResult.of(rows=rows, kept=rows, faults=faults, notes=parsed.notes)


def _insert(con: duckdb.DuckDBPyConnection, table: str, frame: pl.DataFrame) -> None:
    con.register("incoming", frame.to_arrow())
    # `table` is one of our own constants.
    con.execute(
        f"insert into {table} by name from incoming"  # noqa: S608
        f" where sha256 not in (select known.sha256 from {table} as known)"
    )
    con.unregister("incoming")


def _set_aside(
    con: duckdb.DuckDBPyConnection, answer: Answer, bad: pl.DataFrame, required: tuple[str, ...]
) -> None:
    if bad.is_empty():
        return
    details = bad.select(detail=pl.struct(pl.all()).struct.json_encode()).with_columns(
        sha256=pl.lit(answer.sha256),
        source=pl.lit(answer.source),
        reason=pl.lit(f"incomplete row: needs {', '.join(required)}"),
    )
    con.register("incoming", details.to_arrow())
    con.execute("insert into raw.quarantine by name from incoming")
    con.unregister("incoming")
