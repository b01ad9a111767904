"""Figures of our tier's page."""

from collections.abc import Callable
from datetime import timedelta
from functools import cache

import plotly.graph_objects as go
import polars as pl
from dash.development.base_component import Component

from dashboards.components import widgets
from dashboards.components.theme import Look, figure
from dashboards.components.timelines import (
    FEW,
    HOUR,
    add_line,
    labelled,
    lines,
    names,
    stacked,
    unknown,
    with_holes,
    y_axis,
)
from dashboards.pages.market.concentration import COUNT, FIGURE, SHARE, column

REASONS = {
    "stop": "ended of themselves", "length": "reached their limit", "abort": "given up", "error": "failed", "other": "another reason",
}  # fmt: skip
TIME = (
    ("compute_seconds", "experts at work"),
    ("dispatch_seconds", "rows on their way"),
    ("combine_seconds", "rows on their way back"),
    ("exposed_wait_seconds", "waiting, nothing to do"),
)
PERCENTILES = (("p50_seconds", "p50"), ("p90_seconds", "p90"), ("p99_seconds", "p99"))
SUMMARY = (
    column("target", minWidth=110), column("model_name", "model", minWidth=210), column("hour_at", "hour from, UTC", minWidth=160),
    column("generated_tokens_per_second", "generated tokens/s", FIGURE, minWidth=130),
    column("generation_tokens", "tokens generated", COUNT, minWidth=130), column("requests_total", "requests ended", COUNT, minWidth=120),
    column("ttft_p50_seconds", "TTFT p50, s", FIGURE), column("ttft_p99_seconds", "TTFT p99, s", FIGURE),
    column("tpot_p50_seconds", "TPOT p50, s", FIGURE), column("goodput_share", "goodput", SHARE, minWidth=110),
    column("goodput_method", "goodput is", minWidth=110), column("prefix_hit_share", "prompt from cache", SHARE),
    column("acceptance", "drafts accepted", SHARE, minWidth=100), column("covered_seconds", "seconds watched", COUNT, minWidth=100),
    column("goodput_reason", "why no goodput", minWidth=180),
)  # fmt: skip


def summary(rows: pl.DataFrame, look: Look) -> Component:
    """The newest hour: figures side by side for one model, a table for several."""
    if rows.height > 1:
        rows = rows.with_columns(pl.col("hour_at").dt.to_string("%Y-%m-%d %H:%M"))
        return widgets.table(rows, look, SUMMARY, height=110 + 42 * min(rows.height, 8))
    row = rows.to_dicts()[0]
    goodput = "at most" if row["goodput_method"] == "upper_bound" else "both objectives met"
    return widgets.tiles(
        [
            (
                "Generated tokens a second",
                said(row["generated_tokens_per_second"]),
                "over covered time",
            ),
            (
                "Requests that ended",
                said(row["requests_total"], ",d"),
                f"{said(row['generation_tokens'], ',d')} tokens generated",
            ),
            (
                "Time to first token, p50",
                said(row["ttft_p50_seconds"], ",.3f", " s"),
                f"p99 {said(row['ttft_p99_seconds'], ',.3f', ' s')}",
            ),
            (
                "Time per token after it, p50",
                said(row["tpot_p50_seconds"], ",.4f", " s"),
                "mean within a request",
            ),
            ("Goodput", said(row["goodput_share"], ".1%"), row["goodput_reason"] or goodput),
            (
                "Prompt tokens found in cache",
                said(row["prefix_hit_share"], ".1%"),
                "of those looked up",
            ),
            (
                "Drafted tokens accepted",
                said(row["acceptance"], ".1%"),
                "unknown where nothing is drafted",
            ),
            (
                "Watched",
                said(row["covered_seconds"] / 60, ",.0f", " min"),
                f"of the hour from {widgets.instant(row['hour_at'])}",
            ),
        ]
    )


def said(value: float | None, form: str = ",.1f", unit: str = "") -> str:
    """A figure as text; what is not known is not 0."""
    return "unknown" if value is None else f"{value:{form}}{unit}"


@cache
def generated(step: timedelta) -> Callable[[pl.DataFrame, Look], go.Figure]:
    """How to draw generated tokens a second, a point every `step`."""
    return lambda rows, look: lines(
        rows, look, "generated_tokens_per_second", "tokens per second", step=step
    )


@cache
def prompts(step: timedelta) -> Callable[[pl.DataFrame, Look], go.Figure]:
    """The same of prompt tokens."""
    return lambda rows, look: lines(
        rows, look, "prompt_tokens_per_second", "tokens per second", step=step
    )


def requests(rows: pl.DataFrame, look: Look) -> go.Figure:
    """Requests that ended, by reason."""
    wide = rows.pivot("reason", index=["instant", "step_hours"], values="requests").sort("instant")
    return stacked(
        wide,
        look,
        [(column, name) for column, name in REASONS.items() if column in wide.columns],
        "requests",
    )


def coverage(rows: pl.DataFrame, look: Look) -> go.Figure:
    """How much of each hour was watched."""
    return lines(rows, look, "covered_share", "share of the hour", ".0%", most=1)


def latency(rows: pl.DataFrame, look: Look) -> go.Figure:
    """Percentiles by hour; where one lies beyond the last bucket, an open triangle at the least that it can be."""
    made = figure(look, yaxis=y_axis(look, "seconds"))
    place = 0
    for series in names(rows):
        part = with_holes(rows.filter(pl.col("series") == series))
        for percentile, name in PERCENTILES:
            called = name if len(names(rows)) == 1 else f"{series} {name}"
            add_line(made, look, part, percentile, called, place, ",.4~f")
            _add_bounds(
                made,
                look,
                part,
                percentile.replace("_seconds", "_lower_bound_seconds"),
                called,
                place,
            )
            place += 1
    return made


