"""Loading of an archive's prices: only what is new of a model is kept.

An archive repeats all that it ever said, twice a day. So a model's prices are stored once for each
distinct history, and the days that an answer changes are listed: building then makes these alone.
"""

import duckdb

from pipelines.archive import Answer
from pipelines.loading.outcome import LoadResult
from pipelines.loading.snapshots import quarantine_rows
from pipelines.sources.parsing import complete_rows, is_complete
from pipelines.sources.prices.price_table import TABLE, PriceTable
from pipelines.sql import read_sql
from warehouse.changes import PRICES, mark_slices

INCOMING, INSERT, CHANGED_DAYS = (
    read_sql(__file__, f"prices_{name}") for name in ("incoming", "insert", "changed_days")
)
NEWEST = "select max(as_of) from raw.price_archives where source = ?"


def load_prices(con: duckdb.DuckDBPyConnection, answer: Answer, table: PriceTable) -> LoadResult:
    """Load the prices that are new, and list the days on which they differ from those before.

    An answer that is older than one that was loaded, as from a stale cache, changes nothing.
    """
    [(newest,)] = con.execute(NEWEST, [answer.source]).fetchall()
    if newest and table.as_of < newest:
        reason = f"as of {table.as_of}, older than what is known up to {newest}"
        return LoadResult("quarantined", reason=reason)
    malformed = table.frames[TABLE].filter(~is_complete(table, TABLE))
    variables = {
        "sha256": answer.sha256,
        "source": answer.source,
        "as_of": table.as_of,
        "known_as_of": newest,
        "fetched_at": answer.fetched_at,
        "origin": "simulated" if answer.origin == "simulated" else "archive",
        "has_past": table.has_past,
        "malformed": malformed["model_id"].unique().to_list(),
    }
    for name, value in variables.items():
        con.execute(f"set variable {name} = ?", [value])
    rows = complete_rows(table, TABLE)
    con.register("incoming", rows.to_arrow())
    con.execute(INCOMING)
    con.unregister("incoming")
    mark_slices(con, PRICES, CHANGED_DAYS, {"source": answer.source})
    con.execute(INSERT)
    faults = ["malformed prices"] if malformed.height else []
    for fault in faults:
        quarantine_rows(con, answer, malformed, fault)
    return LoadResult.of(rows=rows.height, kept=rows.height, faults=faults, notes=table.notes)
