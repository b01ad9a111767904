"""Table of model families side by side: one column a family, one row a figure."""

from collections.abc import Callable
from typing import Any

import polars as pl
from dash import dcc
from dash.development.base_component import Component

from dashboards.components.marks import member_link
from dashboards.components.numbers import AMOUNT, CHANGE, COUNT, SHARE, SHORT_TOKENS, usd
from dashboards.components.theme import Theme
from dashboards.components.widgets import plain_table

UNKNOWN = "unknown"
BELOW = "below the cutoff"
CellText = Callable[[dict[str, Any]], str]


def side_by_side(rows: pl.DataFrame, theme: Theme) -> Component:
    """Build the table; what is not known is named."""
    families = rows.to_dicts()
    headings = ["", *(_link(family["member"], theme) for family in families)]
    lines = [[name, *(write(family) for family in families)] for name, write in FIGURES]
    return plain_table(headings, lines, label="Families side by side")


def _link(family: str, theme: Theme) -> Any:
    return dcc.Link(theme.name(family), href=member_link(family, "family"), title=family)


def _value(name: str, write: Callable[[Any], str], unknown: str = UNKNOWN) -> CellText:
    def written(row: dict[str, Any]) -> str:
        return unknown if row[name] is None else write(row[name])

    return written


def _share(row: dict[str, Any]) -> str:
    if row["share"] is None:
        return BELOW
    low, high = SHARE.text(row["share_low"]), SHARE.text(row["share_high"])
    return f"{SHARE.text(row['share'])} (at least {low}, at most {high})"


def _price(row: dict[str, Any]) -> str:
    if row["prompt"] is None:
        return UNKNOWN
    return f"{usd(row['prompt'])} prompt, {usd(row['completion'])} completion"


def _day(day: Any) -> str:
    return f"{day:%d %b %Y}"


FIGURES: tuple[tuple[str, CellText], ...] = (
    ("Tokens in the week", _value("tokens", SHORT_TOKENS.text, BELOW)),
    ("Change on the week before", _value("change_ratio", CHANGE.text)),
    ("Share of the platform", _share),
    ("Rank among families", _value("rank", COUNT.text, "none")),
    ("Lab", _value("lab", str)),
    ("Weights", _value("weights", str)),
    ("First among the named models", _value("first_ranked", _day)),
    ("Half-life of its share, weeks", _value("half_life_weeks", AMOUNT.text)),
    ("Cheapest list price per million tokens", _price),
    ("Hosts in the newest samples", _value("hosts", COUNT.text)),
    ("Fastest host, tokens/s", _value("best_tps", AMOUNT.text)),
    ("Quickest host, ms to the first token", _value("best_ttft_ms", COUNT.text)),
)
