"""Judgement of a whole list: one that is empty, or that lost much at once, is no answer.

A source that fails may send a part of its list with status 200. What was known would then look
withdrawn. A list that stays short for a week is taken as it is.
"""

from datetime import timedelta

import duckdb

from pipelines.archive import Answer
from pipelines.sources.parsing import ParsedTables, complete_rows
from pipelines.sources.source import Source
from pipelines.sql import read_sql

ACCEPTED_AFTER = timedelta(days=7)
MIN_LOST = 5  # entries; a short list may lose a large part of itself
SHRANK = "the list shrank"
LISTS_BEFORE = read_sql(__file__, "lists_before")


def implausible(
    con: duckdb.DuckDBPyConnection, answer: Answer, source: Source, parsed: ParsedTables
) -> str | None:
    """Return why this list is no answer, None where it may be one."""
    if source.min_share is None:
        return None
    rows = sum(complete_rows(parsed, table).height for table in parsed.frames)
    if not rows and not source.may_be_empty:
        return "the list has no entry"
    values = {
        "source": source.name,
        "fetched_at": answer.fetched_at,
        "since": answer.fetched_at - ACCEPTED_AFTER,
        "shrank": SHRANK,
    }
    [(known, is_old_news)] = con.execute(LISTS_BEFORE, values).fetchall()
    is_short = known is not None and rows < source.min_share * known and known - rows > MIN_LOST
    if not is_short or (rows and is_old_news):
        return None
    return f"{SHRANK} from {known} to {rows} entries"
