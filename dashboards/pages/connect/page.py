"""The page on which a person names a server: looked at once, then written into the tier file."""

from dataclasses import asdict
from typing import Any

import dash
from dash import ALL, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from dashboards.components.filters import Filters
from dashboards.components.page import CustomPage
from dashboards.components.widgets import state
from dashboards.generations import AppContext, GenerationStore, OpenGeneration
from dashboards.pages.connect import figures
from dashboards.query import query

MAX_URL = 2_000
READ_ONLY = (
    "This dashboard may not write the tier file. Run `tokentide tier add ADDRESS` on its machine."
)


def body(_: OpenGeneration, __: Filters) -> Component:
    """Build the figures."""
    return html.Div([figures.build_form(), dcc.Store(id="connect-server")], className="card")


def market_models(generation: OpenGeneration | None) -> list[figures.Option]:
    """Return the models of the market that a person may choose."""
    if generation is None:
        return []
    rows = generation.frame(query("connect/models")).iter_rows(named=True)
    return [
        {
            "value": row["model_permaslug"],
            "label": f"{row['model_name']} ({row['model_permaslug']})",
        }
        for row in rows
    ]


def register(app: dash.Dash, store: GenerationStore, context: AppContext) -> None:
    """Add the two callbacks: look, and add."""
    tier_file = context.tier_file

    @app.callback(
        Output("connect-found", "children"),
        Output("connect-server", "data"),
        Input("connect-look", "n_clicks"),
        State("connect-url", "value"),
        prevent_initial_call=True,
    )
    def look(_: int, url: object) -> tuple[Component, Any]:
        if tier_file is None:
            return state("Not here", READ_ONLY), None
        try:
            found = tier_file.probe(str(url or "")[:MAX_URL])
        except tier_file.errors as error:
            return figures.build_refusal(error), None
        return figures.build_found(found, market_models(store.newest())), asdict(found)

    @app.callback(
        Output("connect-added", "children"),
        Input("connect-add", "n_clicks"),
        State("connect-server", "data"),
        State({"type": "connect-model", "served": ALL}, "id"),
        State({"type": "connect-model", "served": ALL}, "value"),
        State("connect-name", "value"),
        State("connect-devices", "value"),
        State("connect-kind", "value"),
        prevent_initial_call=True,
    )
    def add(
        clicks: int | None,
        server: dict[str, Any] | None,
        ids: list[dict[str, str]],
        chosen: list[str | None],
        *given: object,
    ) -> Any:
        if not clicks or not server or tier_file is None:
            return no_update
        models = [(str(each["served"]), known) for each, known in zip(ids, chosen, strict=True)]
        values = dict(zip(("name", "devices", "kind"), given, strict=True))
        try:
            block = tier_file.add(figures.read_answers(server, models, values))
        except tier_file.errors as error:
            return figures.build_refusal(error)
        return figures.build_added(block, tier_file)


CONNECT = CustomPage(
    path="/connect",
    name="Name a server",
    about="A server of yours to watch: its metrics page is looked at once, and the server is "
    "written into the tier file.",
    controls=lambda _: (),
    body=body,
    is_kept=True,
    register=register,
)
