"""Figures of the statements page: what was said against what the data give."""

import plotly.graph_objects as go
import polars as pl

from dashboards.components.theme import Look, figure
from dashboards.pages.sql import figures

# Each verdict has a sign and a meaning in words, so that no colour is needed.
VERDICTS: dict[str, tuple[str, str]] = {
    "supported": ("✓", "the data say so too"),
    "contradicted": ("✗", "the data say otherwise"),
    "wrong_population": ("◇", "true of other tokens than the statement speaks of"),
    "wrong_baseline": ("△", "compared with something else than it says"),
    "depends_on_basis": ("≠", "true on one basis and not on another"),
    "unverifiable": ("?", "the data for it are not here"),
}


def verdict(name: str | None) -> str:
    """A verdict as it is shown: sign and words."""
    if name is None:
        return "not judged"
    return f"{VERDICTS.get(name, ('·', ''))[0]} {name.replace('_', ' ')}"


def said_and_measured(rows: pl.DataFrame, look: Look) -> go.Figure:
    """The figure that was said beside the one that the data give, by basis; what is not known has no mark."""
    unit = next((unit for unit in rows["unit"].to_list() if unit), "")
    is_share = unit in {"share", "ratio of tokens"}
    made = figure(
        look,
        xaxis={"title": unit, "rangemode": "tozero", "tickformat": ".1%" if is_share else None},
        hovermode="closest",
    )
    rows = rows.filter(pl.col("measured").is_not_null() | pl.col("expected").is_not_null())
    bases = rows["basis"].to_list()
    for row in rows.drop_nulls(["measured", "expected"]).to_dicts():
        made.add_scatter(
            x=[row["expected"], row["measured"]], y=[row["basis"]] * 2, mode="lines", showlegend=False, hoverinfo="skip",
            line={"color": look.faint, "width": 4},
        )  # fmt: skip
    marks = (
        ("expected", "as it was said", "diamond-open", 1),
        ("measured", "as the data give it", "circle", 0),
    )
    for column, name, symbol, colour in marks:
        made.add_scatter(
            x=rows[column].to_list(), y=bases, name=name, mode="markers",
            marker={"symbol": symbol, "size": 12, "color": look.colour(colour), "line": {"width": 2}},
        )  # fmt: skip
    made.update_yaxes(type="category", categoryorder="array", categoryarray=bases[::-1])
    return made


def evidence(rows: pl.DataFrame, look: Look) -> go.Figure | None:
    """The rows behind a verdict, drawn where they have something to draw, else None."""
    choice = figures.suggested(rows)
    return figures.chart(rows, look, choice) if choice.y and rows.height > 1 else None
