"""Retention of samples. Facts stay, and so does the last sample of each series.

Growth of later samples is counted from it. Of a series whose target is gone, or whose process has
ended, nothing is left.
"""

from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from warehouse.connection import transaction

FOLDER = Path(__file__).parent / "sql" / "retention"
LAST_SAMPLES = (FOLDER / "last_samples.sql").read_text()
ENDED_SERIES = (FOLDER / "ended_series.sql").read_text()
DROP_SAMPLES = (FOLDER / "drop_samples.sql").read_text()


def drop_old_samples(con: duckdb.DuckDBPyConnection, days: int, now: datetime) -> int:
    """Drop samples older than this number of days at `now`, by whole hours; return how many."""
    before = (now - timedelta(days=days)).replace(minute=0, second=0, microsecond=0)
    with transaction(con):
        con.execute("set variable dropped_before = ?", [before])
        con.execute(LAST_SAMPLES)
        [(dropped,)] = con.execute(DROP_SAMPLES).fetchall()
        con.execute("insert into raw.telemetry_retention values (?, ?, ?)", [before, now, dropped])
        con.execute(ENDED_SERIES)
        con.execute("drop table temp.last_samples")
        con.execute("drop table temp.ended_series")
    return int(dropped)
