"""Runs of leaders: each of seven changes of a synthetic market flips the one test it is meant for."""

from dataclasses import replace

import pytest
from support.warehouse.compiled_sql import CompiledModels
from support.warehouse.synthetic_rankings import (
    LEAD_OF_A,
    MONDAY,
    Model,
    changed,
    market,
    streaks,
)

pytestmark = pytest.mark.slow

TESTS = (
    "without_free",
    "any_model",
    "any_day",
    "other_top_n",
    "other_attribution",
    "first_published",
    "unknown",
)
TWENTY_SMALL_TEN_LARGE = (
    *(Model(f"a{number:02}", "a", 90) for number in range(20)),
    *(Model(f"b{number}", "b", 120) for number in range(10)),
)
# Markets in which `a` still leads, each with the tokens of `other`.
CHANGED: dict[str, tuple[tuple[Model, ...], int]] = {
    # Most models of `a` are free.
    "without_free": (changed("a", lambda m: replace(m, is_free=m.name >= "a2")), 50),
    # One of its models has nearly all of its tokens.
    "any_model": (changed("a", lambda m: replace(m, tokens=1100 if m.name == "a0" else 60)), 50),
    # It leads by one day of each week alone.
    "any_day": (changed("a", lambda m: replace(m, tokens=90, on={3: 400, 10: 400})), 50),
    # `b` has the largest models, `a` many smaller ones; still no single one decides.
    "other_top_n": (TWENTY_SMALL_TEN_LARGE, 50),
    # Most of its models build on another lab's base.
    "other_attribution": (
        changed("a", lambda m: replace(m, base="b" if m.name >= "a2" else "")),
        50,
    ),
    # It was behind when the days were first published.
    "first_published": (changed("a", lambda m: replace(m, first=50)), 50),
    # The unknown is larger than its lead.
    "unknown": (LEAD_OF_A, 1000),
}


def test_a_clear_lead_survives_every_test(compiled: CompiledModels) -> None:
    """Two weeks at 200 against 100; shares are of all traffic, so the lead is 800 of 2,770."""
    [row] = streaks(compiled, market(LEAD_OF_A))
    assert (row["started_week"], row["weeks"], row["is_open"]) == (MONDAY, 2, True)
    assert row["missing_days"] == 0
    assert row["least_lead_share"] == pytest.approx(800 / 2770)
    assert {name: row[f"survives_{name}"] for name in TESTS} == dict.fromkeys(TESTS, True)


@pytest.mark.parametrize("name", TESTS)
def test_one_change_fails_one_test(compiled: CompiledModels, name: str) -> None:
    """The other six still hold: `a` leads both weeks in each of these markets."""
    models, other = CHANGED[name]
    [row] = streaks(compiled, market(models, other))
    assert row["weeks"] == 2
    assert {other for other in TESTS if not row[f"survives_{other}"]} == {name}


def test_a_lone_leader_is_compared_with_the_unknown(compiled: CompiledModels) -> None:
    """One known author with one model: nobody leads without it, and the unknown may be larger."""
    alone = (Model("a0", "a", 100),)
    [small] = streaks(compiled, market(alone, other=50))
    assert (small["survives_unknown"], small["survives_any_model"]) == (True, False)
    [large] = streaks(compiled, market(alone, other=900))
    assert large["survives_unknown"] is False


def test_the_first_ranking_of_a_day_is_the_first_with_rows(compiled: CompiledModels) -> None:
    """A day that was missing at first was first published later; the week is otherwise equal."""
    tables = market(LEAD_OF_A)
    columns, versions = tables["intermediate.ranking_day_versions"]
    missing = {**versions[0], "content_hash": None}
    later = [missing, {**versions[0], "version": 2}, *versions[1:]]
    tables["intermediate.ranking_day_versions"] = (columns, later)
    [row] = streaks(compiled, tables)
    assert row["survives_first_published"] is True


def test_a_week_that_is_not_over_neither_ends_nor_extends_a_run(compiled: CompiledModels) -> None:
    """Three days into the third week `b` is ahead, but nobody knows how the week will end."""
    days = dict.fromkeys(range(14, 21), 900)
    ahead = changed("b", lambda m: replace(m, on=days))
    [row] = streaks(compiled, market(ahead, days=17))
    assert (row["weeks"], row["is_open"]) == (2, True)
    [whole] = streaks(compiled, market(ahead, days=21))
    assert (whole["weeks"], whole["is_open"]) == (2, False)