def _add_bounds(
    made: go.Figure, look: Look, part: pl.DataFrame, column: str, name: str, place: int
) -> None:
    known = part.filter(pl.col(column).is_not_null())
    if known.is_empty():
        return
    made.add_scatter(
        x=known["instant"].to_list(), y=known[column].to_list(), name=f"{name}, at least", mode="markers",
        marker={"symbol": "triangle-up-open", "size": 11, "color": look.colour(place), "line": {"width": 2}},
    )  # fmt: skip


def goodput(rows: pl.DataFrame, look: Look) -> go.Figure:
    """Share of requests that met every objective."""
    return lines(rows, look, "goodput_share", "share of requests", ".0%", most=1)


def prefix_cache(rows: pl.DataFrame, look: Look) -> go.Figure:
    """Share of prompt tokens found in the cache."""
    if rows["hit_share"].is_null().all():
        return unknown(look, "The servers count what they look up, but not what they find.")
    return lines(rows, look, "hit_share", "share of prompt tokens", ".0%", most=1)


def speculation(rows: pl.DataFrame, look: Look) -> go.Figure:
    """Share of drafted tokens that were right."""
    return lines(rows, look, "acceptance", "share of drafted tokens", ".0%", most=1)


def speculation_places(rows: pl.DataFrame, look: Look) -> go.Figure:
    """How far drafts hold, place by place."""
    made = figure(
        look,
        xaxis={"title": {"text": "place within the draft"}, "dtick": 1},
        yaxis=y_axis(look, "share of drafts", ".0%", 1),
    )
    for place, series in enumerate(names(rows)):
        part = rows.filter(pl.col("series") == series)
        shown = part.select("accepted_share", instant="place")
        add_line(made, look, shown, "accepted_share", series, place, ".1%")
    return labelled(made)


def overlap_time(rows: pl.DataFrame, look: Look) -> go.Figure:
    """Where the time of expert layers went."""
    if rows["layer_seconds"].is_null().all():
        return unknown(look, reason_of(rows, "overlap_reason"))
    hours = (
        rows.group_by("instant", "step_hours")
        .agg(pl.col(column).sum() for column, _ in TIME)
        .sort("instant")
    )
    return stacked(hours, look, TIME, "seconds")


def overlap_gain(rows: pl.DataFrame, look: Look) -> go.Figure:
    """Overlap efficiency and exposed share, beside each other."""
    if rows["overlap_efficiency"].is_null().all() and rows["exposed_share"].is_null().all():
        return unknown(look, reason_of(rows, "overlap_reason"))
    made = figure(look, yaxis={**y_axis(look, "share", ".0%"), "rangemode": "normal"})
    for place, series in enumerate(names(rows)):
        part = with_holes(rows.filter(pl.col("series") == series))
        add_line(
            made,
            look,
            part,
            "overlap_efficiency",
            f"{series}: saved of what could be",
            2 * place,
            ".1%",
        )
        add_line(made, look, part, "exposed_share", f"{series}: waiting", 2 * place + 1, ".1%")
    return made


def balance(rows: pl.DataFrame, look: Look) -> go.Figure:
    """Busiest expert over the mean one; 1 is even."""
    made = lines(rows, look, "balance", "busiest over mean", ".2~f")
    made.add_hline(
        y=1,
        line={"color": look.ink, "dash": "dot", "width": 1},
        annotation={"text": "even", "font": {"size": 11}},
    )
    return made


def power(rows: pl.DataFrame, look: Look) -> go.Figure:
    """Mean watts of each device; open points are no measurement of the whole hour."""
    if rows["mean_watts"].is_null().all():
        return unknown(look, f"Unknown: {reason_of(rows, 'reason')}.")
    made = figure(look, yaxis=y_axis(look, "watts"))
    rows = rows.with_columns(is_open=~pl.col("is_valid").fill_null(value=False))
    for place, series in enumerate(names(rows)):
        part = with_holes(rows.filter(pl.col("series") == series)).with_columns(
            pl.col("is_open").fill_null(value=True)
        )
        add_line(made, look, part, "mean_watts", series, place, ",.1f", opened="is_open")
    return labelled(made)


def memory(rows: pl.DataFrame, look: Look) -> go.Figure:
    """Memory in use, with what there is as a faint line above where devices are few."""
    if rows["memory_used_gib"].is_null().all():
        return unknown(look, "Unknown: no device reports its memory.")
    made = lines(rows, look, "memory_used_gib", "GiB", step=HOUR)
    for series in names(rows)[:FEW]:
        part = with_holes(rows.filter(pl.col("series") == series))
        made.add_scatter(
            x=part["instant"].to_list(), y=part["memory_total_gib"].to_list(), name=f"{series}: there is", mode="lines", connectgaps=False,
            line={"color": look.ink, "dash": "dot", "width": 1},
        )  # fmt: skip
    return made


def reason_of(rows: pl.DataFrame, column: str) -> str:
    """The reason that most rows give."""
    given = rows[column].drop_nulls()
    return str(given.mode().sort()[0]) if len(given) else "no reason is given"


def disagreements(rows: pl.DataFrame, look: Look) -> Component:
    """As a table."""
    return widgets.table(rows, look, height=60 + 42 * min(rows.height, 8))
