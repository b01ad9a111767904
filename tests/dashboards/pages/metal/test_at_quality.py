"""Make or buy at equal quality on the page: what is not known says why."""

from datetime import date
from typing import Any

import polars as pl
from support.dashboard.components import find_all, text_of, traces_of, unit_of

from dashboards.components.theme import Theme
from dashboards.pages.metal.at_quality import comparison, cost_per_quality

LIGHT = Theme()
ROW: dict[str, Any] = {
    "date": date(2026, 6, 18),
    "measure": "arena_text",
    "kind": "cheapest",
    "model_id": "lab/m",
    "score": 1400.0,
    "score_low": 1390.0,
    "score_high": 1410.0,
    "version_date": date(2026, 6, 15),
    "is_hindsight": False,
    "quality_reason": None,
    "local_usd": 0.62,
    "cost_reason": None,
    "models_as_good": 5,
    "models_priced": 3,
    "other_model_id": "x/within",
    "other_score": 1391.0,
    "other_score_low": None,
    "other_score_high": None,
    "alternative_reason": None,
    "market_usd": 1.6,
    "market_low": 1.6,
    "market_high": 1.6,
    "price_reason": None,
    "is_local_cheaper": True,
}
MODAL = {**ROW, "kind": "modal", "other_model_id": "x/better", "is_local_cheaper": False}
NO_SCORE = "this measure has no score of our model on this day"
UNSCORED = {
    "measure": "epoch",
    "score": None,
    "quality_reason": NO_SCORE,
    "alternative_reason": NO_SCORE,
    "models_as_good": None,
}
POINT = {"role": "ours", "model_id": "lab/m", "score": 1400.0, "usd": 0.62, "reason": None}
POINTS = [
    {**POINT, "score_low": 1390.0, "score_high": 1415.0},
    {**POINT, "role": "cheapest", "score_low": None, "score_high": None, "usd": 1.6},
    {**POINT, "role": "modal", "usd": None, "reason": "no list price of this day"},
    {**POINT, "role": "market", "usd": 3.0},
]


def cells(*rows: dict[str, Any]) -> list[list[str]]:
    """Return the text of the table's lines."""
    made = comparison(pl.DataFrame(rows, infer_schema_length=None), LIGHT)
    return [[text_of(cell) for cell in find_all(row, "Td")] for row in find_all(made, "Tr")[1:]]


def test_a_line_has_ours_and_both_alternatives() -> None:
    [[measure, ours, cheapest, modal, models]] = cells(ROW, MODAL)
    assert measure == "Arena: text, 2026-06-18 (version of 2026-06-15)"
    assert ours == "lab/m, 1400.0 (1390.0 to 1410.0): $0.62"
    assert cheapest == "x/within, 1391.0, no interval: $1.60; ours costs no more"
    assert modal == "x/better, 1391.0, no interval: $1.60; buying is cheaper"
    assert models == "5 at least as good, 3 with a price"


def test_an_alternative_may_be_our_own_model() -> None:
    same = {"other_model_id": "lab/m", "is_local_cheaper": False}
    [[_, _, cheapest, modal, _]] = cells({**ROW, **same}, {**MODAL, **same})
    assert cheapest == modal == "the same model: $1.60; buying is cheaper"


def test_an_unknown_quality_says_why_in_each_cell() -> None:
    [[_, ours, cheapest, modal, models]] = cells({**ROW, **UNSCORED}, {**MODAL, **UNSCORED})
    assert ours == f"$0.62; score unknown: {NO_SCORE}"
    assert cheapest == modal == f"unknown: {NO_SCORE}"
    assert models == "unknown"


def test_a_price_that_is_bounded_or_unknown_says_so() -> None:
    bounded = {
        "market_usd": None,
        "market_high": 2.0,
        "price_reason": "r",
        "is_local_cheaper": None,
    }
    unknown = {"market_usd": None, "market_low": None, "price_reason": "no list price of this day"}
    [[_, _, cheapest, modal, _]] = cells({**ROW, **bounded}, {**MODAL, **unknown})
    assert cheapest.endswith(": $1.60 to $2.00, r")
    assert modal.endswith(": price unknown, no list price of this day")


def test_models_are_points_and_ours_has_its_interval() -> None:
    """An alternative whose price is not known has no point."""
    made = cost_per_quality(pl.DataFrame(POINTS, infer_schema_length=None), LIGHT)
    points = traces_of(made)
    assert list(points) == ["ours", "cheapest at least as good", "models of the market"]
    assert (points["ours"].x, points["ours"].y) == ((0.62,), (1400.0,))
    assert (points["ours"].error_y.array, points["ours"].error_y.arrayminus) == ((15.0,), (10.0,))
    assert (unit_of(made, "xaxis"), unit_of(made)) == ("$/Mtok of our own mix", "score")


def test_without_our_score_the_chart_is_its_reason() -> None:
    rows = pl.DataFrame([{**POINTS[0], "score": None, "reason": NO_SCORE}, POINTS[3]])
    made = cost_per_quality(rows, LIGHT)
    assert not made.data
    text = made.layout.annotations[0].text.replace("<br>", " ")
    assert text == f"Unknown: {NO_SCORE}."


def test_an_empty_frame_draws() -> None:
    assert not cost_per_quality(pl.DataFrame(POINTS).clear(), LIGHT).data
