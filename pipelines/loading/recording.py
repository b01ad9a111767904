"""Records of loading: the outcome of each answer, what was quarantined and what was odd."""

import json
import logging
from collections.abc import Sequence

import duckdb
import polars as pl

from pipelines.archive import Answer
from pipelines.loading.outcome import LoadResult
from pipelines.sources.registry import SOURCES
from warehouse.changes import mark_changed

log = logging.getLogger(__name__)

ROWS: dict[str, type[pl.DataType] | pl.DataType] = {
    "answer_id": pl.String,
    "source": pl.String,
    "url": pl.String,
    "params": pl.String,
    "context": pl.String,
    "fetched_at": pl.Datetime("us", "UTC"),
    "status": pl.Int16,
    "bytes": pl.Int64,
    "sha256": pl.String,
    "origin": pl.String,
    "run_id": pl.String,
    "outcome": pl.String,
    "rows": pl.Int64,
    "reason": pl.String,
}


def record_results(
    con: duckdb.DuckDBPyConnection, loaded: Sequence[tuple[Answer, LoadResult]]
) -> None:
    """Record what became of answers, within the open transaction."""
    mark_changed(con, set().union(*(_changed_tables(*each) for each in loaded)))
    rows = [
        (
            *(answer.answer_id, *_texts_of(answer), answer.fetched_at, answer.status),
            *(answer.bytes, answer.sha256, answer.origin, answer.run_id),
            *(result.outcome, result.rows, result.reason),
        )
        for answer, result in loaded
    ]
    con.register("incoming", pl.DataFrame(rows, schema=ROWS, orient="row").to_arrow())
    con.execute("insert or replace into raw.answers by name from incoming")
    con.unregister("incoming")
    for answer, result in loaded:
        for note in result.notes:
            _note(con, answer, note)


def request_of(answer: Answer) -> tuple[str, str, str]:
    """Return source, parameters and context of an answer: what was asked."""
    return answer.source, _sorted_json(answer.params), _sorted_json(answer.context)


def quarantine(con: duckdb.DuckDBPyConnection, answer: Answer, result: LoadResult) -> None:
    """Note that an answer is quarantined: once, however often the same bytes come."""
    row = [answer.sha256, answer.source, result.reason]
    if not con.execute(
        "select 1 from raw.quarantine where sha256 = ? and source = ? and reason = ?", row
    ).fetchall():
        con.execute("insert into raw.quarantine (sha256, source, reason) values (?, ?, ?)", row)


def _texts_of(answer: Answer) -> tuple[str, ...]:
    source, params, context = request_of(answer)
    return source, answer.url, params, context


def _changed_tables(answer: Answer, result: LoadResult) -> set[str]:
    """Return the tables that loading this answer may have changed."""
    if result.outcome in ("broken", "refused", "damaged", "unchanged"):
        return {"raw.answers"}
    listed = {"raw.answers", "raw.quarantine", "raw.notes"}
    if result.outcome == "unreadable":
        # Nothing of it was loaded; its source may not even be known.
        return listed
    return {*listed, *(f"raw.{table}" for table in SOURCES[answer.source].tables)}


def _note(con: duckdb.DuckDBPyConnection, answer: Answer, note: str) -> None:
    row = [answer.source, note]
    if con.execute("select 1 from raw.notes where source = ? and note = ?", row).fetchall():
        return
    log.warning("%s: %s (noted once)", answer.source, note)
    con.execute("insert into raw.notes values (?, ?, ?)", [*row, answer.sha256])


def _sorted_json(values: dict[str, str]) -> str:
    return json.dumps(values, sort_keys=True)
