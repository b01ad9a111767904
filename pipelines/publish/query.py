"""People's SQL on the published file: read-only, confined to it, bounded in memory and time."""

import contextlib
import csv
import itertools
import json
import resource
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import duckdb
import polars as pl

from pipelines.errors import QueryFailed
from pipelines.publish.interrupts import interrupt_until, interrupted_by_signals
from pipelines.publish.json_values import plain
from pipelines.publish.revealing import find_revealing, without_paths
from warehouse.connection import open_published

BATCH = 1_000
ROOM = 5 * 1024**3 // 2
# A PIVOT creates a temporary type as well, and is several statements in one since DuckDB 2; nothing
# can be created in a read-only file for good.
READS = frozenset(
    {
        duckdb.StatementType.SELECT,
        duckdb.StatementType.EXPLAIN,
        duckdb.StatementType.MULTI,
    }
)
NO_QUERY = (
    "That is no query. A query begins with SELECT, FROM, WITH, DESCRIBE, SUMMARIZE, SHOW, "
    "PIVOT or EXPLAIN."
)
REVEALING = (
    "{} is not for queries here: it would name folders of this machine, or change how queries run. "
    "information_schema has the names and types of all tables."
)
WHAT_THERE_IS = "`tokentide describe` lists what there is."


@dataclass(frozen=True)
class QueryResult:
    """A running query: its columns, and its rows as they come."""

    columns: list[str]
    rows: Iterator[tuple[Any, ...]]


@dataclass(frozen=True)
class QueryResults:
    """The results of a text with one or several queries: how many, and each as it comes."""

    count: int
    results: Iterator[QueryResult]


@contextlib.contextmanager
def run(path: Path, sql: str, seconds: float = 60.0) -> Iterator[QueryResult]:
    """Run a text on a generation and yield the result of its last query.

    Raise QueryFailed with DuckDB's reason, or when time is up.
    """
    with _bounded(path, sql, seconds) as (con, is_over):
        _check_query(con, sql)
        con.execute(sql)
        yield _result(con, is_over)


@contextlib.contextmanager
def run_each(path: Path, sql: str, seconds: float = 60.0) -> Iterator[QueryResults]:
    """Run every query of a text, one after the other, all of them within these seconds.

    None runs if any is no query. Read each result before the next one, which replaces it.
    """
    with _bounded(path, sql, seconds) as (con, is_over):
        queries = _check_query(con, sql)
        yield QueryResults(len(queries), (_execute(con, query, is_over) for query in queries))


def frame(path: Path, sql: str, seconds: float = 60.0, rows: int | None = None) -> pl.DataFrame:
    """Return the result as a frame with DuckDB's types, or only its first `rows` rows.

    Raise QueryFailed if the text has several queries, since a frame holds one result.
    """
    with _bounded(path, sql, seconds) as (con, _):
        if (count := len(_check_query(con, sql))) > 1:
            raise QueryFailed(
                f"That is {count} queries, and a file holds one result. Run them singly."
            )
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
    path: Path, sql: str, seconds: float
) -> Iterator[tuple[duckdb.DuckDBPyConnection, threading.Event]]:
    """Open a connection for a bounded time; the event is set once that is over."""
    con, done, is_over = _open(path), threading.Event(), threading.Event()
    clock = threading.Thread(target=_stop_after, args=(seconds, con, done, is_over), daemon=True)
    clock.start()
    try:
        with interrupted_by_signals(con, done):
            try:
                yield con, is_over
            finally:
                done.set()
    except MemoryError as error:
        raise QueryFailed(
            "The query needs more memory than it may have. Ask for less at once."
        ) from error
    except (duckdb.Error, TimeoutError) as error:
        reason = _reason(error, seconds, is_over.is_set())
        raise QueryFailed(without_paths(reason, sql)) from error
    except RuntimeError as error:
        # That is how DuckDB reports Ctrl-C.
        if "interrupted" not in str(error).lower():
            raise
        _end_query(con)
        raise KeyboardInterrupt from error
    finally:
        done.set()
        clock.join()
        con.close()


def _open(path: Path) -> duckdb.DuckDBPyConnection:
    try:
        return open_published(path)
    except duckdb.Error as error:
        raise QueryFailed(
            f"{path.name} cannot be read ({without_paths(str(error), '')}). "
            "`tokentide publish` makes a new one."
        ) from error


def _end_query(con: duckdb.DuckDBPyConnection) -> None:
    """Wait until a query that Ctrl-C interrupted has ended; closing might wait for its result."""
    con.interrupt()
    with contextlib.suppress(duckdb.Error):
        con.execute("select 1")


def _stop_after(
    seconds: float, con: duckdb.DuckDBPyConnection, done: threading.Event, is_over: threading.Event
) -> None:
    if not done.wait(seconds):
        is_over.set()
        interrupt_until(con, done)


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


def _check_query(con: duckdb.DuckDBPyConnection, sql: str) -> list[list[duckdb.Statement]]:
    """Return the queries of a text, each with the statements that prepare it, as of a PIVOT.

    Raise QueryFailed on all but queries: CALL, SET, ATTACH may reach past locked settings.
    """
    if name := find_revealing(sql):
        raise QueryFailed(REVEALING.format(name))
    queries: list[list[duckdb.Statement]] = [[]]
    for statement in con.extract_statements(sql):
        queries[-1].append(statement)
        kind = _kind(statement)
        if kind in READS:
            queries.append([])
        elif kind != duckdb.StatementType.CREATE:
            raise QueryFailed(NO_QUERY)
    # What is left prepares nothing.
    if queries.pop() or not queries:
        raise QueryFailed(NO_QUERY)
    return queries


def _kind(statement: duckdb.Statement) -> duckdb.StatementType:
    """Return the type of a statement; DuckDB has some that its Python package cannot name."""
    try:
        return statement.type
    except ValueError:
        return duckdb.StatementType.INVALID


def _execute(
    con: duckdb.DuckDBPyConnection, query: Sequence[duckdb.Statement], is_over: threading.Event
) -> QueryResult:
    for statement in query:
        con.execute(statement)
    return _result(con, is_over)


def _result(con: duckdb.DuckDBPyConnection, is_over: threading.Event) -> QueryResult:
    names = _distinct_names(column[0] for column in con.description or [])
    return QueryResult(names, _batches(con, is_over))


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


def write_json_lists(results: QueryResults, out: IO[str]) -> None:
    """Write a list of objects; of several queries a list with one such list each."""
    if results.count == 1:
        write_json(next(results.results), out)
        return
    for number, result in enumerate(results.results):
        out.write("," if number else "[\n")
        write_json(result, out)
    out.write("]\n")


def write_csv_tables(results: QueryResults, out: IO[str]) -> None:
    """Write CSV; of several queries one table each, with an empty line between them."""
    for number, result in enumerate(results.results):
        out.write("\r\n" if number else "")
        write_csv(result, out)


def write_csv(result: QueryResult, out: IO[str]) -> None:
    """Write CSV by RFC 4180 with a header; null is empty."""
    writer = csv.writer(out)
    writer.writerow(result.columns)
    writer.writerows([_cell(value) for value in row] for row in result.rows)


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
