"""The history of verdicts on claims, which each generation takes from the one before.

A build knows the verdicts of now alone. When each of them began, and those that ended, is a matter
of what was published, so it stands in the published files and nowhere else.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from pipelines.sql import quote_text, read_sql

TABLE = "claim_verdicts"
HISTORY, COMMENTS = read_sql(__file__, "verdict_history"), read_sql(__file__, "comments")
HAS_TABLE = (
    "select 1 from duckdb_tables() where database_name = {} and schema_name = 'marts' "
    "and table_name = 'claim_verdicts'"
)
BEFORE = "create or replace temp table verdicts_before as from {}.marts.claim_verdicts{}"
SAVED: dict[str, pl.DataType | type[pl.DataType]] = {
    "claim_id": pl.String,
    "basis": pl.String,
    "statement": pl.String,
    "said_by": pl.String,
    "is_saved": pl.Boolean,
    "verdict": pl.String,
    "previous_verdict": pl.String,
    "measured": pl.Float64,
    "measured_text": pl.String,
    "reason": pl.String,
    "began_at": pl.Datetime("us", "UTC"),
    "ended_at": pl.Datetime("us", "UTC"),
}

JudgeSaved = Callable[[duckdb.DuckDBPyConnection], Sequence[dict[str, Any]]]
"""Judges the claims of the home on the marts of an open warehouse; rows as in `marts.claims`."""


def judge_none(con: duckdb.DuckDBPyConnection) -> Sequence[dict[str, Any]]:
    """Judge the claims of a home that keeps none."""
    return ()


def keep_history(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    before: Path | None,
    published_at: datetime,
    judge_saved: JudgeSaved,
) -> None:
    """Write verdicts and their history into a new file, given the file of the generation before.

    `con` is the open warehouse. One without claims has no history either.
    """
    [(home,)] = con.sql("select current_database()").fetchall()
    if not _has_table(con, home):
        return
    saved = pl.DataFrame(
        [{"is_saved": True, **row} for row in judge_saved(con)], schema=SAVED, strict=False
    )
    con.register("saved_verdicts", saved)
    _read_before(con, home, before)
    con.execute(f"attach {quote_text(str(path))} as next")
    con.execute("set variable published_at = ?", [published_at])
    con.execute(HISTORY)
    for name, statement in con.sql(COMMENTS).fetchall():
        if name == TABLE:
            con.execute(statement)
    con.execute("checkpoint next")
    con.execute("detach next")
    con.unregister("saved_verdicts")


def _read_before(con: duckdb.DuckDBPyConnection, home: str, before: Path | None) -> None:
    """Read the history of the generation before; one of an older version has none."""
    con.execute(BEFORE.format(f'"{home}"', " limit 0"))
    if before is None:
        return
    con.execute(f"attach {quote_text(str(before))} as before (read_only)")
    if _has_table(con, "before"):
        con.execute(BEFORE.format("before", ""))
    con.execute("detach before")


def _has_table(con: duckdb.DuckDBPyConnection, database: str) -> bool:
    return bool(con.sql(HAS_TABLE.format(quote_text(database))).fetchall())
