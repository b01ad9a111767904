"""Drops samples that are old. Facts stay, and so does the last sample of each series, from which the next hour's growth is counted."""

from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from warehouse.connection import transaction

LAST_ONES = (Path(__file__).parent / "sql" / "retention.sql").read_text()


def drop_old_samples(con: duckdb.DuckDBPyConnection, days: int, now: datetime) -> int:
    """Drop samples that are more than this many days old at `now`, by whole hours; returns how many."""
    before = (now - timedelta(days=days)).replace(minute=0, second=0, microsecond=0)
    with transaction(con):
        con.execute("set variable dropped_before = ?", [before])
        con.execute(LAST_ONES)
        [(dropped,)] = con.execute(DROP).fetchall()
        con.execute("insert into raw.telemetry_retention values (?, ?, ?)", [before, now, dropped])
        con.execute("drop table temp.last_ones")
    return int(dropped)


DROP = """
    delete from raw.telemetry_samples
    where scraped_at < getvariable('dropped_before') and rowid not in (select place from last_ones)
"""
