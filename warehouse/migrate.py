"""Migrations of the raw tables: numbered SQL files, each run once and recorded with its run."""

from pathlib import Path

import duckdb

MIGRATIONS = Path(__file__).parent / "migrations"

NEWER = (
    "The warehouse was made by a newer version of Tokentide (it has {}). Install that version or a "
    "later one; or set TOKENTIDE_HOME to a copy of the home without warehouse.duckdb and run "
    "`tokentide rebuild` there."
)


class NewerWarehouse(Exception):
    """A newer version of Tokentide made this file, which this one would misread."""


def migration_files() -> list[Path]:
    """Return all migrations in their order. Folders only keep the list short: names are numbers."""
    return sorted(MIGRATIONS.rglob("*.sql"), key=lambda path: path.name)


def migrate(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Run what has not run yet, in order, and return its names.

    Raise NewerWarehouse where one ran that is not known here; nothing is changed then.
    """
    con.execute(
        "create table if not exists main.migrations (name varchar primary key, applied_at "
        "timestamptz not null)"
    )
    done = {name for (name,) in con.sql("select name from main.migrations").fetchall()}
    known = migration_files()
    if newer := sorted(done - {path.stem for path in known}):
        raise NewerWarehouse(NEWER.format(newer[-1]))
    waiting = [path for path in known if path.stem not in done]
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
