"""Loading of answers: brings the raw tables up to the archive, beginning at what is not loaded.

Extraction never loads what it fetched; it calls this. So an answer that a crash left behind is
loaded by the next run, and a rebuild is the same function on an empty warehouse. How far each day's
log was read is kept in `main.loaded_logs`, so that a call costs what is new and not what was ever
archived.
"""

import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import duckdb
import polars as pl

from pipelines.archive import Answer, Archive, BadLine, LogPart
from pipelines.errors import BadAnswer, DamagedBody
from pipelines.loading.downloads import load_history, load_hub_page, load_repository
from pipelines.loading.hub_batches import batches, load_hub_batch
from pipelines.loading.outcome import LoadResult
from pipelines.loading.plausible import implausible
from pipelines.loading.prices import load_prices
from pipelines.loading.rankings import load_rankings
from pipelines.loading.recording import quarantine, record_results, request_of
from pipelines.loading.snapshots import load_snapshot
from pipelines.sources.huggingface.history import HistoryFile
from pipelines.sources.huggingface.hub_page import HubPage, HubRepository
from pipelines.sources.openrouter import endpoints
from pipelines.sources.openrouter.rankings_table import RankingsTable
from pipelines.sources.prices.price_table import PriceTable
from pipelines.sources.registry import SOURCES
from pipelines.sql import read_sql
from warehouse.changes import ANSWERS, ENDPOINTS, mark_changed, mark_slices
from warehouse.connection import transaction

log = logging.getLogger(__name__)

SLICES = "select unnest($names::varchar[]) as target, unnest($days::date[]) as day"
# The middle of the time that a sample of a host covers, which decides its half hour.
MIDDLE = timedelta(minutes=15)
# Stands for the source where it is the archive's own log that is wrong.
LOG = "archive_log"
OK, NOT_MODIFIED = 200, 304
SAME_BYTES = read_sql(__file__, "same_bytes")
NOT_LOADED = read_sql(__file__, "not_loaded")
RECORDED = read_sql(__file__, "damaged_answers")
QUARANTINED = (
    "select reason from raw.answers where sha256 = ? and source = ? and params = ? and context = ?"
    " and outcome = 'quarantined'"
)
DAMAGED = (
    "select answer_id, source, reason from raw.answers where outcome = 'damaged' order by answer_id"
)
# Of the Hub; any other answer is a snapshot.
LOADS: dict[type[Any], Callable[..., LoadResult]] = {
    HubPage: load_hub_page,
    HubRepository: load_repository,
}
# A payload of a shape that its parser does not know is quarantined like any other bad one, so that
# it holds up no other answer.
UNREADABLE = (
    BadAnswer,
    LookupError,
    TypeError,
    ValueError,
    ArithmeticError,
    pl.exceptions.PolarsError,
    duckdb.DataError,
    duckdb.IntegrityError,
)


@dataclass(frozen=True)
class DamagedAnswer:
    """An answer that cannot be loaded, since the archive no longer holds its bytes."""

    answer_id: str
    source: str
    reason: str


OnLoaded = Callable[[Answer, LoadResult], None]


def load_answers(
    con: duckdb.DuckDBPyConnection,
    archive: Archive,
    payloads: Mapping[str, Any] | None = None,
    on_loaded: OnLoaded = lambda answer, result: None,
) -> int:
    """Load every answer that is not loaded yet, each whole or not at all, and return their number.

    `payloads` holds those that are decoded already, by answer id; others are read from the archive.
    """
    number = 0

    def load(answers: Sequence[Answer]) -> None:
        nonlocal number
        _mark_slices(con, answers)
        for batch in batches(answers):
            for answer, result in zip(
                batch, _load_batch(con, archive, batch, payloads or {}), strict=True
            ):
                on_loaded(answer, result)
                number += 1

    load(list(_healed(con, archive)))
    for part in archive.log_parts(_positions(con)):
        _quarantine_lines(con, part.bad_lines)
        load(list(_not_loaded(con, part.answers)))
        _record_position(con, part)
    return number


def damaged_answers(con: duckdb.DuckDBPyConnection) -> list[DamagedAnswer]:
    """Return the answers that the archive names and no longer holds, oldest first."""
    return [DamagedAnswer(*row) for row in con.sql(DAMAGED).fetchall()]


def _healed(con: duckdb.DuckDBPyConnection, archive: Archive) -> Iterator[Answer]:
    """Yield those whose bytes were damaged when they were to be loaded, and are whole by now."""
    for row in con.sql(RECORDED).pl().to_dicts():
        if archive.has(row["sha256"]):
            maps = {name: json.loads(row[name]) for name in ("params", "context")}
            yield Answer(**{**row, **maps})


