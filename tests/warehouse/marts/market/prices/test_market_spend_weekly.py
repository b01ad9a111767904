"""Spend at list prices, bounded since nobody knows which tokens were prompts."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.warehouse.compiled_sql import CompiledModels, Row
from support.warehouse.synthetic_rankings import MONDAY, THROUGH, Model, market

pytestmark = pytest.mark.slow

PRICES = (
    "date date, model_id varchar, kind varchar, prompt_usd_per_mtok decimal(18, 9), "
    "completion_usd_per_mtok decimal(18, 9)"
)
NAMES = "xyz"


def spend(
    compiled: CompiledModels, models: tuple[Model, ...], prices: dict[str, tuple[int, int]]
) -> dict[str, Row]:
    """Return a week's spend by author, at these prices of Monday."""
    listed = [
        {
            "date": MONDAY,
            "model_id": name,
            "kind": "list",
            "prompt_usd_per_mtok": Decimal(prompt),
            "completion_usd_per_mtok": Decimal(completion),
        }
        for name, (prompt, completion) in prices.items()
    ]
    tables = {**market(models, days=7), "marts.model_prices_daily": (PRICES, listed)}
    found = compiled.rows("market_spend_weekly", tables, THROUGH[:1])
    wanted = ("releasing_lab", "author")
    return {row["member"]: row for row in found if (row["attribution"], row["dimension"]) == wanted}


def test_free_tokens_cost_nothing(compiled: CompiledModels) -> None:
    """`a` has a million paid tokens a day at 1 and 3 USD and a million free ones, `b` two at 2 USD.

    The prices of Monday count all week.
    """
    models = (
        Model("x", "a", 10**6),
        Model("y", "a", 10**6, is_free=True),
        Model("z", "b", 2 * 10**6),
    )
    row = spend(compiled, models, {"x": (1, 3), "z": (2, 2)})["a"]
    assert (row["spend_usd_low"], row["spend_usd_high"]) == (7, 21)
    assert (row["share"], row["share_without_free"]) == pytest.approx((0.5, 1 / 3))
    bounds = (row["spend_share_low"], row["spend_share_high"])
    assert bounds == pytest.approx((7 / 35, 21 / 49))
    assert (row["priced_share"], row["free_tokens"]) == (1.0, 7 * 10**6)


@settings(max_examples=20, deadline=None)
@given(
    tokens=st.lists(st.integers(1, 10**6), min_size=3, max_size=3),
    prices=st.lists(st.tuples(st.integers(0, 50), st.integers(1, 100)), min_size=3, max_size=3),
    prompts=st.lists(st.floats(0, 1), min_size=3, max_size=3),
    is_x_priced=st.booleans(),
)
def test_bounds_hold_the_true_share_of_spend(
    compiled: CompiledModels,
    tokens: list[int],
    prices: list[tuple[int, int]],
    prompts: list[float],
    is_x_priced: bool,
) -> None:
    """Any part of a model's tokens may be prompts.

    A model without a price may cost anything up to the highest listed price.
    """
    models = tuple(Model(name, name, count) for name, count in zip(NAMES, tokens, strict=True))
    true_prices = dict(zip(NAMES, prices, strict=True))
    listed = dict(true_prices)
    if not is_x_priced:
        true_prices["x"] = (0, min(prices[0][1], max(map(max, prices[1:]))))
        del listed["x"]
    found = spend(compiled, models, listed)
    usd = {
        name: count * (part * true_prices[name][0] + (1 - part) * true_prices[name][1])
        for name, count, part in zip(NAMES, tokens, prompts, strict=True)
    }
    total = sum(usd.values())
    for name in NAMES:
        low, high = found[name]["spend_share_low"], found[name]["spend_share_high"]
        if total and low is not None and high is not None:
            assert low - 1e-9 <= usd[name] / total <= high + 1e-9
