"""Brings the raw tables up to the archive: every answer that is kept but not landed yet, oldest first.

Collecting never loads what it just fetched; it catches up. So an answer that a crash left behind is landed by the next run, and a
rebuild is the same function on an empty warehouse.
"""

import json
import logging
from collections.abc import Callable, Iterator

import duckdb
import polars as pl

from pipelines.archive import Answer, Archive
from pipelines.errors import BadAnswer
from pipelines.loading.outcome import LoadResult
from pipelines.loading.rankings import load_rankings
from pipelines.loading.snapshots import load_snapshot
from pipelines.sources.openrouter import (
    apps,
    benchmarks,
    catalogue,
    endpoints,
    exports,
    providers,
    rankings,
    session_costs,
    tasks,
)
from pipelines.sources.openrouter.rankings_table import RankingsTable
from pipelines.sources.parsing import ParsedTables
from warehouse.connection import transaction

log = logging.getLogger(__name__)

PARSERS: dict[str, Callable[[Answer, bytes], RankingsTable | ParsedTables]] = {
    rankings.SOURCE: rankings.parse,
    exports.SOURCE: exports.parse,
    exports.MANIFEST: exports.parse_manifest,
    catalogue.SOURCE: catalogue.parse,
    endpoints.SOURCE: endpoints.parse,
    providers.SOURCE: providers.parse,
    apps.SOURCE: apps.parse,
    tasks.SOURCE: tasks.parse,
    benchmarks.SOURCE: benchmarks.parse,
    session_costs.SOURCE: session_costs.parse,
}
OK, NOT_MODIFIED = 200, 304
KNOWN = """
    select 1 from raw.answers
    where sha256 = ? and source = ? and params = ? and context = ? and outcome in ('loaded', 'partial', 'quarantined')
    limit 1
"""
# A payload of a shape that its parser does not know is set aside like any other bad one, so that it holds up no other answer.
UNREADABLE = (
    BadAnswer, LookupError, TypeError, ValueError, ArithmeticError, pl.exceptions.PolarsError, duckdb.DataError, duckdb.IntegrityError,
)  # fmt: skip


def load_answers(
    con: duckdb.DuckDBPyConnection,
    archive: Archive,
    landed: Callable[[Answer, LoadResult], None] | None = None,
) -> int:
    """Land what is not landed yet, each answer in a transaction of its own, and return how many there were."""
    number = 0
    for answer in _waiting(con, archive):
        result = _landed(con, archive, answer)
        number += 1
        if landed:
            landed(answer, result)
    return number


def _waiting(con: duckdb.DuckDBPyConnection, archive: Archive) -> Iterator[Answer]:
    done = {answer_id for (answer_id,) in con.sql("select answer_id from raw.answers").fetchall()}
    return (answer for answer in archive.answers() if answer.answer_id not in done)


def _landed(con: duckdb.DuckDBPyConnection, archive: Archive, answer: Answer) -> LoadResult:
    """Land one answer and say so in the log; what turns out to be of no use is undone and set aside."""
    try:
        with transaction(con):
            result = _land(con, archive, answer)
            _record(con, answer, result)
    except UNREADABLE as error:
        with transaction(con):
            result = LoadResult("unreadable", reason=str(error))
            _set_aside(con, answer, result)
            _record(con, answer, result)
    return result


def _land(con: duckdb.DuckDBPyConnection, archive: Archive, answer: Answer) -> LoadResult:
    if answer.error:
        return LoadResult("broken", reason=answer.error)
    if answer.status not in (OK, NOT_MODIFIED):
        return LoadResult("refused", reason=f"status {answer.status}")
    if _is_known(con, answer):
        return LoadResult("unchanged")
    parsed = PARSERS[answer.source](answer, archive.read(answer.sha256))
    return (
        load_rankings(con, answer, parsed)
        if isinstance(parsed, RankingsTable)
        else load_snapshot(con, answer, parsed)
    )


def _set_aside(con: duckdb.DuckDBPyConnection, answer: Answer, result: LoadResult) -> None:
    row = [answer.sha256, answer.source, result.reason]
    # The same nonsense is read again whenever it comes, but set aside once.
    if not con.execute(
        "select 1 from raw.quarantine where sha256 = ? and source = ? and reason = ?", row
    ).fetchall():
        con.execute("insert into raw.quarantine (sha256, source, reason) values (?, ?, ?)", row)


def _is_known(con: duckdb.DuckDBPyConnection, answer: Answer) -> bool:
    """Whether these bytes were landed before. That they came as a failure, or could not be read, does not count."""
    found = con.execute(
        KNOWN,
        [answer.sha256, answer.source, _sorted_json(answer.params), _sorted_json(answer.context)],
    ).fetchall()
    return bool(found)


def _record(con: duckdb.DuckDBPyConnection, answer: Answer, result: LoadResult) -> None:
    con.execute(
        "insert into raw.answers values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            answer.answer_id, answer.source, answer.url, _sorted_json(answer.params), _sorted_json(answer.context), answer.fetched_at,
            answer.status, answer.bytes, answer.sha256, answer.origin, answer.run_id, result.outcome, result.rows, result.reason,
        ],
    )  # fmt: skip
    for note in result.notes:
        known = con.execute(
            "select 1 from raw.notes where source = ? and note = ?", [answer.source, note]
        ).fetchall()
        if not known:
            log.warning("%s: %s (noted once)", answer.source, note)
            con.execute(
                "insert into raw.notes values (?, ?, ?)", [answer.source, note, answer.sha256]
            )


def _sorted_json(values: dict[str, str]) -> str:
    return json.dumps(values, sort_keys=True)
