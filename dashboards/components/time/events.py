"""Events on charts by day or week: launches, changes of price, restatements, as dotted lines."""

import polars as pl
from dash import html
from dash.development.base_component import Component

from dashboards.chart import Chart
from dashboards.components.theme import GREY, Theme
from dashboards.components.time.periods import DayRange
from dashboards.query import Query, query

# The largest of each kind; more would hide the chart.
MAX_EVENTS_OF_KIND = 4
SIGNS = {"launch": "▲", "price": "$", "restatement": "↻"}
WORDS = {"launch": "launch", "price": "change of price", "restatement": "restatement"}


def market_events(period: DayRange, family: str = "") -> Query:
    """Return the query of the largest events of a period, of one family or of the market."""
    values = {**period.values, "family": family, "most": MAX_EVENTS_OF_KIND}
    return query("components/events", **values)


def add_events(figure: Chart, events: pl.DataFrame, theme: Theme) -> Chart:
    """Mark each day with events by a line and their signs above; hovering a sign names them."""
    if events.is_empty():
        return figure
    for (day,), found in events.group_by("date", maintain_order=True):
        figure.add_shape(
            type="line",
            x0=day,
            x1=day,
            y0=0,
            y1=1,
            yref="paper",
            layer="below",
            line={"color": GREY, "width": 1, "dash": "dot"},
        )
        named = [f"{day:%d %b %Y}", *found["text"].to_list()]
        figure.add_annotation(
            x=day,
            y=1,
            yref="paper",
            yanchor="bottom",
            text="".join(SIGNS[kind] for kind in found["kind"].unique(maintain_order=True)),
            hovertext="<br>".join(named),
            showarrow=False,
            font={"size": 11, "color": theme.ink},
        )
    top = max(figure.settings.get("margin", {}).get("t", 0), 24)
    return figure.update_layout(margin={"t": top})


def list_events(events: pl.DataFrame) -> Component:
    """Build the list of the events of a chart, for those who do not hover."""
    listed = [
        html.Li(f"{SIGNS[event['kind']]} {event['date']:%d %b %Y}: {event['text']}")
        for event in events.to_dicts()
    ]
    kinds = events["kind"].unique(maintain_order=True).to_list()
    signs = ", ".join(f"{SIGNS[kind]} {WORDS[kind]}" for kind in kinds)
    return html.Details(
        [html.Summary(f"{events.height} marks: {signs}"), html.Ul(listed)], className="card-query"
    )
