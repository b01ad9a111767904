"""Loading of rankings in three SQL steps: type the rows, list problems, insert the valid days."""

from pathlib import Path

import duckdb

from pipelines.archive import Answer
from pipelines.loading.outcome import LoadResult
from pipelines.sources.openrouter.rankings_table import RankingsTable

FOLDER = Path(__file__).parent / "sql"
STEPS = [(FOLDER / f"rankings_{name}.sql").read_text() for name in ("typed", "problems", "insert")]
WITHOUT_OTHER = (
    "select date from valid_days"
    " where row_count > 0 and not has_other and getvariable('slice') = 'all' order by date"
)
COUNTS = (
    "select coalesce(sum(row_count), 0)::bigint, count(*) filter (where row_count > 0)"
    " from valid_days"
)


def load_rankings(
    con: duckdb.DuckDBPyConnection, answer: Answer, table: RankingsTable
) -> LoadResult:
    """Load the valid days of these rankings; a day's fault never holds back another day."""
    variables = {
        "sha256": answer.sha256,
        "source": answer.source,
        "slice": table.slice,
        "grain": table.grain,
        "first_date": table.start,
        "last_date": table.end,
        "as_of": table.as_of,
        "fetched_at": answer.fetched_at,
        "origin": "simulated" if answer.origin == "simulated" else table.origin,
    }
    for name, value in variables.items():
        con.execute(f"set variable {name} = ?", [value])
    con.register("incoming", table.rows.to_arrow())
    for step in STEPS:
        con.execute(step)
    con.unregister("incoming")
    [(rows, kept)] = con.sql(COUNTS).fetchall()
    faults = con.sql("select distinct reason from problems order by all").fetchall()
    # The day's total is then known from below only, which the weekly shares' bounds say.
    without_other = [f"{day} came without `other`" for (day,) in con.sql(WITHOUT_OTHER).fetchall()]
    return LoadResult.of(
        rows=rows,
        kept=kept,
        faults=[reason for (reason,) in faults],
        notes=[*table.notes, *without_other],
    )
