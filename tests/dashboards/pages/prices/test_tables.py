"""Tables of prices: an elasticity has its interval, or says why there is none."""

from datetime import date

import polars as pl
from support.dashboard.components import find_all

from dashboards.components.theme import Theme
from dashboards.pages.prices.tables import differ, discounts, events

EVENT = {
    "date": date(2025, 9, 20),
    "model_id": "openai/gpt-5",
    "turn": "cut",
    "change_ratio": -0.5,
    "old_prompt": 2.0,
    "new_prompt": 1.0,
    "old_completion": 8.0,
    "new_completion": 4.0,
    "tokens_before": 1_000,
    "elasticity": -1.2,
    "elasticity_low": -2.0,
    "elasticity_high": -0.4,
    "reason": None,
    "basis": "list price",
    "citation": "c",
}


def responses(*rows: dict[str, object]) -> list[str]:
    """Return the elasticities that the table of these changes shows."""
    made = events(
        pl.DataFrame([{**EVENT, **row} for row in rows], infer_schema_length=None), Theme()
    )
    [grid] = find_all(made, "AgGrid")
    return [row["response"] for row in grid.rowData]


def test_an_elasticity_has_its_interval_or_its_reason() -> None:
    """One whose interval says nothing is not shown as a figure."""
    unknown = {"elasticity": None, "elasticity_low": None, "elasticity_high": None}
    assert responses(
        {},
        {"reason": "its own launch"},
        {**unknown, "reason": "the model never ranked"},
        {"elasticity_low": -400.0, "elasticity_high": 150.0},
    ) == [
        "-1.2 (-2.0 to -0.4)",
        "-1.2 (-2.0 to -0.4); other events",
        "unknown: the model never ranked",
        "more noise than step",
    ]


def test_discounts_and_differences_are_tables() -> None:
    taken = {"model_id": "l/x", "discount": 0.75, "first_date": date(2026, 1, 1)}
    prices = {"last_date": date(2026, 1, 9), "asked_prompt": 0.5, "full_prompt": 2.0}
    [grid] = find_all(discounts(pl.DataFrame([{**taken, **prices}]), Theme()), "AgGrid")
    assert grid.rowData[0]["full_prompt"] == 2.0
    pair = {"source": "openrouter", "other_source": "prices_litellm", "models": 19, "days": 1}
    ratios = {"median_ratio": 4.2, "widest_ratio": 31.2, "widest_model": "l/x"}
    rows = pl.DataFrame([{**pair, **ratios, "newest_date": date(2026, 1, 9)}])
    [grid] = find_all(differ(rows, Theme()), "AgGrid")
    assert grid.rowData[0]["widest_ratio"] == 31.2
