"""Leads, their length and certainty: seeded markets, a change that flips one flag, and laws."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.marts.compiled_sql import Marts, Row
from support.marts.seeded_market import FLAGS, MONDAY, PLANTED, THROUGH, Model, market, streaks

pytestmark = pytest.mark.slow


def test_a_lead_that_nothing_hangs_on_survives_everything(compiled: Marts) -> None:
    """Two weeks at 200 against 100; shares are of all traffic, so the lead is 800 of 2,770."""
    [row] = streaks(compiled, market(PLANTED))
    assert (row["started_week"], row["weeks"], row["is_open"], row["missing_days"]) == (
        MONDAY,
        2,
        True,
        0,
    )
    assert row["least_lead_share"] == pytest.approx(800 / 2770)
    assert {flag: row[f"survives_{flag}"] for flag in FLAGS} == dict.fromkeys(FLAGS, True)


def only(author: str, change: Callable[[Model], Model]) -> tuple[Model, ...]:
    return tuple(change(model) if model.author == author else model for model in PLANTED)


PERTURBED: dict[str, tuple[tuple[Model, ...], int]] = {
    # Most of `a` is free.
    "without_free": (only("a", lambda m: replace(m, is_free=m.name >= "a2")), 50),
    # One of its models has nearly all of its tokens.
    "any_model": (only("a", lambda m: replace(m, tokens=1100 if m.name == "a0" else 60)), 50),
    # It leads by one day of each week alone.
    "any_day": (only("a", lambda m: replace(m, tokens=90, on={3: 400, 10: 400})), 50),
    # `b` has the largest models, `a` many smaller ones; still no single one decides.
    "other_top_n": (
        (
            *(Model(f"a{place:02}", "a", 90) for place in range(20)),
            *(Model(f"b{place}", "b", 120) for place in range(10)),
        ),
        50,
    ),
    # Most of it is built on another lab's base.
    "other_attribution": (only("a", lambda m: replace(m, base="b" if m.name >= "a2" else "")), 50),
    # It was behind when the days were first published.
    "first_published": (only("a", lambda m: replace(m, first=50)), 50),
    # What nobody can attribute is more than its lead.
    "unknown": (PLANTED, 1000),
}


@pytest.mark.parametrize("flag", FLAGS)
def test_one_change_flips_one_flag(compiled: Marts, flag: str) -> None:
    """And no other: `a` leads both weeks in each of these markets."""
    models, other = PERTURBED[flag]
    [row] = streaks(compiled, market(models, other))
    assert row["weeks"] == 2
    assert {name for name in FLAGS if not row[f"survives_{name}"]} == {flag}


def test_who_is_alone_is_not_sure_of_what_is_unknown(compiled: Marts) -> None:
    """One known author with one model: without it nobody leads, and unknown tokens may be more."""
    alone = (Model("a0", "a", 100),)
    [small] = streaks(compiled, market(alone, other=50))
    assert (small["survives_unknown"], small["survives_any_model"]) == (True, False)
    [large] = streaks(compiled, market(alone, other=900))
    assert large["survives_unknown"] is False


def test_the_first_rankings_of_a_day_are_the_first_with_rows(compiled: Marts) -> None:
    """A day that was first seen as missing was first published later.

    The rest of the week is as before.
    """
    tables = market(PLANTED)
    columns, versions = tables["intermediate.ranking_day_versions"]
    empty = {**versions[0], "content_hash": None}
    later = [empty, {**versions[0], "version": 2}, *versions[1:]]
    [row] = streaks(compiled, {**tables, "intermediate.ranking_day_versions": (columns, later)})
    assert row["survives_first_published"] is True


def test_a_week_that_is_not_over_neither_ends_nor_extends_a_run(compiled: Marts) -> None:
    """Three days into the third week `b` is ahead, but nobody knows how it will end."""
    ahead = only("b", lambda m: replace(m, on=dict.fromkeys(range(14, 17), 900)))
    [row] = streaks(compiled, market(ahead, days=17))
    assert (row["weeks"], row["is_open"]) == (2, True)
    [whole] = streaks(
        compiled,
        market(only("b", lambda m: replace(m, on=dict.fromkeys(range(14, 21), 900))), days=21),
    )
    assert (whole["weeks"], whole["is_open"]) == (2, False)


def test_a_crossover_is_the_week_in_which_the_order_changes(compiled: Marts) -> None:
    """`b` passes `a` in the second week, surely: what is unknown is less than either gap."""
    models = only("b", lambda m: replace(m, on=dict.fromkeys(range(7, 14), 900)))
    found = [
        row
        for row in compiled.rows("market_crossovers", market(models), THROUGH[:3])
        if (row["basis"], row["attribution"], row["dimension"])
        == ("platform", "releasing_lab", "author")
    ]
    assert [
        (row["week_start"], row["member"], row["overtaken"], row["is_certain"]) for row in found
    ] == [(MONDAY + timedelta(days=7), "b", "a", True)]


def spend(
    compiled: Marts, models: tuple[Model, ...], prices: dict[str, tuple[int, int]]
) -> dict[str, Row]:
    columns = (
        "date date, model_id varchar, model_permaslug varchar, kind varchar, "
        "prompt_usd_per_mtok decimal(18, 9), completion_usd_per_mtok decimal(18, 9), "
        "is_free boolean, price_class varchar"
    )
    tables = {
        **market(models, days=7, prices=prices),
        "marts.model_prices_daily": (columns, []),
    }
    through = ["member_days", "ranked_price_bounds_daily"]
    found = compiled.rows("market_spend_weekly", tables, through)
    return {
        row["member"]: row
        for row in found
        if (row["attribution"], row["dimension"]) == ("releasing_lab", "author")
    }


def test_free_tokens_are_no_spend_and_no_share_of_what_is_paid(compiled: Marts) -> None:
    """Free tokens cost nothing, and Monday's prices hold all week."""
    models = (
        Model("x", "a", 10**6),
        Model("y", "a", 10**6, is_free=True),
        Model("z", "b", 2 * 10**6),
    )
    found = spend(compiled, models, {"x": (1, 3), "z": (2, 2)})
    assert (found["a"]["spend_usd_low"], found["a"]["spend_usd_high"]) == (7, 21)
    assert (found["a"]["share"], found["a"]["share_without_free"]) == pytest.approx((0.5, 1 / 3))
    assert (found["a"]["spend_share_low"], found["a"]["spend_share_high"]) == pytest.approx(
        (7 / 35, 21 / 49)
    )
    assert (found["a"]["priced_share"], found["a"]["free_tokens"]) == (1.0, 7 * 10**6)


