"""The live panel: the last minutes, straight from the collector, renewed every few seconds."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

import dash
import dash_mantine_components as dmc
import polars as pl
from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component

from dashboards.components.filters import parse_search
from dashboards.components.theme import Theme
from dashboards.components.widgets import Tile, html_attributes, state, tiles
from dashboards.generations import AppContext
from dashboards.pages.tier import live_figures as figures

REFRESH_MS = 3_000
# The collector writes what it has every 5 seconds; an older sample means that it stopped.
LATE_SECONDS = 60.0
HOW_TO_START = "Start it with `tokentide collect`; this panel shows its samples within seconds."
ABOUT = (
    "The last 10 minutes in steps of 5 s, straight from the collector: not yet checked or published"
)
LOADING = "loading"
UNREAD = "no samples can be read"
UNCOLLECTED = "nothing was collected"
NOTHING = "Nothing was collected in the last 10 minutes"
EMPTY = pl.DataFrame(
    schema={
        "target": pl.String,
        "model_name": pl.String,
        "metric": pl.String,
        "at": pl.Datetime("us", "UTC"),
        "value": pl.Float64,
    }
)


class LiveFigure(NamedTuple):
    """A figure of the newest sample: its name, its metric, and how it is written."""

    name: str
    metric: str
    form: str
    scale: float = 1
    unit: str = ""
    is_mean: bool = False
    """True for a mean, which does not add up over targets."""


NEWEST = (
    LiveFigure("Generated tokens per second", "generation_tokens_per_second", ",.1f"),
    LiveFigure("Requests running", "requests_running", ",.1f"),
    LiveFigure("Requests waiting", "requests_waiting", ",.1f"),
    LiveFigure("Mean time to first token", "ttft_seconds", ",.3f", unit=" s", is_mean=True),
    LiveFigure("Power, watts", "power_watts", ",.0f"),
    LiveFigure("Memory in use, GiB", "memory_used_bytes", ",.2f", scale=2**30),
)


def build_panel(theme: Theme) -> Component:
    """Build the panel without samples; the callback fills it."""
    title = html.H2("Live", id="title-live", className="card-title")
    head = [
        html.Div([title, html.P(ABOUT, className="card-unit")]),
        html.Button("Pause", id="live-pause", className="action", n_clicks=0),
    ]
    graphs = [_graph(panel, theme) for panel in figures.PANELS]
    return html.Section(
        [
            html.Div(head, className="card-head"),
            html.Div(html.P(LOADING, className="card-note"), id="live-state"),
            dmc.Grid(graphs, gutter="sm", id="live-graphs"),
            dcc.Interval(id="live-clock", interval=REFRESH_MS),
        ],
        className="card live",
        style={"height": "auto", "marginBottom": "16px"},
        **html_attributes(aria_labelledby="title-live"),
    )


def _graph(panel: figures.LivePanel, theme: Theme) -> Component:
    graph = dcc.Graph(
        id=f"live-{panel.key}",
        figure=figures.draw_panel(EMPTY, theme, panel, datetime.now(UTC), LOADING),
        config={"displayModeBar": False, "responsive": True},
        style={"height": "210px"},
    )
    title = f"{panel.title}, {panel.unit}"
    label = html_attributes(aria_label=f"Live chart: {title}")
    return dmc.GridCol(
        [html.H3(title, className="tile-name"), html.Div(graph, role="img", **label)],
        span={"base": 12, "sm": 6, "xl": 4},
    )


def register(app: dash.Dash, _: object, context: AppContext) -> None:
    """Add the callbacks that renew the panel every few seconds, unless it is paused."""

    @app.callback(
        Output("live-state", "children"),
        *(Output(f"live-{panel.key}", "figure") for panel in figures.PANELS),
        Input("live-clock", "n_intervals"),
        State("url", "search"),
        State("scheme", "data"),
    )
    def renew(_: int | None, search: str | None, scheme: str | None) -> tuple[Any, ...]:
        theme = Theme.from_browser(scheme)
        return fill_panel(context.live, search or "", theme, datetime.now(UTC))

    @app.callback(
        Output("live-clock", "disabled"),
        Output("live-pause", "children"),
        Input("live-pause", "n_clicks"),
    )
    def pause(clicks: int | None) -> tuple[bool, str]:
        is_paused = bool((clicks or 0) % 2)
        return is_paused, "Go on" if is_paused else "Pause"


def fill_panel(
    live: Callable[[], pl.DataFrame] | None, search: str, theme: Theme, now: datetime
) -> tuple[Any, ...]:
    """Return the state of the samples, and a figure for each panel."""
    if live is None:
        text = "This dashboard was started without a home to read them from."
        return state("No live samples here", text), *_draw_all(EMPTY, theme, now, UNREAD)
    rows = filter_rows(live(), search)
    empty = UNCOLLECTED if rows.is_empty() else figures.NOT_REPORTED
    return describe_samples(rows, now), *_draw_all(rows, theme, now, empty)


def _draw_all(rows: pl.DataFrame, theme: Theme, now: datetime, empty: str) -> list[Any]:
    return [figures.draw_panel(rows, theme, panel, now, empty) for panel in figures.PANELS]


def filter_rows(rows: pl.DataFrame, search: str) -> pl.DataFrame:
    """Return the rows of the target and model that the URL names.

    A row without a model counts for every model of its target.
    """
    given = parse_search(search)
    if target := given.get("target"):
        rows = rows.filter(pl.col("target") == target)
    if model := given.get("model"):
        rows = rows.filter((pl.col("model_name") == model) | pl.col("model_name").is_null())
    return rows


def describe_samples(rows: pl.DataFrame, now: datetime) -> Component:
    """Build the age of the newest sample, the targets that do not respond, and newest figures."""
    newest = rows["at"].max() if rows.height else None
    if not isinstance(newest, datetime):
        return state(NOTHING, HOW_TO_START)
    age = max((now - newest).total_seconds(), 0)
    if age > LATE_SECONDS:
        title = f"The newest sample is {age:.0f} seconds old"
        return state(title, f"The collector seems not to run. {HOW_TO_START}", is_failed=True)
    notes = [
        html.P(
            f"Newest sample {age:.0f} s old ({newest:%H:%M:%S} UTC).",
            className="card-note",
            id="live-age",
            **html_attributes(data_age=f"{age:.1f}"),
        )
    ]
    if silent := find_silent(rows):
        text = f"Not responding: {', '.join(silent)}. Their figures are drawn as gaps."
        notes.append(html.P(text, className="card-note bad"))
    return html.Div([*notes, tiles([_tile(rows, each) for each in NEWEST])])


def find_silent(rows: pl.DataFrame) -> list[str]:
    """Return the targets whose last scrape failed."""
    last = _last(rows.filter(pl.col("metric") == "up"), "target")
    return sorted(last.filter(pl.col("value") == 0)["target"].to_list())


def _last(rows: pl.DataFrame, *keys: str) -> pl.DataFrame:
    return rows.sort("at").group_by(*keys, maintain_order=True).last()


def _tile(rows: pl.DataFrame, figure: LiveFigure) -> Tile:
    """Build the newest value: the sum over targets, unknown if one of them is."""
    last = _last(rows.filter(pl.col("metric") == figure.metric), "target", "model_name")
    if last.is_empty():
        return Tile(figure.name, "unknown", "no server reports it")
    if figure.is_mean and last.height > 1:
        return Tile(figure.name, "unknown", "choose one target and model")
    if last["value"].is_null().any():
        reason = "no request got a first token in the last 5 s" if figure.is_mean else "in a gap"
        return Tile(figure.name, "unknown", reason)
    value = float(last["value"].sum()) / figure.scale
    return Tile(figure.name, f"{value:{figure.form}}{figure.unit}", "")
