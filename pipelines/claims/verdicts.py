"""Verdicts on all claims: the published ones, and those of the home judged on the same file.

The rows of both have the columns of `marts.claims`, so whatever reads one reads the other.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from dashboards.query import Query, inline, query
from dashboards.statements.comparison import BadComparisonError, Comparison, SavedClaim, values_of
from dashboards.statements.judging import OVERALL, VerdictRow, judge
from pipelines.claims.saved_claims import read_claims
from pipelines.publish import query as querying
from pipelines.publish.generations import Generation, publish
from pipelines.publish.json_values import plain
from pipelines.settings import Settings
from pipelines.sql import read_sql

PUBLISHED = read_sql(__file__, "published_claims")
# A claim of the home belongs to no article, and is judged on what was measured alone.
OF_NO_ARTICLE = {
    "article": None,
    "layer": "measured",
    "true_dates": None,
    "true_dates_reason": "a claim of the home is judged over the weeks that it names",
    "holds_if": None,
}
HAS_TABLE = "select 1 from duckdb_tables() where schema_name = 'marts' and table_name = '{}'"

Read = Callable[[str], pl.DataFrame]
"""Runs a query on marts, of a published file or of the warehouse."""

Members = frozenset[tuple[str, str]]
"""The dimensions and members of a generation's market."""


def claim_rows(settings: Settings, path: Path) -> list[VerdictRow]:
    """Return every claim of a generation and of the home, a row for each basis, `all` first.

    An id that both have is the published claim's.
    """
    published = published_rows(path)
    taken = {row["claim_id"] for row in published}
    saved = [each for each in read_claims(settings).claims if each.claim_id not in taken]
    if not saved:
        return published
    rows = _judge_all(saved, partial(querying.frame, path))
    return sorted(
        [*published, *rows],
        key=lambda row: (row["claim_id"], row["basis"] != OVERALL, row["basis"]),
    )


def publish_with_claims(settings: Settings, now: datetime | None = None) -> Generation:
    """Publish a generation in which the claims of the home are judged too."""

    def judge_saved(con: duckdb.DuckDBPyConnection) -> list[VerdictRow]:
        return _judge_all(read_claims(settings).claims, lambda sql: con.sql(sql).pl())

    return publish(settings, now, judge_saved)


def published_rows(path: Path) -> list[VerdictRow]:
    """Return the rows of `marts.claims`; generations of older versions have no such table."""
    if not querying.records(path, HAS_TABLE.format("claims")):
        return []
    return querying.records(path, PUBLISHED)


def saved_rows(
    read: Read, claim: SavedClaim, known: Members, meta: dict[str, Any]
) -> list[VerdictRow]:
    """Judge a claim of the home on these marts."""
    about = {**values_of(claim), **OF_NO_ARTICLE}
    try:
        asked = claim.comparison.query(known)
    except BadComparisonError as error:
        return [{**about, **row} for row in _unknown(claim.comparison, str(error))]
    rows = judge(
        read(inline(asked)),
        claim.comparison.bases,
        is_simulated="simulated" in meta["origin"],
        as_of=meta["as_of"],
    )
    return [{**about, **row, "evidence_sql": inline(asked)} for row in rows]


def judge_claim(path: Path, claim: SavedClaim) -> list[VerdictRow]:
    """Judge a claim that is being made. Raise BadComparisonError for an unknown member."""
    read = partial(querying.frame, path)
    known = known_members(read)
    claim.comparison.query(known)
    return saved_rows(read, claim, known, _meta(read))


def known_members(read: Read) -> Members:
    """Return the members that a comparison on these marts can name."""
    if read(HAS_TABLE.format("market_share_weekly")).is_empty():
        return frozenset()
    return frozenset(read(inline(query("statements/members"))).iter_rows())


def _judge_all(claims: Sequence[SavedClaim], read: Read) -> list[VerdictRow]:
    if not claims:
        return []
    known, meta = known_members(read), _meta(read)
    return [row for claim in claims for row in saved_rows(read, claim, known, meta)]


def _meta(read: Read) -> dict[str, Any]:
    [row] = read(inline(Query("from marts.meta", is_verbatim=True))).to_dicts()
    return {**row, "as_of": plain(row["as_of"])}


def _unknown(comparison: Comparison, reason: str) -> list[VerdictRow]:
    """Return the rows of a claim that names a member which this file does not have."""
    empty = dict.fromkeys(("measured", "measured_text", "missing_days", "as_of", "evidence_sql"))
    return [
        {
            **empty,
            "basis": basis,
            "verdict": "unverifiable",
            "expected": float(comparison.weeks),
            "reason": reason,
        }
        for basis in (OVERALL, *comparison.bases)
    ]
