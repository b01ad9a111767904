"""Migrations of the raw tables: numbered SQL files, each run once and recorded with its run."""

from pathlib import Path

import duckdb

MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Run what has not run yet, in order, and return its names."""
    con.execute(
        "create table if not exists main.migrations (name varchar primary key, applied_at "
        "timestamptz not null)"
    )
    done = {name for (name,) in con.sql("select name from main.migrations").fetchall()}
    waiting = [path for path in sorted(MIGRATIONS.glob("*.sql")) if path.stem not in done]
    for path in waiting:
        con.begin()
        try:
            con.execute(path.read_text())
            con.execute("insert into main.migrations values (?, now())", [path.stem])
        except duckdb.Error:
            con.rollback()
            raise
        con.commit()
    if waiting:
        # What was built from the tables as they were before is built again.
        con.execute("delete from main.made")
    return [path.stem for path in waiting]