def _positions(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Return how many bytes of each day's log were loaded."""
    return dict(con.sql("select name, loaded_bytes from main.loaded_logs").fetchall())


def _record_position(con: duckdb.DuckDBPyConnection, part: LogPart) -> None:
    con.execute("insert or replace into main.loaded_logs values (?, ?)", [part.name, part.end])


def _not_loaded(con: duckdb.DuckDBPyConnection, answers: Sequence[Answer]) -> Iterator[Answer]:
    """Yield those that are not in raw.answers: an interrupted call may have loaded some of them."""
    if not answers:
        return
    ids = [answer.answer_id for answer in answers]
    values = {"ids": ids, "first_id": min(ids), "last_id": max(ids)}
    waiting = {answer_id for (answer_id,) in con.execute(NOT_LOADED, values).fetchall()}
    yield from (answer for answer in answers if answer.answer_id in waiting)


def _mark_slices(con: duckdb.DuckDBPyConnection, answers: Sequence[Answer]) -> None:
    """Say which slices these answers are about to change.

    Once for all of them: of those that an interruption leaves out, the next call says it again.
    """
    days = [(answer.source, answer.fetched_at.date()) for answer in answers]
    samples = [
        (answer.context.get("model", ""), at.date())
        for answer in answers
        if answer.source == endpoints.SOURCE.name
        for at in (answer.fetched_at, answer.fetched_at - MIDDLE)
    ]
    for relation, slices in ((ANSWERS, days), (ENDPOINTS, samples)):
        if slices:
            names, dates = (list(each) for each in zip(*set(slices), strict=True))
            mark_slices(con, relation, SLICES, {"names": names, "days": dates})


def _load_batch(
    con: duckdb.DuckDBPyConnection,
    archive: Archive,
    batch: Sequence[Answer],
    payloads: Mapping[str, Any],
) -> Iterator[LoadResult]:
    """Load answers in one transaction; where one of them is not plain, each in one for itself."""
    if len(batch) > 1:
        try:
            with transaction(con):
                results = load_hub_batch(con, archive, batch, payloads)
                record_results(con, list(zip(batch, results, strict=True)))
        except (DamagedBody, *UNREADABLE) as error:
            log.debug("Loading each of %s answers by itself: %s", len(batch), error)
        else:
            yield from results
            return
    for answer in batch:
        yield _load_or_quarantine(con, archive, answer, payloads)


def _load_or_quarantine(
    con: duckdb.DuckDBPyConnection, archive: Archive, answer: Answer, payloads: Mapping[str, Any]
) -> LoadResult:
    """Load one answer and record the outcome.

    An answer that turns out to be unreadable is rolled back and quarantined.
    """
    try:
        with transaction(con):
            result = _load(con, archive, answer, payloads)
            record_results(con, [(answer, result)])
    except DamagedBody as error:
        with transaction(con):
            result = LoadResult("damaged", reason=str(error))
            record_results(con, [(answer, result)])
    except UNREADABLE as error:
        with transaction(con):
            result = LoadResult("unreadable", reason=str(error))
            quarantine(con, answer, result)
            record_results(con, [(answer, result)])
    return result


def _load(
    con: duckdb.DuckDBPyConnection, archive: Archive, answer: Answer, payloads: Mapping[str, Any]
) -> LoadResult:
    if answer.error:
        return LoadResult("broken", reason=answer.error)
    if answer.status not in (OK, NOT_MODIFIED):
        return LoadResult("refused", reason=f"status {answer.status}")
    earlier = con.execute(SAME_BYTES, {"digest": answer.sha256}).fetchall()
    if request_of(answer) in earlier:
        return LoadResult("unchanged")
    return _load_payload(con, archive, answer, payloads, is_new=not earlier)


def _load_payload(
    con: duckdb.DuckDBPyConnection,
    archive: Archive,
    answer: Answer,
    payloads: Mapping[str, Any],
    *,
    is_new: bool,
) -> LoadResult:
    source = SOURCES[answer.source]
    payload = payloads.get(answer.answer_id)
    if payload is None:
        payload = source.decode(answer, archive.read(answer.sha256))
    parsed = source.parse(answer, payload)
    if isinstance(parsed, RankingsTable):
        # The same useless rankings are quarantined once, however often they come.
        if known := con.execute(QUARANTINED, [answer.sha256, *request_of(answer)]).fetchall():
            return LoadResult("quarantined", reason=known[0][0])
        return load_rankings(con, answer, parsed)
    if isinstance(parsed, HistoryFile):
        return load_history(con, answer, parsed)
    if reason := implausible(con, answer, source, parsed):
        result = LoadResult("quarantined", reason=reason)
        quarantine(con, answer, result)
        return result
    if isinstance(parsed, PriceTable):
        result = load_prices(con, answer, parsed)
        if result.outcome == "quarantined":
            quarantine(con, answer, result)
        return result
    load = LOADS.get(type(parsed), load_snapshot)
    return load(con, answer, parsed, is_new=is_new)


def _quarantine_lines(con: duckdb.DuckDBPyConnection, lines: Sequence[BadLine]) -> None:
    """Quarantine lines of the archive's log that name no answer; the others are loaded."""
    for line in lines:
        row = [line.sha256, LOG, f"line {line.number} of {line.log}: {line.reason}"]
        if con.execute(
            "select 1 from raw.quarantine where sha256 = ? and source = ? and reason = ?", row
        ).fetchall():
            continue
        log.warning("The archive's log is damaged: %s.", row[2])
        con.execute("insert into raw.quarantine (sha256, source, reason) values (?, ?, ?)", row)
        mark_changed(con, ["raw.quarantine"])
