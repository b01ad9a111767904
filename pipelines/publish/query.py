"""People's SQL on the published file: read-only, confined to it, bounded in memory and time."""

import contextlib
import csv
import itertools
import json
import math
import resource
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

import duckdb
import polars as pl
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipelines.errors import QueryFailed
from warehouse.connection import open_published

BATCH = 1_000
ROOM = 5 * 1024**3 // 2
MAX_SHOWN = 100
INTERRUPT_AGAIN = 0.05  # seconds
# A PIVOT creates a temporary type as well; nothing can be created in a read-only file for good.
READS = frozenset({duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN})
WHAT_THERE_IS = (
    '`tokentide sql "select table_name, comment from duckdb_tables()"` lists what there is.'
)


@dataclass(frozen=True)
class QueryResult:
    """A running query: its columns, and its rows as they come."""

    columns: list[str]
    rows: Iterator[tuple[Any, ...]]


@contextlib.contextmanager
def run(path: Path, sql: str, seconds: float = 60.0) -> Iterator[QueryResult]:
    """Run one query on a generation. Raise QueryFailed with DuckDB's reason, or when time is up."""
    with _bounded(path, seconds) as (con, is_over):
        _check_query(con, sql)
        con.execute(sql)
        yield QueryResult(
            _distinct_names(column[0] for column in con.description or []), _batches(con, is_over)
        )


def frame(path: Path, sql: str, seconds: float = 60.0, rows: int | None = None) -> pl.DataFrame:
    """Return the result as a frame with DuckDB's types, or only its first `rows` rows."""
    with _bounded(path, seconds) as (con, _):
        _check_query(con, sql)
        found = con.sql(sql)
        return (found if rows is None else found.limit(rows)).pl()


def records(path: Path, sql: str, seconds: float = 60.0) -> list[dict[str, Any]]:
    """Return the whole result as records with JSON values."""
    with run(path, sql, seconds) as result:
        return [dict(zip(result.columns, map(plain, row), strict=True)) for row in result.rows]


