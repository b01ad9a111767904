"""Rows of all claims: published ones as they are, those of the home judged on the same file."""

from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from support.published import published
from support.statements.shares import SHARES

from dashboards.statements.comparison import BadComparisonError, Comparison, SavedClaim
from pipelines.claims.saved_claims import save_claim
from pipelines.claims.verdicts import (
    claim_rows,
    judge_claim,
    known_members,
    publish_with_claims,
    published_rows,
)
from pipelines.publish import query
from pipelines.publish.generations import newest
from pipelines.settings import Settings
from warehouse.connection import open_warehouse

MONDAY = date(2026, 3, 2)
LAST = date(2026, 3, 16)


def claim(claim_id: str = "mine", above: str = "CN", last_week: date = LAST) -> SavedClaim:
    comparison = Comparison(
        dimension="country", above=above, below="US", first_week=MONDAY, last_week=last_week
    )
    return SavedClaim(claim_id=claim_id, comparison=comparison)


@pytest.fixture
def home(shares: Settings, tmp_path: Path) -> Settings:
    """Return a home with the published file of the session and no claims yet."""
    own = tmp_path / "home"
    own.mkdir()
    (own / "published").symlink_to(shares.published)
    return replace(shares, home=own)


def verdicts(rows: list[dict[str, Any]]) -> dict[str, tuple[str, float | None]]:
    return {row["basis"]: (row["verdict"], row["measured"]) for row in rows}


def test_a_claim_of_the_home_has_a_verdict_on_each_basis(home: Settings) -> None:
    """An open week has no figure, only words."""
    save_claim(home, claim())
    rows = [row for row in claim_rows(home, newest(home)) if row["claim_id"] == "mine"]
    assert verdicts(rows) == {
        "all": ("depends_on_basis", None),
        "platform": ("contradicted", None),
        "top50": ("unverifiable", None),
        "top9": ("supported", 3.0),
    }
    assert rows[2]["measured_text"] == "Certainly above in 2 of 3 weeks, not certain in 1"


def test_both_kinds_of_claim_have_the_same_columns(home: Settings) -> None:
    """Sorted by id, the row over all bases first."""
    save_claim(home, claim())
    rows = claim_rows(home, newest(home))
    assert {frozenset(row) for row in rows} == {frozenset(rows[0])}
    order = [(row["claim_id"], row["basis"]) for row in rows]
    assert order[:4] == [
        ("five-weeks", "all"),
        ("five-weeks", "top50"),
        ("five-weeks", "top9"),
        ("mine", "all"),
    ]


def test_a_published_claim_keeps_its_id(home: Settings) -> None:
    save_claim(home, claim("five-weeks"))
    assert claim_rows(home, newest(home)) == published_rows(newest(home))


def test_weeks_that_are_not_loaded_leave_a_claim_open(home: Settings) -> None:
    """Even if a loaded week contradicts it: what is missing is named first."""
    rows = judge_claim(newest(home), claim(last_week=date(2026, 3, 23)))
    assert {row["verdict"] for row in rows} == {"unverifiable"}
    assert rows[0]["missing_days"] == ["2026-03-23..2026-03-29"]


def test_a_member_that_is_not_there_is_no_error_in_a_file(home: Settings) -> None:
    """A new claim is refused, and nothing is run."""
    save_claim(home, claim(above="KR"))
    rows = [row for row in claim_rows(home, newest(home)) if row["claim_id"] == "mine"]
    assert {row["verdict"] for row in rows} == {"unverifiable"}
    assert {row["evidence_sql"] for row in rows} == {None}
    with pytest.raises(BadComparisonError, match="no country 'KR'"):
        judge_claim(newest(home), claim(above="KR"))


def test_a_simulated_market_is_not_judged(shares: Settings, tmp_path: Path) -> None:
    settings = replace(shares, home=tmp_path / "simulated")
    published(settings, SHARES.replace("data_api", "simulated"))
    rows = judge_claim(newest(settings), claim())
    assert {row["verdict"] for row in rows} == {"not_judged"}


def test_the_unknown_is_no_member(home: Settings, tmp_path: Path) -> None:
    """A file of an older version has none at all, and no claims either."""
    assert known_members(partial(query.frame, newest(home))) == {
        ("country", "CN"),
        ("country", "US"),
    }
    older = Settings(home=tmp_path / "older")
    path = published(older).path
    assert known_members(partial(query.frame, path)) == frozenset()
    assert claim_rows(older, path) == []


def test_a_verdict_on_a_claim_of_the_home_is_published_with_its_history(tmp_path: Path) -> None:
    """A flip ends one span and begins another; a removed claim ends; a published id stays."""
    settings = Settings(home=tmp_path / "home")
    published(settings, SHARES)
    save_claim(settings, claim())
    save_claim(settings, claim("five-weeks"))
    publish_with_claims(settings, DAYS[0])
    assert spans(settings) == [("contradicted", None, "06-01", None)]
    with closing(open_warehouse(settings.warehouse)) as con:
        con.execute("update marts.market_share_weekly set share_low = 1.0 where member = 'CN'")
        con.execute("update marts.market_share_weekly set share_high = 0.0 where member = 'US'")
    publish_with_claims(settings, DAYS[1])
    flipped = [
        ("contradicted", None, "06-01", "06-02"),
        ("supported", "contradicted", "06-02", None),
    ]
    assert spans(settings) == flipped
    (settings.claims / "mine.toml").unlink()
    publish_with_claims(settings, DAYS[2])
    assert [(verdict, end) for verdict, _, _, end in spans(settings)] == [
        ("contradicted", "06-02"),
        ("supported", "06-03"),
    ]
    is_saved = "select distinct is_saved from claim_verdicts where claim_id = 'five-weeks'"
    assert query.records(newest(settings), is_saved) == [{"is_saved": False}]


DAYS = [datetime(2026, 6, day, 9, tzinfo=UTC) for day in (1, 2, 3)]


def spans(settings: Settings) -> list[tuple[str, str | None, str, str | None]]:
    """Return verdict, the one before, first and last day of the claim on the platform."""
    rows = query.records(
        newest(settings),
        "select verdict, previous_verdict, strftime(began_at, '%m-%d') as began, "
        "strftime(ended_at, '%m-%d') as ended from claim_verdicts "
        "where claim_id = 'mine' and basis = 'platform' order by began_at",
    )
    return [tuple(row.values()) for row in rows]  # type: ignore[misc]
