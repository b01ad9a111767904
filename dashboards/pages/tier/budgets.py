"""The panel of budgets: how much of each is spent, as the alerts file declares them."""

import dash
import polars as pl
from dash import Input, Output, dcc, html
from dash.development.base_component import Component

from dashboards.components.widgets import html_attributes
from dashboards.generations import AppContext

REFRESH_MS = 60_000
HIDDEN = {"display": "none"}
SHOWN = {"height": "auto", "marginBottom": "16px"}
ABOUT = "As the alerts file declares them, of what is published: this period and the one before."


def build_panel() -> Component:
    """Build the panel without budgets, which shows nothing; the callback fills it."""
    return html.Section(
        [
            html.H2("Budgets", id="title-budgets", className="card-title"),
            html.P(ABOUT, className="card-unit"),
            html.Div(id="budgets-rows"),
            dcc.Interval(id="budgets-clock", interval=REFRESH_MS),
        ],
        id="budgets",
        className="card",
        style=HIDDEN,
        **html_attributes(aria_labelledby="title-budgets"),
    )


def register(app: dash.Dash, context: AppContext) -> None:
    """Add the callback that reads the budgets every minute."""

    @app.callback(
        Output("budgets-rows", "children"),
        Output("budgets", "style"),
        Input("budgets-clock", "n_intervals"),
    )
    def renew(_: int | None) -> tuple[list[Component], dict[str, str]]:
        rows = context.budgets() if context.budgets else pl.DataFrame()
        return draw_budgets(rows), SHOWN if rows.height else HIDDEN


def draw_budgets(rows: pl.DataFrame) -> list[Component]:
    """Return a bar and a sentence for each budget."""
    return [_draw_budget(**row) for row in rows.to_dicts()]


def _draw_budget(
    rule: str,
    subject: str,
    usd: float,
    budget_usd: float,
    is_passed: bool | None,
    expected_on: object,
) -> Component:
    at_least = " at least" if is_passed is None else ""
    text = (
        f"{rule}, {subject}: {usd:,.2f} USD{at_least} of {budget_usd:,.2f}, {usd / budget_usd:.0%}"
    )
    if is_passed:
        text += "; passed"
    elif expected_on:
        text += f"; at this rate it is passed on {expected_on}"
    bar = html.Meter(
        value=str(min(usd / budget_usd, 1.0)),
        high="0.8",
        optimum="0",
        style={"width": "100%", "height": "20px"},
        **html_attributes(aria_label=text),
    )
    return html.Div([html.P(text, className="card-note"), bar])
