"""Make or buy at equal quality: the cheapest and the most used model that is at least as good."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from support.marts.compiled_sql import Marts, Row
from support.marts.joint_rows import DAY, cost, served
from support.marts.quality_rows import MODELS, Tables, market, prices, score, used

pytestmark = pytest.mark.slow
KINDS = ("cheapest", "modal")


def made(compiled: Marts, tables: Tables, grain: str = "target") -> dict[str, Row]:
    rows = compiled.rows("make_or_buy_at_quality_daily", tables)
    return {row["kind"]: row for row in rows if row["grain"] == grain}


def test_the_cheapest_and_the_most_used_are_at_least_as_good(compiled: Marts) -> None:
    """A model below our interval does not count, however cheap or used; one within it does."""
    for grain in ("target", "service"):
        found = made(compiled, market(), grain)
        cheapest, modal = found["cheapest"], found["modal"]
        assert (cheapest["other_model_id"], modal["other_model_id"]) == ("x/within", "x/better")
        # 0.8 prompt and 0.2 generated, of which each costs four times as much.
        assert float(cheapest["market_usd_per_mtok"]) == pytest.approx(0.8 * 1 + 0.2 * 4)
        assert float(modal["market_usd_per_mtok"]) == pytest.approx(3 * 1.6)
        assert (cheapest["score"], cheapest["score_low"], cheapest["other_score"]) == (
            1400,
            1390,
            1391,
        )
        assert (cheapest["models_as_good"], cheapest["models_priced"]) == (5, 3)
        assert cheapest["is_local_cheaper"]
        assert float(cheapest["saving_usd"]) == pytest.approx((1.6 - 0.62) * 1.25)
        assert cheapest["reason"] is None


def test_both_models_have_their_size(compiled: Marts) -> None:
    """A size that nothing states is unknown."""
    found = made(compiled, market())
    assert [(found[kind]["size_band"], found[kind]["other_size_band"]) for kind in KINDS] == [
        ("4-10B", "100B+"),
        ("4-10B", "unknown"),
    ]


def test_without_an_interval_the_score_itself_is_to_be_reached(compiled: Marts) -> None:
    scores = [score(each, has_interval=False) for each in MODELS]
    found = made(compiled, market(model_id_scores=scores))
    assert found["cheapest"]["other_model_id"] == "lab/m"


def test_an_unknown_quality_of_ours_has_its_true_reason(compiled: Marts) -> None:
    """Nothing is said of the market then; our cost stays known."""
    others = [score(each) for each in MODELS if each != "lab/m"]
    cases: dict[str, dict[str, Any]] = {
        "this measure has no score of our model on this day": {"model_id_scores": others},
        "no version of this measure holds on this day": {"quality_spans": []},
        "no entry of the catalogue for this model": {
            "local_tokens_daily": [served(model_id=None)],
        },
    }
    for reason, more in cases.items():
        for row in made(compiled, market(**more)).values():
            assert row["quality_reason"] == row["alternative_reason"] == row["reason"] == reason
            assert (row["other_model_id"], row["market_usd_per_mtok"]) == (None, None)
            assert (row["models_as_good"], row["is_local_cheaper"]) == (None, None)
            assert float(row["local_usd_per_mtok"]) == 0.62


def test_a_version_that_no_longer_holds_is_none(compiled: Marts) -> None:
    old = made(compiled, market(start=DAY - timedelta(days=28)))["cheapest"]
    assert old["quality_reason"] == "no version of this measure holds on this day"
    held = made(compiled, market(start=DAY - timedelta(days=27)))["cheapest"]
    assert held["version_date"] == DAY - timedelta(days=27)


def test_a_market_without_prices_or_tokens_says_so(compiled: Marts) -> None:
    """The most used model is named without its price; a price of zero is none."""
    found = made(compiled, market(model_prices_daily=[]))
    assert (
        found["cheapest"]["alternative_reason"]
        == "no model that is at least as good has a list price of this day"
    )
    assert (found["modal"]["other_model_id"], found["modal"]["price_reason"]) == (
        "x/better",
        "no list price of this day",
    )
    silent = made(compiled, market(market_tokens_daily=[]))["modal"]
    assert silent["reason"] == "no tokens of the market are known on this day"
    unnamed = made(compiled, market(market_tokens_daily=used("x/cheap-but-worse")))["modal"]
    assert (
        unnamed["reason"] == "no model that is at least as good is among the named ones of this day"
    )


def test_uncounted_cached_tokens_bound_the_cheapest_price(compiled: Marts) -> None:
    """Bounds reach from none of the prompt cached to all of it."""
    cached = {"x/within": Decimal("0.9"), "x/better": Decimal("0.1")}
    priced = [{**row, "cached_usd_per_mtok": cached.get(row["model_id"])} for row in prices()]
    tokens = served(cached_prompt_tokens=None, mix_reason="the server does not count cached tokens")
    # What ours cost lies between.
    costs = [cost(usd_per_mtok=Decimal("1.55"))]
    given = market(model_prices_daily=priced, local_tokens_daily=[tokens], local_cost_daily=costs)
    row = made(compiled, given)["cheapest"]
    assert row["market_usd_per_mtok"] is None
    assert row["other_model_id"] == "x/within"
    # 0.8 x 0.9 + 0.8 of the one is less than 0.8 x 0.1 + 2.4 of the other.
    assert float(row["market_usd_per_mtok_low"]) == pytest.approx(1.52)
    assert float(row["market_usd_per_mtok_high"]) == pytest.approx(1.6)
    assert (row["is_local_cheaper"], row["price_reason"]) == (
        None,
        "the server does not count cached tokens",
    )
