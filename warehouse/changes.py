"""Versions of the raw tables: whoever changes one says so, in the same transaction."""

from collections.abc import Iterable

import duckdb

CHANGED = (
    "insert into main.table_versions select unnest($tables) as relation, 1 as version "
    "on conflict (relation) do update set version = table_versions.version + 1"
)


def mark_changed(con: duckdb.DuckDBPyConnection, tables: Iterable[str]) -> None:
    """Count up the versions of these tables, such as raw.answers, within the open transaction."""
    con.execute(CHANGED, {"tables": sorted(set(tables))})


def table_versions(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Return the version of each table that was ever filled."""
    return dict(con.sql("select relation, version from main.table_versions").fetchall())
