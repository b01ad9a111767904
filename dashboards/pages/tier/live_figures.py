"""Figures of the live panel: the last minutes of the tier."""

from datetime import datetime

import plotly.graph_objects as go
import polars as pl

from dashboards.components.theme import DASHES, SYMBOLS, Look, figure
from dashboards.components.timelines import labelled, y_axis

SPEEDS = {"generation_tokens_per_second": "generated", "prompt_tokens_per_second": "prompt"}
LOADS = {"requests_running": "running", "requests_waiting": "waiting"}
GIB = 2**30
TTFT = {"ttft_seconds": ""}
POWER = {"power_watts": ""}
MEMORY = {"memory_used_bytes": "used", "memory_total_bytes": "there is"}
PANELS: tuple[tuple[str, str, dict[str, str], str], ...] = (
    ("speed", "Speed", SPEEDS, "tokens per second"),
    ("load", "Running and waiting", LOADS, "requests"),
    ("ttft", "Mean time to first token", TTFT, "seconds"),
    ("power", "Power of all devices", POWER, "watts"),
    ("memory", "Memory of all devices", MEMORY, "GiB"),
)


def panel(
    rows: pl.DataFrame,
    look: Look,
    metrics: dict[str, str],
    unit: str,
    until: datetime,
    minutes: int = 10,
) -> go.Figure:
    """The quantities of one panel over the last minutes; a null value breaks the line."""
    made = figure(look, height=210, margin={"l": 8, "r": 8, "t": 4, "b": 4}, uirevision="live")
    since = until.timestamp() - 60 * minutes
    limits = [datetime.fromtimestamp(since, until.tzinfo), until]
    axis = {"range": limits, "tickformat": "%H:%M", "type": "date"}
    made.update_layout(xaxis=axis, yaxis={**y_axis(look, unit), "title": None}, legend={"y": -0.15})
    rows = rows.filter(pl.col("metric").is_in(list(metrics))).with_columns(
        value=pl.col("value") / (GIB if unit == "GiB" else 1)
    )
    if rows["value"].is_null().all():
        made.add_annotation(
            text="nothing is reported", showarrow=False, xref="paper", yref="paper", x=0.5, y=0.5
        )
    place = 0
    for metric, name in metrics.items():
        for (target, model), part in (
            rows.filter(pl.col("metric") == metric)
            .sort("at")
            .group_by("target", "model_name", maintain_order=True)
        ):
            _add(
                made,
                look,
                part,
                " ".join(str(each) for each in (target, model, name) if each),
                place,
            )
            place += 1
    return labelled(made)


def _add(made: go.Figure, look: Look, part: pl.DataFrame, name: str, place: int) -> None:
    made.add_scatter(
        x=part["at"].to_list(), y=part["value"].to_list(), name=name, mode="lines+markers", connectgaps=False,
        line={"color": look.colour(place), "dash": DASHES[place % len(DASHES)], "width": 1.5},
        marker={"symbol": SYMBOLS[place % len(SYMBOLS)], "size": 4, "color": look.colour(place)},
        hovertemplate="%{y:,.4~g}<extra>%{fullData.name}</extra>",
    )  # fmt: skip