def bound_memory(room: int = ROOM) -> None:
    """Bound this process to `room` more bytes than it has now.

    DuckDB's memory limit does not count the long texts that it hands out.
    """
    pages = Path("/proc/self/statm")
    if pages.exists():
        used = int(pages.read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(
            resource.RLIMIT_AS, (used + room, resource.getrlimit(resource.RLIMIT_AS)[1])
        )


@contextlib.contextmanager
def _bounded(
    path: Path, seconds: float
) -> Iterator[tuple[duckdb.DuckDBPyConnection, threading.Event]]:
    """Open a connection for a bounded time; the event is set once that is over."""
    con, done, is_over = open_published(path), threading.Event(), threading.Event()
    clock = threading.Thread(target=_stop_after, args=(seconds, con, done, is_over), daemon=True)
    clock.start()
    try:
        yield con, is_over
    except MemoryError as error:
        raise QueryFailed(
            "The query needs more memory than it may have. Ask for less at once."
        ) from error
    except (duckdb.Error, TimeoutError) as error:
        raise QueryFailed(_reason(error, seconds, is_over.is_set())) from error
    finally:
        done.set()
        clock.join()
        con.close()


def _stop_after(
    seconds: float, con: duckdb.DuckDBPyConnection, done: threading.Event, is_over: threading.Event
) -> None:
    """Interrupt until the query ends: DuckDB forgets an interrupt between two of its steps."""
    if done.wait(seconds):
        return
    is_over.set()
    con.interrupt()
    while not done.wait(INTERRUPT_AGAIN):
        con.interrupt()


def _reason(error: Exception, seconds: float, is_over: bool) -> str:
    """Return the reason in words.

    The type of an error does not tell an interrupt: DuckDB may call it an invalid input.
    """
    if is_over:
        return (
            f"The query took longer than {seconds:g} s and was stopped. "
            "Ask for less, or allow more with --timeout."
        )
    return (
        f"{error}\n\n{WHAT_THERE_IS}" if isinstance(error, duckdb.CatalogException) else str(error)
    )


def _check_query(con: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Raise QueryFailed on all but queries: CALL, SET, ATTACH may reach past locked settings."""
    kinds = [statement.type for statement in con.extract_statements(sql)]
    if not kinds or kinds[-1] not in READS or not {*kinds} <= {*READS, duckdb.StatementType.CREATE}:
        raise QueryFailed(
            "That is no query. A query begins with SELECT, FROM, WITH, DESCRIBE, SUMMARIZE, SHOW, "
            "PIVOT or EXPLAIN."
        )


def _distinct_names(names: Iterable[str]) -> list[str]:
    """Make equal column names distinct, as DuckDB does in frames: a, a_1, a_2."""
    found: list[str] = []
    for name in names:
        others = (f"{name}_{number}" for number in itertools.count(1))
        found.append(next(word for word in itertools.chain([name], others) if word not in found))
    return found


def write_json(result: QueryResult, out: IO[str]) -> None:
    """Write a list of objects: decimals as numbers, dates and instants in ISO 8601."""
    start = "["
    for row in result.rows:
        out.write(
            start
            + "\n"
            + json.dumps(
                dict(zip(result.columns, map(plain, row), strict=True)), ensure_ascii=False
            )
        )
        start = ","
    out.write("[]\n" if start == "[" else "\n]\n")


def write_csv(result: QueryResult, out: IO[str]) -> None:
    """Write CSV by RFC 4180 with a header; null is empty."""
    writer = csv.writer(out)
    writer.writerow(result.columns)
    writer.writerows([_cell(value) for value in row] for row in result.rows)


def show_table(result: QueryResult, console: Console) -> None:
    """Print the first rows and as many columns as fit; name what is left out."""
    rows = list(itertools.islice(result.rows, MAX_SHOWN + 1))
    cells = [[_readable(value) for value in row] for row in rows[:MAX_SHOWN]]
    widths = [max(map(len, column)) for column in zip(result.columns, *cells, strict=True)]
    shown = max(
        1,
        sum(
            1
            for reached in itertools.accumulate(width + 3 for width in widths)
            if reached < console.width
        ),
    )
    table = Table()
    # As Text, since what looks like markup is a name or a value like any other.
    for name, value in zip(
        result.columns[:shown], rows[0] if rows else [None] * shown, strict=False
    ):
        is_number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
        table.add_column(Text(name), justify="right" if is_number else "left")
    for row in cells:
        table.add_row(*map(Text, row[:shown]))
    console.print(table)
    if len(rows) > MAX_SHOWN:
        console.print(f"The first {MAX_SHOWN} rows; --csv, --json and --parquet have all of them.")
    if hidden := result.columns[shown:]:
        console.print(
            f"Not shown for want of width: {', '.join(hidden)}.", highlight=False, markup=False
        )


def plain(value: Any) -> Any:
    """Convert a value for JSON; a type that JSON lacks becomes text."""
    if isinstance(value, dict):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if value is None or isinstance(value, bool | int | str):
        return value
    convert = next((convert for kind, convert in PLAIN.items() if isinstance(value, kind)), str)
    return convert(value)


def _instant(value: datetime) -> str:
    """Format as ISO 8601: an instant in UTC with a Z, a timestamp without a zone as it is."""
    if value.tzinfo is None:
        return value.isoformat()
    return (
        value.astimezone(UTC)
        .isoformat(timespec="milliseconds" if value.microsecond else "seconds")
        .replace("+00:00", "Z")
    )


def _number(value: Decimal) -> int | float:
    return int(value) if value.as_tuple().exponent == 0 else float(value)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


# In this order: a datetime is a date too.
PLAIN: dict[type, Callable[[Any], Any]] = {
    datetime: _instant,
    date: date.isoformat,
    time: time.isoformat,
    timedelta: timedelta.total_seconds,
    Decimal: _number,
    float: _finite,
    bytes: bytes.hex,
}


def _readable(value: Any) -> str:
    value = plain(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.6g}"
    return "" if value is None else str(value)


def _cell(value: Any) -> Any:
    value = plain(value)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value


def _batches(con: duckdb.DuckDBPyConnection, is_over: threading.Event) -> Iterator[tuple[Any, ...]]:
    while batch := con.fetchmany(BATCH):
        # A query that is done cannot be interrupted any more, but handing out what it found takes
        # time too.
        if is_over.is_set():
            raise TimeoutError
        yield from batch
