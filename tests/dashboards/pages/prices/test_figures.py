"""Charts of prices: bounds beside lines, gaps where a price is not known, turns in both signs."""

from datetime import date
from typing import Any

import polars as pl

from dashboards.components.theme import Theme
from dashboards.pages.prices import figures

WEEKS = [date(2026, 1, 5), date(2026, 1, 12)]


def by_name(chart: Any) -> dict[str, Any]:
    return {trace.name: trace for trace in chart.data}


def cost_rows(**values: object) -> pl.DataFrame:
    """Return two weeks of China, of which the second has these values."""
    first = {
        "week_start": WEEKS[0],
        "member": "CN",
        "tokens": 2_000_000_000,
        "usd_low": 0.2,
        "usd_high": 0.6,
        "usd_middle": 0.4,
        "priced_share": 0.99,
        "dimension": "country",
    }
    rows = [first, {**first, "week_start": WEEKS[1], **values}]
    both = [*rows, *({**row, "member": "all models"} for row in rows)]
    return pl.DataFrame(both, infer_schema_length=None)


def test_a_cost_says_its_bounds_its_tokens_and_how_much_is_priced() -> None:
    traces = by_name(figures.cost(cost_rows(), Theme()))
    assert list(traces) == ["China: bounds", "China", "all models"]
    assert traces["China"].y == (0.4, 0.4)
    assert traces["China"].text[0] == "$0.2 to $0.6, 2.00B tokens, 99.0 % priced"
    assert traces["all models"].customdata == ("", "")


def test_a_week_without_a_price_or_at_none_is_a_gap() -> None:
    """A log scale has no place for nothing, and what is not known is not nothing."""
    unknown = cost_rows(usd_low=None, usd_high=None, usd_middle=None)
    trace = by_name(figures.cost(unknown, Theme()))["China"]
    assert trace.y == (0.4, None)
    assert trace.text[1] == "no price to compare with"
    assert by_name(figures.cost(cost_rows(usd_low=0.0), Theme()))["China"].y == (0.4, None)


def test_a_list_price_is_a_step_that_breaks_where_none_is_known() -> None:
    """A ring says that sources differ; hovering names both ends."""
    rows = pl.DataFrame(
        {
            "date": [date(2025, 1, 1), date(2025, 1, 9), date(2025, 6, 1)],
            "member": ["l/x"] * 3,
            "usd": [2.0, 1.0, 1.0],
            "usd_low": [2.0, 1.0, 0.5],
            "usd_high": [2.0, 1.0, 1.0],
            "is_end": [False, True, True],
        }
    )
    [trace] = figures.leaders(rows, Theme()).data
    assert trace.y == (2.0, 1.0, None, 1.0, None)
    assert trace.line.shape == "hv"
    assert trace.marker.size == (0, 0, 0, 7, 0)
    assert trace.text[3] == "$0.5 to $1.00: sources differ"


def test_spend_stands_beside_tokens_with_its_bounds_or_its_reason() -> None:
    row = {
        "week_start": WEEKS[0],
        "member": "CN",
        "tokens": 10,
        "share": 0.4,
        "spend_share": 0.1,
        "spend_share_low": 0.05,
        "spend_share_high": 0.3,
        "spend_usd_low": 5.0,
        "spend_usd_high": 9.0,
        "spend_reason": None,
    }
    none = dict.fromkeys(("spend_share", "spend_share_low", "spend_share_high"))
    later = {**row, **none, "week_start": WEEKS[1], "spend_reason": "all were free"}
    traces = by_name(figures.spend(pl.DataFrame([row, later], infer_schema_length=None), Theme()))
    assert traces["China: tokens"].y == (0.4, 0.4)
    assert traces["China: spend"].text == (
        "10.0 % of spend (5.0 to 30.0), $5.00 to $9.00",
        "share of spend unknown: all were free",
    )


def test_what_is_not_known_has_its_own_bar() -> None:
    parts = {"week_start": WEEKS[:1], "paid": [0.8], "free": [0.1], "compared": [0.06]}
    traces = by_name(figures.known(pl.DataFrame({**parts, "unknown": [0.04]}), Theme()))
    assert sum(trace.y[0] for trace in traces.values()) == 1
    assert traces["no price to compare with"].y == (0.04,)


def test_cuts_go_down_and_rises_up() -> None:
    rows = pl.DataFrame(
        {
            "month": [date(2026, 1, 1)],
            "cuts": [5],
            "rises": [2],
            "mixed": [1],
            "median_change": [-0.1],
        }
    )
    traces = by_name(figures.turns(rows, Theme()))
    assert [trace.y[0] for trace in traces.values()] == [-5, 2, 1]
    assert traces["cuts"].text == ("5",)


def test_a_launch_is_a_point_whose_area_is_its_tokens() -> None:
    rows = pl.DataFrame(
        {
            "model_id": ["l/x", "l/y"],
            "launched_date": [date(2025, 1, 20), date(2025, 8, 7)],
            "country": ["CN", "US"],
            "tokens": [4_000_000, 1_000_000],
            "usd": [0.96, 3.44],
        }
    )
    chinese, american = figures.launches(rows, Theme()).data
    assert chinese.marker.size[0] > american.marker.size[0]
    assert chinese.text[0].endswith("$0.96/Mtok at launch<br>4.00M tokens since")
