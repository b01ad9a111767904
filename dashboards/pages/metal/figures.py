"""Charts of the page that compares our tier with the market: days, speed, share, devices."""

from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import Any

import polars as pl

from dashboards.chart import Chart
from dashboards.components.marks import numbered_mark
from dashboards.components.numbers import AXIS_SHARE
from dashboards.components.theme import Theme, figure
from dashboards.components.timelines import insert_gaps, most_frequent, reason_chart, y_axis
from dashboards.pages.metal.make_or_buy import KINDS

DAY = timedelta(days=1)
DAY_MS = 86_400_000
# Of more days than these not every one has a tick.
MAX_TICKS = 10
SHARES = (1e-4, 1e-3, 1e-2, 1e-1, 1)
AXES = {"ttft": "ms to the first token", "throughput": "tokens/s of one request"}


def cost_by_day(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw our cost and the market's prices by day; a bar where a price is only bounded."""
    made = figure(theme, yaxis=y_axis(theme, "$/Mtok", "$,.2~f"), xaxis=_day_axis(rows))
    ours = rows.unique("date", keep="first", maintain_order=True)
    _add_days(made, theme, ours, "local_usd", "ours", 0)
    is_bounded = pl.col("market_usd").is_null() & pl.col("market_low").is_not_null()
    for number, (kind, name) in enumerate(KINDS, start=1):
        part = rows.filter(pl.col("kind") == kind)
        _add_days(made, theme, part, "market_usd", name, number)
        bounded = part.filter(is_bounded)
        if not bounded.is_empty():
            _add_bounds(made, theme, bounded, name, number)
    return made


def _day_axis(rows: pl.DataFrame) -> dict[str, object]:
    """Return an axis of whole days, without hours between them."""
    axis: dict[str, object] = {"hoverformat": "%d %b %Y"}
    if rows["date"].n_unique() <= MAX_TICKS:
        axis |= {"dtick": DAY_MS, "tickformat": "%d %b"}
    return axis


def _add_days(
    made: Chart, theme: Theme, part: pl.DataFrame, column: str, name: str, number: int
) -> None:
    mark = numbered_mark(number, theme)
    instants = part.with_columns(pl.col("date").cast(pl.Datetime("us")))
    days = insert_gaps(instants, "date", DAY)
    made.add_scatter(
        x=days["date"].to_list(),
        y=days[column].to_list(),
        name=name,
        mode="lines+markers",
        connectgaps=False,
        line={"color": mark.colour, "dash": mark.dash},
        marker={"symbol": mark.symbol, "size": 8},
        hovertemplate="%{y:$,.3f}<extra>%{fullData.name}</extra>",
    )


def _add_bounds(made: Chart, theme: Theme, part: pl.DataFrame, name: str, number: int) -> None:
    made.add_scatter(
        x=part["date"].to_list(),
        y=((part["market_low"] + part["market_high"]) / 2).to_list(),
        mode="markers",
        name=f"{name}, bounds",
        marker={"size": 1, "color": theme.colour(number)},
        error_y={
            "type": "data",
            "array": ((part["market_high"] - part["market_low"]) / 2).to_list(),
        },
        hovertemplate="%{y:$,.3f} ± %{error_y.array:$,.3f}<extra>%{fullData.name}</extra>",
    )


@cache
def parity(metric: str) -> Callable[[pl.DataFrame, Theme], Chart]:
    """Return a function that draws the speeds of hosts and ours, the fastest at the top."""
    return lambda rows, theme: _draw_parity(rows, theme, metric)


def _draw_parity(rows: pl.DataFrame, theme: Theme, metric: str) -> Chart:
    # A speed that is not known would have no bar, so it stands below, with its reason.
    unknown = rows.filter(pl.col("p50").is_null())
    known = rows.drop_nulls("p50").sort("p50", descending=metric == "ttft")
    ordered = pl.concat([unknown, known])
    made = figure(
        theme,
        xaxis={"title": {"text": AXES[metric]}, "rangemode": "tozero"},
        barmode="overlay",
        hovermode="closest",
        yaxis={
            "automargin": True,
            "categoryorder": "array",
            "categoryarray": ordered["who"].to_list(),
        },
    )
    is_near = pl.col("is_compared").fill_null(value=False)
    is_ours = pl.col("is_ours")
    for name, pattern, colour, kept in (
        ("ours", "", theme.colour(0), is_ours),
        ("nearest weights", "/", theme.colour(1), is_near & ~is_ours),
        ("other weights", ".", theme.faint, ~is_near & ~is_ours),
    ):
        part = ordered.filter(kept)
        made.add_bar(
            y=part["who"].to_list(),
            x=part["p50"].to_list(),
            orientation="h",
            name=name,
            marker={"color": colour, "pattern": {"shape": pattern, "fgopacity": 0.4}},
            text=[_label(row) for row in part.to_dicts()],
            hovertext=[_describe_sample(row) for row in part.to_dicts()],
            hovertemplate="%{x:,.1f}<br>%{hovertext}<extra>%{y}</extra>",
        )
    for row in unknown.to_dicts():
        reason = f"unknown: {row['reason'] or 'no sample'}"
        made.add_annotation(x=0, y=row["who"], text=reason, showarrow=False, xanchor="left")
    return made


def _label(row: dict[str, Any]) -> str:
    """Return the text on our bar: how many hosts we are ahead of."""
    if not row["is_ours"] or row["percentile_among_hosts"] is None:
        return ""
    return f"ahead of {row['percentile_among_hosts']:.0%}"


def _describe_sample(row: dict[str, Any]) -> str:
    coverage = f"{row['coverage'] or 0:.0%} of the day sampled"
    times = row["times_as_fast"]
    if times is None:
        return coverage
    return f"{coverage}<br>we are {times:.2f} times as fast in the same half hours"


def share(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw our tokens over the market's by day."""
    if rows["local_to_market"].is_null().all():
        reason = most_frequent(rows["reason"]) or "no reason is given"
        return reason_chart(theme, f"Unknown: {reason}.")
    made = figure(
        theme,
        yaxis=y_axis(theme, "ours over the market's", "%"),
        xaxis=_day_axis(rows),
        showlegend=False,
    )
    _add_days(made, theme, rows, "local_to_market", "our share", 0)
    for trace in made.traces:
        trace["hovertemplate"] = "%{y:.4%}<extra></extra>"
    return made


def devices(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw the devices that a share of the market needs, both on log scales."""
    made = figure(
        theme,
        xaxis={
            "title": {"text": "share of the market"},
            "type": "log",
            "tickformat": AXIS_SHARE,
            "tickvals": list(SHARES),
        },
        yaxis={**y_axis(theme, "devices"), "type": "log", "rangemode": "normal", "dtick": 1},
        showlegend=False,
    )
    pairs = rows.select("wanted_share", "devices_needed").rows()
    made.add_scatter(
        x=rows["wanted_share"].to_list(),
        y=rows["devices_needed"].to_list(),
        mode="lines+markers+text",
        # More labels would lie over each other; hover and CSV have them all.
        text=[f"{count:,}" if share in SHARES else "" for share, count in pairs],
        textposition="top left",
        line={"color": theme.colour(0)},
        hovertemplate="%{x:.2~%} of the market: %{y:,} devices<extra></extra>",
    )
    return made
