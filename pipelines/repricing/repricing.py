"""List prices of a day from a published file, for one model or for all rows of a file of usage.

Each row has the price of its day and says whose it is. What is not known stays unknown: it is in
no total but the count of what is missing, and a total of which something is missing has no upper
bound.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from pipelines.errors import QueryFailed
from pipelines.publish.json_values import plain
from pipelines.repricing.usage_files import TYPES, UsageFormat, read_usage
from pipelines.sql import read_sql
from warehouse.connection import open_published

RESOLVED, DATED, REPRICED = (
    read_sql(__file__, name) for name in ("resolved_models", "dated_prices", "repriced_rows")
)
OLD_FILE = (
    "The published file has no prices with their sources. `tokentide ingest prices`, or "
    "`tokentide publish`, makes one that has."
)


@dataclass(frozen=True)
class RepricedFile:
    """Every row of a file with its price and cost, and their total by bounds."""

    format: UsageFormat
    rows: pl.DataFrame
    totals: dict[str, Any]


def price_at(path: Path, model: str, day: date) -> dict[str, Any]:
    """Return the list price of a model on a day; null figures have a reason."""
    asked = pl.DataFrame({"model": [model], "date": [day]})
    with _prices_of(path, asked) as con:
        found = con.sql(DATED).pl().rename({"price_reason": "reason"})
    [row] = found.to_dicts()
    return {name: plain(value) for name, value in row.items()}


def reprice(path: Path, usage_file: Path) -> RepricedFile:
    """Price each row of a file of usage by its day, on a published file."""
    name, usage = read_usage(usage_file)
    with _prices_of(path, usage) as con:
        con.execute(f"create or replace temp table priced as {DATED}")
        rows = con.sql(REPRICED).pl()
    return RepricedFile(name, rows, total(rows))


def total(rows: pl.DataFrame) -> dict[str, Any]:
    """Sum the rows: bounds of what they cost, what is unknown, and what the file itself states."""
    known, tokens = pl.col("usd_low").is_not_null(), pl.sum_horizontal(*_token_columns())
    [sums] = rows.select(
        pl.len().alias("rows"),
        (~known).sum().alias("unknown_rows"),
        tokens.sum().alias("tokens"),
        tokens.filter(~known).sum().alias("unknown_tokens"),
        pl.col("usd_low").sum().alias("usd_low"),
        pl.col("usd_high").sum().alias("usd_high_of_known"),
        pl.col("stated_usd").sum().alias("stated_usd"),
        pl.col("stated_usd").is_null().sum().alias("rows_without_stated_usd"),
    ).to_dicts()
    is_whole, is_any = sums["unknown_rows"] == 0, sums["unknown_rows"] < sums["rows"]
    stated = None if sums["rows_without_stated_usd"] else sums["stated_usd"]
    return {
        **sums,
        # Nothing is no bound of what is not known.
        "usd_low": sums["usd_low"] if is_any else None,
        "usd_high_of_known": sums["usd_high_of_known"] if is_any else None,
        "usd_high": sums["usd_high_of_known"] if is_whole else None,
        "stated_usd": stated,
        "reason": None if is_whole else f"{sums['unknown_rows']} rows have no known price",
    }


def _token_columns() -> list[str]:
    return [name for name in TYPES if name.endswith("_tokens")]


@contextmanager
def _prices_of(path: Path, asked: pl.DataFrame) -> Iterator[duckdb.DuckDBPyConnection]:
    """Give a connection on which the names of `asked` are resolved."""
    with closing(open_published(path)) as con:
        con.register("asked", asked.to_arrow())
        try:
            con.execute(RESOLVED)
            yield con
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            raise QueryFailed(OLD_FILE) from error
