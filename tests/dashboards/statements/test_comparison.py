"""Comparisons: a week is true only if no owner of the unknown tokens changes it."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboards.query import inline
from dashboards.statements.comparison import (
    BadComparisonError,
    Comparison,
    SavedClaim,
    member_words,
    propose_id,
)

MONDAY = date(2026, 3, 2)
KNOWN = {("country", "CN"), ("country", "US"), ("family", "it's; drop table x --")}
CHOICES = {
    "above": "country:CN",
    "below": "country:US",
    "from": "2026-03-02",
    "to": "2026-03-30",
    "basis": "platform.top9",
    "attribution": "releasing_lab",
}
TABLE = """
    create schema marts;
    create table marts.market_share_weekly (
        week_start date, basis varchar, attribution varchar, dimension varchar, member varchar,
        tokens bigint, share double, share_low double, share_high double, days bigint
    )
"""

Week = tuple[int | None, int | None, int, int, int]
"""Tokens of CN, of US, of others and of nobody known, and the days of the week."""


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        con.execute(TABLE)
        yield con


def comparison(**changes: Any) -> Comparison:
    values = {
        "dimension": "country",
        "above": "CN",
        "below": "US",
        "first_week": MONDAY,
        "last_week": MONDAY,
    }
    return Comparison(**{**values, **changes})


def share_rows(weeks: list[Week], basis: str) -> list[dict[str, Any]]:
    """Return the rows of market_share_weekly, with its bounds; a side of None is not named."""
    found = []
    for number, (above, below, other, unknown, days) in enumerate(weeks):
        tokens = {"CN": above, "US": below, "FR": other, "unknown": unknown or None}
        named = {name: count for name, count in tokens.items() if count is not None}
        total = sum(named.values())
        for member, count in named.items() if total else ():
            is_known = member != "unknown"
            found.append(
                {
                    "week_start": MONDAY + timedelta(weeks=number),
                    "basis": basis,
                    "attribution": "releasing_lab",
                    "dimension": "country",
                    "member": member,
                    "tokens": count,
                    "share": count / total,
                    "share_low": count / total if is_known else 0.0,
                    "share_high": (count + is_known * unknown) / total,
                    "days": days,
                }
            )
    return found


def found_weeks(
    con: duckdb.DuckDBPyConnection, rows: list[dict[str, Any]], asked: Comparison
) -> pl.DataFrame:
    con.execute("delete from marts.market_share_weekly")
    if rows:
        frame = pl.DataFrame(rows)
        con.register("frame", frame)
        con.execute("insert into marts.market_share_weekly by name from frame")
    return con.sql(inline(asked.query(KNOWN))).pl()


COUNTS = st.integers(0, 12)
WEEKS = st.lists(
    st.tuples(st.none() | COUNTS, st.none() | COUNTS, COUNTS, COUNTS, st.integers(6, 7)),
    min_size=1,
    max_size=6,
)


@settings(deadline=None)
@given(weeks=WEEKS)
def test_a_week_is_true_exactly_where_every_owner_of_the_unknown_leaves_it_true(
    con: duckdb.DuckDBPyConnection, weeks: list[Week]
) -> None:
    """And false where every owner leaves it false; between the two, and in part, it is open."""
    last = MONDAY + timedelta(weeks=len(weeks) - 1)
    asked = comparison(last_week=last, bases=("top50",))
    found = found_weeks(con, share_rows(weeks, "top50"), asked).to_dicts()
    assert len(found) == len(weeks)
    for row, (above, below, other, unknown, days) in zip(found, weeks, strict=True):
        held = {
            (above or 0) + mine > (below or 0) + theirs
            for mine in range(unknown + 1)
            for theirs in range(unknown + 1 - mine)
        }
        is_whole = days == 7 and (above or 0) + (below or 0) + other + unknown > 0
        expected = held.pop() if len(held) == 1 and is_whole else None
        assert row["is_true"] is expected
        assert (row["reason"] is None) == (expected is not None)


@settings(deadline=None)
@given(weeks=WEEKS)
def test_the_true_weeks_are_those_with_the_least_share_above_the_greatest(
    con: duckdb.DuckDBPyConnection, weeks: list[Week]
) -> None:
    asked = comparison(last_week=MONDAY + timedelta(weeks=len(weeks) - 1), bases=("top9",))
    for row in (
        found_weeks(con, share_rows(weeks, "top9"), asked).drop_nulls("above_low").to_dicts()
    ):
        is_certain = row["above_low"] > row["below_high"] and row["days"] == 7
        assert (row["is_true"] is True) == is_certain


def test_a_week_that_is_not_loaded_has_no_figures(con: duckdb.DuckDBPyConnection) -> None:
    """It is a row all the same, on each basis that was asked for."""
    rows = share_rows([(6, 3, 1, 0, 7)], "platform")
    asked = comparison(last_week=MONDAY + timedelta(weeks=1))
    found = found_weeks(con, rows, asked)
    assert found.select("basis", "days", "above_low", "is_true").rows() == [
        ("platform", 7, 0.6, True),
        ("platform", 0, None, None),
        *([("top50", 0, None, None)] * 2),
        *([("top9", 0, None, None)] * 2),
    ]


def test_a_side_that_is_not_named_may_own_all_that_is_unknown(
    con: duckdb.DuckDBPyConnection,
) -> None:
    """Its share of all traffic is not known; of the named models it is none."""
    for basis, share in (("platform", None), ("top50", 0.0)):
        rows = share_rows([(6, None, 0, 4, 7)], basis)
        [row] = found_weeks(con, rows, comparison(bases=(basis,))).to_dicts()
        assert (row["below_share"], row["below_low"], row["below_high"]) == (share, 0.0, 0.4)
        assert row["is_true"] is True


def test_choices_of_an_address_are_read_back() -> None:
    read = Comparison.read(CHOICES)
    assert read.choices == CHOICES
    assert (read.weeks, read.last_day, read.bases) == (5, date(2026, 4, 5), ("platform", "top9"))


def test_the_statement_is_in_words() -> None:
    assert Comparison.read(CHOICES).statement == (
        "Labs of China above labs of the United States in every week from 2026-03-02 to 2026-04-05."
    )
    one = comparison(dimension="weights", above="open", below="closed")
    assert one.statement == (
        "Open-weight models above closed models in the week from 2026-03-02 to 2026-03-08."
    )
    assert member_words("family", "lab/model") == "lab/model"
    assert member_words("size", "100B+") == "models of 100B+ parameters"
    assert propose_id(Comparison.read(CHOICES)) == "cn-above-us-2026-03-02-5"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"below": "weights:open"}, "are not of one kind"),
        ({"below": "country:CN"}, "cannot be above itself"),
        ({"above": "country:unknown"}, "cannot be compared"),
        ({"above": "country:"}, "cannot be compared"),
        ({"above": "nothing:CN", "below": "nothing:US"}, "There is no kind 'nothing'"),
        ({"from": "2026-03-03"}, "is no Monday"),
        ({"from": "soon"}, "is not a day"),
        ({"from": "2026-04-06"}, "are not 1 to 520 weeks"),
        ({"to": "2099-01-05"}, "are not 1 to 520 weeks"),
        ({"basis": ""}, "There is no basis"),
        ({"basis": "top9.'; drop table"}, "There is no basis"),
        ({"attribution": "nobody"}, "There is no attribution"),
    ],
)
def test_other_choices_are_refused_with_the_reason(changes: dict[str, str], reason: str) -> None:
    with pytest.raises(BadComparisonError, match=reason):
        Comparison.read({**CHOICES, **changes})


def test_only_members_of_the_market_come_into_the_query() -> None:
    """A name that the market has is a constant in it, whatever its letters."""
    with pytest.raises(BadComparisonError, match=r"no country 'CM' .* Did you mean CN\?"):
        comparison(above="CM").query(KNOWN)
    other = comparison(dimension="family", above="it's; drop table x --", below="lab/model")
    text = inline(other.query({*KNOWN, ("family", "lab/model")}))
    assert "'it''s; drop table x --'" in text
    assert len(duckdb.extract_statements(text)) == 1


@pytest.mark.parametrize(
    "values",
    [
        {"claim_id": "../etc"},
        {"claim_id": "-o"},
        {"claim_id": "a" * 61},
        {"claim_id": "a", "statement": "line\nbreak"},
        {"claim_id": "a", "said_by": "x" * 301},
        {"claim_id": "a", "source_url": "javascript:alert(1)"},
    ],
)
def test_a_claim_that_cannot_be_kept_is_refused(values: dict[str, str]) -> None:
    with pytest.raises(BadComparisonError):
        SavedClaim(**{"comparison": comparison(), **values})  # type: ignore[arg-type]
