"""A tiny warehouse with its own marts: three days of a market, and what else a test adds."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from pipelines.publish.generations import Generation, publish
from pipelines.settings import Settings
from warehouse.connection import open_warehouse

NOW = datetime(2026, 6, 20, 9, 30, tzinfo=UTC)
MARTS = Path(__file__).with_name("published.sql").read_text()


@contextmanager
def warehouse_of(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the warehouse for writing for as long as the `with` lasts."""
    with closing(open_warehouse(settings.warehouse)) as con:
        yield con


def published(settings: Settings, sql: str = MARTS) -> Generation:
    """Run this SQL on the warehouse, and publish its marts."""
    with warehouse_of(settings) as con:
        con.execute(sql)
    return publish(settings, NOW)
