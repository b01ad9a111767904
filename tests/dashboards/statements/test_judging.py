"""Verdicts on weeks: true in all, false in one, open in one, or not known."""

from datetime import date, timedelta
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.statements.judging import WeekSpan, judge, spans

MONDAY = date(2026, 3, 2)
FLAGS = st.lists(st.none() | st.booleans(), max_size=20)


def weeks(basis: str, *flags: bool | None, days: int = 7) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "basis": [basis] * len(flags),
            "week_start": [MONDAY + timedelta(weeks=number) for number in range(len(flags))],
            "days": [days] * len(flags),
            "is_true": flags,
        },
        schema_overrides={"is_true": pl.Boolean, "week_start": pl.Date, "basis": pl.String},
    )


@given(flags=FLAGS)
def test_spans_cover_the_true_weeks_and_no_other(flags: list[bool | None]) -> None:
    """They do not touch, so each is as long as it can be."""
    found = spans(weeks("top9", *flags))
    covered = [
        span.first_day + timedelta(weeks=number) for span in found for number in range(span.weeks)
    ]
    true = [MONDAY + timedelta(weeks=number) for number, flag in enumerate(flags) if flag]
    assert covered == true
    assert all(
        after.first_day - before.last_day > timedelta(days=1) for before, after in pairwise(found)
    )


def test_a_span_is_said_by_its_first_and_last_day() -> None:
    [span] = spans(weeks("top9", True, True))
    assert span.words == "2026-03-02 to 2026-03-15 (2 weeks)"
    assert WeekSpan(MONDAY, date(2026, 3, 8)).words.endswith("(1 week)")


@pytest.mark.parametrize(
    ("flags", "verdict", "measured"),
    [
        ((True, True), "supported", 2.0),
        ((True, False), "contradicted", 1.0),
        ((True, None), "unverifiable", None),
        ((False, None), "contradicted", None),
    ],
)
def test_a_verdict_holds_in_every_week_or_not(
    flags: tuple[bool | None, ...], verdict: str, measured: float | None
) -> None:
    """One week that is certainly false contradicts, whatever the open ones are."""
    overall, row = judge(weeks("top9", *flags), ["top9"])
    assert (row["verdict"], row["measured"], row["expected"]) == (verdict, measured, 2.0)
    assert overall["verdict"] == verdict
    assert overall["reason"] == row["reason"]


def test_weeks_that_are_not_whole_are_named_with_the_way_to_get_them() -> None:
    _, row = judge(weeks("top9", None, days=3), ["top9"])
    assert (row["verdict"], row["missing_days"]) == ("unverifiable", ["2026-03-02..2026-03-08"])
    assert "`tokentide ingest market --start 2026-03-02 --end 2026-03-08`" in row["reason"]


def test_bases_that_differ_make_a_verdict_that_depends_on_them() -> None:
    """A basis that cannot be judged does not count."""
    both = pl.concat([weeks("top9", True), weeks("platform", None), weeks("top50", False)])
    found = {row["basis"]: row["verdict"] for row in judge(both, ["platform", "top50", "top9"])}
    assert found == {
        "all": "depends_on_basis",
        "platform": "unverifiable",
        "top50": "contradicted",
        "top9": "supported",
    }


def test_a_simulated_market_is_not_judged_and_has_no_figure() -> None:
    for row in judge(weeks("top9", True), ["top9"], is_simulated=True, as_of="now"):
        assert (row["verdict"], row["measured"], row["as_of"]) == ("not_judged", None, None)
        assert row["reason"].startswith("Not judged: simulated market.")
