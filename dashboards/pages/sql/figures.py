"""Chart of a query's rows on the SQL page, with a line that says what it shows and leaves out."""

import polars as pl
from dash import dcc, html
from dash.development.base_component import Component

from dashboards.components.charts import explore
from dashboards.components.theme import Theme
from dashboards.components.widgets import html_attributes, state

MAX_SHOWN_ROWS = 10_000
CHART_HEIGHT = 380


def result_chart(rows: pl.DataFrame, theme: Theme, axes: explore.Axes) -> Component:
    """Build the chart of these columns."""
    if not axes.y:
        return state("Nothing to draw", "Choose a column of numbers for y.")
    title = describe_chart(rows, axes)
    graph = dcc.Graph(
        id={"type": "graph", "key": "sql"},
        figure=explore.chart(rows, theme, axes).update_layout(height=CHART_HEIGHT),
        config={"displayModeBar": False, "responsive": True},
    )
    label = html_attributes(aria_label=f"Chart: {title}")
    return html.Div([html.P(title, className="card-note"), html.Div(graph, role="img", **label)])


def describe_chart(rows: pl.DataFrame, axes: explore.Axes) -> str:
    """Return what is drawn against what, and what is left out."""
    split = f", each {axes.series} by itself" if axes.series else ""
    notes = [f"{axes.y} by {axes.x}{split}"]
    if left_out := explore.count_left_out(rows, axes):
        notes.append(f"{left_out} smaller ones of {axes.series} are not drawn")
    if rows.height == MAX_SHOWN_ROWS:
        notes.append(f"of the first {MAX_SHOWN_ROWS:,} rows only")
    if explore.is_ambiguous(rows, axes):
        notes.append(
            f"several rows share one {axes.x}, so lines jump: "
            "split them by another column, or select fewer"
        )
    return "; ".join(notes) + "."
