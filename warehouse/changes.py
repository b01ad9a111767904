"""Changes of the raw tables: whoever changes one says so, in the same transaction.

Each table has a version. Large tables also say which slices changed, a slice being a target and a
UTC day; of the log of answers and of archived prices a source and a UTC day, of hosts' samples a
model and a UTC day.
Changes are numbered; a build remembers up to which number it has seen them.
"""

from collections.abc import Iterable, Mapping

import duckdb

LEDGER, REQUESTS, SPEND, ANSWERS, ENDPOINTS, PRICES = (
    "ledger",
    "raw.request_events",
    "raw.spend_events",
    "raw.answers",
    "raw.endpoints",
    "raw.price_points",
)
COUNTER = "changes"
CHANGED = (
    "insert into main.table_versions select unnest($tables) as relation, 1 as version "
    "on conflict (relation) do update set version = table_versions.version + 1"
)


def mark_changed(con: duckdb.DuckDBPyConnection, tables: Iterable[str]) -> None:
    """Count up the versions of these tables, such as raw.answers, within the open transaction."""
    con.execute(CHANGED, {"tables": sorted(set(tables))})


def next_change(con: duckdb.DuckDBPyConnection) -> int:
    """Return a number above that of any change so far."""
    mark_changed(con, [COUNTER])
    return table_versions(con)[COUNTER]


def mark_slices(
    con: duckdb.DuckDBPyConnection,
    relation: str,
    slices: str,
    values: Mapping[str, object] | None = None,
) -> None:
    """Say that slices of a raw table changed, within the open transaction.

    `slices` is a query of columns target and day, with parameters of these `values`. The ledger's
    tables are one relation, since one load changes the same hours of all.
    """
    rows = f"select distinct $relation, target, day, $change::bigint from ({slices})"  # noqa: S608
    con.execute(
        f"insert or replace into main.slices (relation, target, day, changed) {rows}",
        {"relation": relation, "change": next_change(con), **(values or {})},
    )


def slice_day(at: str) -> str:
    """Return SQL for the UTC day of a column that holds a day or an instant.

    A cast asks for the time zone of each value, which takes ten times as long.
    """
    return f"('1970-01-01'::date + (epoch_us({at}) // 86400000000)::integer)"


def table_versions(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Return the version of each table that was ever filled."""
    return dict(con.sql("select relation, version from main.table_versions").fetchall())
