"""The live panel of our tier's page: the last minutes, straight from the collector, renewed every few seconds."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import dash
import dash_mantine_components as dmc
import polars as pl
from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component

from dashboards.components import cards, widgets
from dashboards.components.controls import named
from dashboards.components.filters import LONGEST
from dashboards.components.theme import Look
from dashboards.generations import Sources
from dashboards.pages.tier import live_figures as figures

REFRESH_MS = 3_000
# The collector shows what it has every 5 seconds; beyond this it is not merely between two scrapes.
LATE_SECONDS = 60.0
HOW_TO_START = "Start it with `tokentide collect`; this panel shows its samples within seconds."
ABOUT = (
    "The last 10 minutes in steps of 5 s, straight from the collector: not yet checked or published"
)
NEVER = "Nothing was collected in the last 10 minutes"
LATEST = (
    ("Generated tokens a second", "generation_tokens_per_second", ",.1f"),
    ("Requests running", "requests_running", ",.1f"),
    ("Requests waiting", "requests_waiting", ",.1f"),
    ("Mean time to first token", "ttft_seconds", ",.3f"),
    ("Power, watts", "power_watts", ",.0f"),
    ("Memory in use, GiB", "memory_used_bytes", ",.2f"),
)

EMPTY = pl.DataFrame(
    schema={
        "target": pl.String,
        "model_name": pl.String,
        "metric": pl.String,
        "at": pl.Datetime("us", "UTC"),
        "value": pl.Float64,
    }
)


def above(look: Look) -> Component:
    """The panel as it first stands on the page; the callback fills it."""
    graphs = [_graph(key, title, unit, look) for key, title, _, unit in figures.PANELS]
    return html.Section(
        [
            html.Div(
                [
                    html.Div([html.H2("Live", id="title-live", className="card-title"), html.P(ABOUT, className="card-unit")]),
                    html.Button("Pause", id="live-pause", className="action", n_clicks=0),
                ],
                className="card-head",
            ),
            html.Div(id="live-state"),
            dmc.Grid(graphs, gutter="sm", id="live-graphs"),
            dcc.Interval(id="live-clock", interval=REFRESH_MS),
        ],
        className="card live",
        style={"height": "auto", "marginBottom": "16px"},
        **named(aria_labelledby="title-live"),
    )  # fmt: skip


def _graph(key: str, title: str, unit: str, look: Look) -> Component:
    empty = figures.panel(EMPTY, look, {}, unit, datetime.now(UTC))
    graph = dcc.Graph(
        id=f"live-{key}",
        figure=empty,
        config={"displayModeBar": False, "responsive": True},
        style={"height": "210px"},
    )
    drawn = html.Div(graph, role="img", **named(aria_label=f"Live chart: {title}, {unit}"))
    return dmc.GridCol(
        [html.H3(f"{title}, {unit}", className="tile-name"), drawn],
        span={"base": 12, "sm": 6, "xl": 4},
    )


def register(app: dash.Dash, _: object, sources: Sources) -> None:
    """Renew the panel every few seconds, unless it is paused."""

    @app.callback(
        Output("live-state", "children"),
        *(Output(f"live-{key}", "figure") for key, *_ in figures.PANELS),
        Input("live-clock", "n_intervals"),
        State("url", "search"),
        State("scheme", "data"),
    )
    def renew(_: int | None, search: str | None, scheme: str | None) -> tuple[Any, ...]:
        return panel(
            sources.live,
            search or "",
            Look("dark" if scheme == "dark" else "light"),
            datetime.now(UTC),
        )

    @app.callback(
        Output("live-clock", "disabled"),
        Output("live-pause", "children"),
        Input("live-pause", "n_clicks"),
    )
    def pause(clicks: int | None) -> tuple[bool, str]:
        is_paused = bool((clicks or 0) % 2)
        return is_paused, "Go on" if is_paused else "Pause"


def panel(
    live: Callable[[], pl.DataFrame] | None, search: str, look: Look, now: datetime
) -> tuple[Any, ...]:
    """What is said of the samples' age, and the figures."""
    if live is None:
        return cards.state(
            "No live samples here", "This dashboard was started without a home to read them from."
        ), *_figures(EMPTY, look, now)
    rows = chosen(live(), search)
    return said(rows, now), *_figures(rows, look, now)


def _figures(rows: pl.DataFrame, look: Look, now: datetime) -> list[Any]:
    return [figures.panel(rows, look, metrics, unit, now) for _, _, metrics, unit in figures.PANELS]


def chosen(rows: pl.DataFrame, search: str) -> pl.DataFrame:
    """The rows of the target and model that the URL names; what has no model is of all of a target's."""
    from urllib.parse import parse_qsl

    given = dict(parse_qsl(search.lstrip("?")[:LONGEST]))
    if target := given.get("target"):
        rows = rows.filter(pl.col("target") == target)
    if model := given.get("model"):
        rows = rows.filter((pl.col("model_name") == model) | pl.col("model_name").is_null())
    return rows


def said(rows: pl.DataFrame, now: datetime) -> Component:
    """How old the newest sample is, who does not answer, and the newest figures."""
    newest = rows["at"].max() if rows.height else None
    if not isinstance(newest, datetime):
        return cards.state(NEVER, HOW_TO_START)
    age = max((now - newest).total_seconds(), 0)
    if age > LATE_SECONDS:
        return cards.state(
            f"The newest sample is {age:.0f} seconds old",
            f"The collector seems not to run. {HOW_TO_START}",
            is_failed=True,
        )
    told = [
        html.P(
            f"Newest sample {age:.0f} s old ({newest:%H:%M:%S} UTC).",
            className="card-note",
            id="live-age",
            **named(data_age=f"{age:.1f}"),
        )
    ]
    if silent := not_answering(rows):
        told.append(
            html.P(
                f"Not answering: {', '.join(silent)}. What they do not say is drawn as a gap.",
                className="card-note bad",
            )
        )
    return html.Div([*told, widgets.tiles([_tile(rows, *each) for each in LATEST])])


def not_answering(rows: pl.DataFrame) -> list[str]:
    """Targets whose last scrape failed."""
    last = (
        rows.filter(pl.col("metric") == "up")
        .sort("at")
        .group_by("target", maintain_order=True)
        .last()
    )
    return sorted(last.filter(pl.col("value") == 0)["target"].to_list())


def _tile(rows: pl.DataFrame, name: str, metric: str, form: str) -> tuple[str, str, str]:
    """The newest figure: of several targets the sum, unless it is a mean; unknown if one of them is."""
    last = (
        rows.filter(pl.col("metric") == metric)
        .sort("at")
        .group_by("target", "model_name", maintain_order=True)
        .last()
    )
    if last.is_empty():
        return name, "unknown", "no server reports it"
    value: float | None
    if metric == "ttft_seconds":
        value, below = _of_one(last, "no request got a first token in the last 5 s")
    else:
        value, below = (
            (None, "in a gap")
            if last["value"].is_null().any()
            else (float(last["value"].sum()), "")
        )
    scale = 2**30 if metric == "memory_used_bytes" else 1
    return (
        name,
        "unknown"
        if value is None
        else f"{value / scale:{form}}{' s' if metric == 'ttft_seconds' else ''}",
        below,
    )


def _of_one(last: pl.DataFrame, empty: str) -> tuple[float | None, str]:
    if last.height > 1:
        return None, "choose one target and model"
    return last["value"][0], "" if last["value"][0] is not None else empty
