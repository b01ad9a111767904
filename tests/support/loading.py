"""Helpers of loading tests: rankings of any vintage, an archive for them, the raw tables."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb

from pipelines.archive import Answer, Archive
from pipelines.loading.answers import load_answers
from pipelines.loading.outcome import LoadResult
from warehouse.migrate import migrate

FIRST = date(2026, 6, 15)
AS_OF = datetime(2026, 6, 18, 8, tzinfo=UTC)
DAY = timedelta(days=1)
Rows = dict[str, list[tuple[Any, ...]]]


def rankings_body(
    days: int = 3,
    as_of: datetime = AS_OF,
    restated: dict[int, int] | None = None,
    withdrawn: frozenset[int] = frozenset(),
) -> bytes:
    """Return an answer of 50 models and `other` a day, withdrawn days left out.

    A restated day's leader has more tokens.
    """
    rows = [
        {
            "date": (FIRST + day * DAY).isoformat(),
            "model_permaslug": model,
            "total_tokens": str(1000 * (day + 1) + 51 - rank),
        }
        for day in range(days)
        if day not in withdrawn
        for rank, model in enumerate([*(f"lab/model-{n}" for n in range(50)), "other"])
    ]
    for row in rows:
        day = (date.fromisoformat(str(row["date"])) - FIRST).days
        if row["model_permaslug"] == "lab/model-0":
            row["total_tokens"] = str(int(row["total_tokens"]) + (restated or {}).get(day, 0))
    end = FIRST + (days - 1) * DAY
    meta = {
        "as_of": as_of.isoformat(),
        "version": "v1",
        "start_date": FIRST.isoformat(),
        "end_date": end.isoformat(),
    }
    return json.dumps({"data": rows, "meta": meta}).encode()


def keep_answer(
    archive: Archive, body: bytes, at: datetime = AS_OF, source: str = "rankings_daily", **more: Any
) -> Answer:
    """Keep an answer in the archive; `more` replaces its other fields."""
    values = {"status": 200, "run_id": "run-1", **more}
    return archive.keep(Answer(source, "http://h/x", at, bytes=0, sha256="", **values), body)


def load_all(con: duckdb.DuckDBPyConnection, archive: Archive) -> list[tuple[str, int, str | None]]:
    """Load all answers, and return outcome, rows and reason of each."""
    found: list[LoadResult] = []
    load_answers(con, archive, on_loaded=lambda answer, result: found.append(result))
    return [(result.outcome, result.rows, result.reason) for result in found]


def raw_rows(con: duckdb.DuckDBPyConnection, *tables: str) -> Rows:
    """Return the rows of raw tables, by table; without names, those of rankings."""
    return {
        table: con.sql(f"from raw.{table} order by all").fetchall()
        for table in tables or ("ranking_days", "ranking_rows")
    }


def all_raw_rows(con: duckdb.DuckDBPyConnection) -> Rows:
    """Return the rows of every raw table but the log of answers."""
    tables = con.sql(
        "select table_name from duckdb_tables() "
        "where schema_name = 'raw' and table_name <> 'answers'"
    ).fetchall()
    return raw_rows(con, *(name for (name,) in tables))


def fresh_warehouse() -> duckdb.DuckDBPyConnection:
    """Open a new warehouse in memory, with all migrations."""
    con = duckdb.connect()
    con.execute("set TimeZone = 'UTC'")
    migrate(con)
    return con
