"""Figures of everything that is published, to be compared after a kill."""

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import duckdb

# Columns that say when something came or was loaded, and the file itself.
NOT_COMPARED = {"meta", "ingest_log", "telemetry_log", "tier_file", "claim_verdicts"}
Figures = dict[str, tuple[int, int]]


@dataclass(frozen=True)
class Quiet:
    """Figures of a home that nobody disturbs, and the seconds that they take."""

    figures: Figures
    seconds: float


def figures(path: Path) -> Figures:
    """Return the number of rows of each published table, and a sum of their hashes."""
    with closing(duckdb.connect(str(path), read_only=True)) as con:
        tables = con.sql("select table_name from duckdb_tables() where schema_name = 'marts'")
        return {
            name: con.sql(
                f'select count(*), sum(hash(t)::hugeint) from marts."{name}" as t'
            ).fetchall()[0]
            for (name,) in tables.fetchall()
            if name not in NOT_COMPARED
        }
