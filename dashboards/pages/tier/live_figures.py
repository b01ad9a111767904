"""Charts of the live panel: the last minutes of the tier."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from dashboards.chart import Chart
from dashboards.components.marks import numbered_mark
from dashboards.components.theme import Theme, figure
from dashboards.components.timelines import label_series, y_axis

GIB = 2**30


@dataclass(frozen=True)
class LivePanel:
    """One small chart: the metrics on it, each with its word in the legend."""

    key: str
    title: str
    unit: str
    metrics: dict[str, str]
    scale: float = 1


PANELS = (
    LivePanel(
        "speed",
        "Speed",
        "tokens per second",
        {"generation_tokens_per_second": "generated", "prompt_tokens_per_second": "prompt"},
    ),
    LivePanel(
        "load",
        "Running and waiting",
        "requests",
        {"requests_running": "running", "requests_waiting": "waiting"},
    ),
    LivePanel("ttft", "Mean time to first token", "seconds", {"ttft_seconds": ""}),
    LivePanel("power", "Power of all devices", "watts", {"power_watts": ""}),
    LivePanel(
        "memory",
        "Memory of all devices",
        "GiB",
        {"memory_used_bytes": "used", "memory_total_bytes": "total"},
        GIB,
    ),
)


MINUTES = 10
NOT_REPORTED = "nothing is reported"


def draw_panel(
    rows: pl.DataFrame,
    theme: Theme,
    panel: LivePanel,
    until: datetime,
    empty: str = NOT_REPORTED,
) -> Chart:
    """Draw the metrics of one panel over the last minutes; a null breaks its line.

    `empty` stands where there is nothing to draw.
    """
    made = figure(theme, height=210, margin={"l": 8, "r": 8, "t": 4, "b": 4}, uirevision="live")
    made.update_layout(
        xaxis={
            "range": [until - timedelta(minutes=MINUTES), until],
            "tickformat": "%H:%M",
            "type": "date",
        },
        # The title of the panel has the unit.
        yaxis={**y_axis(theme, panel.unit), "title": None},
        legend={"y": -0.15},
    )
    known = rows.filter(pl.col("metric").is_in(list(panel.metrics)))
    if known["value"].is_null().all():
        made.add_annotation(text=empty, showarrow=False, xref="paper", yref="paper", x=0.5, y=0.5)
    scaled = known.with_columns(pl.col("value") / panel.scale)
    number = 0
    for metric, word in panel.metrics.items():
        own = scaled.filter(pl.col("metric") == metric).sort("at")
        for (target, model), part in own.group_by("target", "model_name", maintain_order=True):
            name = " ".join(str(each) for each in (target, model, word) if each)
            _add_line(made, theme, part, name, number)
            number += 1
    return label_series(made)


def _add_line(made: Chart, theme: Theme, part: pl.DataFrame, name: str, number: int) -> None:
    mark = numbered_mark(number, theme)
    made.add_scatter(
        x=part["at"].to_list(),
        y=part["value"].to_list(),
        name=name,
        mode="lines+markers",
        connectgaps=False,
        line={"color": mark.colour, "dash": mark.dash, "width": 1.5},
        marker={"symbol": mark.symbol, "size": 4, "color": mark.colour},
        hovertemplate="%{y:,.4~g}<extra>%{fullData.name}</extra>",
    )
