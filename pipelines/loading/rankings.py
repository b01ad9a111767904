"""Landing a board: one SQL step reads it, one lists what is wrong with it, one keeps the days that can be believed."""

from pathlib import Path

import duckdb

from pipelines.archive import Answer
from pipelines.loading.outcome import LoadResult
from pipelines.sources.openrouter.rankings_table import RankingsTable

FOLDER = Path(__file__).parent / "sql"
STEPS = [(FOLDER / f"rankings_{name}.sql").read_text() for name in ("typed", "problems", "insert")]
LACKING = "select date from believed where row_count > 0 and not has_other and getvariable('slice') = 'all' order by date"


def load_rankings(
    con: duckdb.DuckDBPyConnection, answer: Answer, board: RankingsTable
) -> LoadResult:
    """Keep the days of this board that can be believed; a day's fault never holds back another day."""
    variables = {
        "sha256": answer.sha256,
        "source": answer.source,
        "slice": board.slice,
        "grain": board.grain,
        "first_date": board.start,
        "last_date": board.end,
        "as_of": board.as_of,
        "fetched_at": answer.fetched_at,
        "origin": "simulated" if answer.origin == "simulated" else board.origin,
    }
    for name, value in variables.items():
        con.execute(f"set variable {name} = ?", [value])
    con.register("incoming", board.rows.to_arrow())
    for step in STEPS:
        con.execute(step)
    con.unregister("incoming")
    [(rows, kept)] = con.sql(
        "select coalesce(sum(row_count), 0)::bigint, count(*) filter (where row_count > 0) from believed"
    ).fetchall()
    faults = con.sql("select distinct reason from problems order by all").fetchall()
    # The day's total is then known from below only, which the weekly shares' bounds say.
    lacking = [f"{day} came without `other`" for (day,) in con.sql(LACKING).fetchall()]
    return LoadResult.of(
        rows=rows,
        kept=kept,
        faults=[reason for (reason,) in faults],
        notes=[*board.notes, *lacking],
    )