def test_an_unpriced_model_is_bounded_by_its_like_and_says_so(compiled: Marts) -> None:
    """The dearest model of the week bounds only those that nothing else compares with."""
    models = (
        Model("a/one", "a", 10**6),
        Model("a/two", "a", 10**6),
        Model("b/dear", "b", 10**6),
        Model("c/none-mini", "c", 10**6),
    )
    found = spend(compiled, models, {"a/one": (1, 3), "b/dear": (100, 600)})
    assert (found["a"]["spend_usd_low"], found["a"]["spend_usd_high"]) == (14, 42)
    assert found["a"]["spend_method"] == "own price; prices of its author and size"
    assert (found["a"]["priced_share"], found["a"]["compared_share"]) == (0.5, 0.5)
    assert (found["c"]["spend_usd_low"], found["c"]["spend_usd_high"]) == (7, 4200)
    assert found["c"]["spend_method"] == "any price of the week"
    assert found["c"]["spend_share"] is None
    assert found["c"]["spend_reason"] == "none of its models has an own price"


def test_a_week_without_prices_has_no_bounds_and_says_so(compiled: Marts) -> None:
    """Nothing is neither a lower bound nor a share of what is not known."""
    found = spend(compiled, (Model("a/one", "a", 10**6), Model("b/one", "b", 10**6)), {})
    figures = ("spend_usd_low", "spend_usd_high", "spend_share", "spend_share_low")
    assert [found["a"][name] for name in figures] == [None] * 4
    assert found["a"]["spend_method"] == "none"
    assert found["a"]["spend_reason"] == "no price of this week is known to compare with"


@settings(max_examples=20, deadline=None)
@given(
    tokens=st.lists(st.integers(1, 10**6), min_size=3, max_size=3),
    prices=st.lists(st.tuples(st.integers(0, 50), st.integers(1, 100)), min_size=3, max_size=3),
    prompts=st.lists(st.floats(0, 1), min_size=3, max_size=3),
    unpriced=st.booleans(),
)
def test_the_true_share_of_spend_lies_within_the_bounds(
    compiled: Marts,
    tokens: list[int],
    prices: list[tuple[int, int]],
    prompts: list[float],
    unpriced: bool,
) -> None:
    """The bounds hold for any part of prompts and any usual price of an unlisted model."""
    models = tuple(Model(name, name, count) for name, count in zip("xyz", tokens, strict=True))
    listed = dict(zip("xyz", prices, strict=True))
    if unpriced:
        low, high = min(map(min, prices[1:])), max(map(max, prices[1:]))
        listed["x"] = (min(max(prices[0][0], low), high), min(max(prices[0][1], low), high))
    found = spend(
        compiled,
        models,
        {name: usd for name, usd in listed.items() if not (unpriced and name == "x")},
    )
    usd = {
        name: count * (part * listed[name][0] + (1 - part) * listed[name][1])
        for name, count, part in zip("xyz", tokens, prompts, strict=True)
    }
    for name in "xyz":
        row = found[name]
        if (
            sum(usd.values())
            and row["spend_share_low"] is not None
            and row["spend_share_high"] is not None
        ):
            assert (
                row["spend_share_low"] - 1e-9
                <= usd[name] / sum(usd.values())
                <= row["spend_share_high"] + 1e-9
            )


@settings(max_examples=10, deadline=None)
@given(
    named=st.lists(st.integers(1, 10**6), min_size=3, max_size=6),
    tail=st.integers(0, 10**6),
    part=st.floats(0, 1),
)
def test_the_true_share_lies_within_the_bounds_and_they_close_as_more_is_named(
    compiled: Marts, named: list[int], tail: int, part: float
) -> None:
    """Any part of what is unnamed may be the member's own.

    With the largest n named and the rest in `other`, bounds close with n.
    """
    counts = sorted(named, reverse=True)
    widths = []
    for n in range(1, len(counts) + 1):
        models = tuple(
            Model(f"m{place}", f"m{place}", count) for place, count in enumerate(counts[:n])
        )
        other = sum(counts[n:]) + tail
        rows = compiled.rows("market_share_weekly", market(models, other, days=7))
        row = next(
            r
            for r in rows
            if (r["basis"], r["attribution"], r["dimension"], r["member"])
            == ("platform", "releasing_lab", "author", "m0")
        )
        truth = (counts[0] + part * other) / (sum(counts) + tail)
        assert row["share_low"] - 1e-9 <= truth <= row["share_high"] + 1e-9
        widths.append(row["share_high"] - row["share_low"])
    assert widths == sorted(widths, reverse=True)
