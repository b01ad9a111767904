"""Verdicts on all claims: the published ones, and those of the home judged on the same file.

The rows of both have the columns of `marts.claims`, so whatever reads one reads the other.
"""

from pathlib import Path
from typing import Any

from dashboards.query import Query, inline, query
from dashboards.statements.comparison import BadComparisonError, Comparison, SavedClaim, values_of
from dashboards.statements.judging import OVERALL, VerdictRow, judge
from pipelines.claims.saved_claims import read_claims
from pipelines.publish import query as querying
from pipelines.settings import Settings
from pipelines.sql import read_sql

PUBLISHED = read_sql(__file__, "published_claims")
HAS_TABLE = "select 1 from duckdb_tables() where schema_name = 'marts' and table_name = '{}'"

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
    known, meta = known_members(path), _meta(path)
    rows = [row for claim in saved for row in saved_rows(path, claim, known, meta)]
    return sorted(
        [*published, *rows],
        key=lambda row: (row["claim_id"], row["basis"] != OVERALL, row["basis"]),
    )


def published_rows(path: Path) -> list[VerdictRow]:
    """Return the rows of `marts.claims`; generations of older versions have no such table."""
    if not querying.records(path, HAS_TABLE.format("claims")):
        return []
    return querying.records(path, PUBLISHED)


def saved_rows(
    path: Path, claim: SavedClaim, known: Members, meta: dict[str, Any]
) -> list[VerdictRow]:
    """Judge a claim of the home on a published file."""
    about = values_of(claim)
    try:
        asked = claim.comparison.query(known)
    except BadComparisonError as error:
        return [{**about, **row} for row in _unknown(claim.comparison, str(error))]
    weeks = querying.frame(path, inline(asked))
    rows = judge(
        weeks,
        claim.comparison.bases,
        is_simulated="simulated" in meta["origin"],
        as_of=meta["as_of"],
    )
    return [{**about, **row, "evidence_sql": inline(asked)} for row in rows]


def judge_claim(path: Path, claim: SavedClaim) -> list[VerdictRow]:
    """Judge a claim that is being made. Raise BadComparisonError for an unknown member."""
    known = known_members(path)
    claim.comparison.query(known)
    return saved_rows(path, claim, known, _meta(path))


def known_members(path: Path) -> Members:
    """Return the members that a comparison on this file can name."""
    if not querying.records(path, HAS_TABLE.format("market_share_weekly")):
        return frozenset()
    rows = querying.records(path, inline(query("statements/members")))
    return frozenset((row["dimension"], row["member"]) for row in rows)


def _meta(path: Path) -> dict[str, Any]:
    return querying.records(path, inline(Query("from marts.meta", is_verbatim=True)))[0]


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
