"""Judgement of a whole list: one that is empty, lost much at once, or is a copy, is no answer.

A source that fails may send a part of its list with status 200, or zeros, or the figures of the
window before under a new date. What was known would then look withdrawn, or new. A list that stays
short for a week is taken as it is.
"""

from datetime import timedelta

import duckdb
import polars as pl

from pipelines.archive import Answer
from pipelines.sources.parsing import ParsedTables, complete_rows
from pipelines.sources.source import Source
from pipelines.sql import read_sql

ACCEPTED_AFTER = timedelta(days=7)
MIN_LOST = 5  # entries; a short list may lose a large part of itself
# Figures of which all are zero, or those of another window; a handful may be so by chance.
MIN_FIGURES = 10
SHRANK = "the list shrank"
LISTS_BEFORE = read_sql(__file__, "lists_before")
NEWEST_LIST = (
    "select arg_max(sha256, fetched_at) from raw.answers "
    "where source = ? and fetched_at < ? and outcome in ('loaded', 'partial')"
)


def implausible(
    con: duckdb.DuckDBPyConnection, answer: Answer, source: Source, parsed: ParsedTables
) -> str | None:
    """Return why this list is no answer, None where it may be one."""
    return (
        _shrank(con, answer, source, parsed)
        or _is_zeroed(source, parsed)
        or _copied(con, answer, source, parsed)
    )


def _shrank(
    con: duckdb.DuckDBPyConnection, answer: Answer, source: Source, parsed: ParsedTables
) -> str | None:
    if source.min_share is None:
        return None
    rows = sum(complete_rows(parsed, table).height for table in parsed.frames)
    if not rows and not source.may_be_empty:
        return "the list has no entry"
    if not source.min_share:
        return None
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


def _is_zeroed(source: Source, parsed: ParsedTables) -> str | None:
    """Say so if all figures of a list are zero: what a field that lost its meaning looks like."""
    if not source.figures:
        return None
    rows = next(iter(parsed.frames.values()))
    if any(_has_more_than_zero(rows[name]) for name in source.figures):
        return None
    figures = rows.select(pl.col(source.figures).cast(pl.Float64, strict=False))
    known = figures.unpivot()["value"].drop_nulls()
    return "every figure is zero" if len(known) >= MIN_FIGURES and (known == 0).all() else None


def _has_more_than_zero(figures: pl.Series) -> bool:
    """Tell it of numbers, without a query; of text it is not known here."""
    most = figures.max() if figures.dtype.is_numeric() else None
    return isinstance(most, int | float) and most > 0


def _copied(
    con: duckdb.DuckDBPyConnection, answer: Answer, source: Source, parsed: ParsedTables
) -> str | None:
    """Say so if a list has the figures of the list before, all of them, under another window."""
    if source.window is None:
        return None
    table = next(iter(parsed.frames))
    rows = complete_rows(parsed, table)
    if rows.height < MIN_FIGURES:
        return None
    [(digest,)] = con.execute(NEWEST_LIST, [source.name, answer.fetched_at]).fetchall()
    # `table` is one of our own constants.
    before = con.execute(f"from {table} where sha256 = ?", [digest]).pl()
    figures = pl.Schema(
        {name: kind for name, kind in rows.schema.items() if not kind.is_temporal()}
    )
    known, listed = (each.select(*figures).cast(figures) for each in (before, rows))
    is_copy = known.sort(pl.all()).equals(listed.sort(pl.all()))
    windows = [max(each[source.window].to_list(), default=None) for each in (before, rows)]
    return f"every figure is that of {windows[0]}" if is_copy and len({*windows}) > 1 else None
