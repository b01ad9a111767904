"""Chart of a claim: the claimed figure beside the measured one."""

import plotly.graph_objects as go
import polars as pl

from dashboards.components.numbers import AXIS_SHARE
from dashboards.components.theme import LEGEND, Theme, figure
from dashboards.components.timelines import most_frequent, note_missing

SHARES = ("share", "ratio of tokens")
SIGNS = (
    ("expected", "as claimed", "diamond-open", 1),
    ("measured", "as measured", "circle", 0),
)


def claimed_and_measured(rows: pl.DataFrame, theme: Theme) -> go.Figure:
    """Draw the claimed figure beside the measured one, by basis; an unknown one has no sign."""
    unit = next((unit for unit in rows["unit"].to_list() if unit), "")
    made = figure(
        theme,
        xaxis={
            "title": {"text": unit},
            "rangemode": "tozero",
            "tickformat": AXIS_SHARE if unit in SHARES else None,
        },
        hovermode="closest",
        legend=LEGEND,
    )
    known = rows.filter(pl.col("measured").is_not_null() | pl.col("expected").is_not_null())
    bases = known["basis"].to_list()
    for row in known.drop_nulls(["measured", "expected"]).to_dicts():
        made.add_scatter(
            x=[row["expected"], row["measured"]],
            y=[row["basis"]] * 2,
            mode="lines",
            showlegend=False,
            hoverinfo="skip",
            line={"color": theme.faint, "width": 4},
        )
    for column, name, symbol, number in SIGNS:
        made.add_scatter(
            x=known[column].to_list(),
            y=bases,
            name=name,
            mode="markers",
            marker={
                "symbol": symbol,
                "size": 12,
                "color": theme.colour(number),
                "line": {"width": 2},
            },
        )
    if known["measured"].is_null().all():
        reason = (
            most_frequent(rows.get_column("reason", default=pl.Series([], dtype=pl.String)))
            or "no basis has a figure"
        )
        note_missing(made, f"Nothing is measured: {reason}")
    return made.update_yaxes(type="category", categoryorder="array", categoryarray=bases[::-1])
