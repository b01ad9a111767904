"""The frame around the pages: navigation, controls whose choices live in the URL, and a body that is made from one generation.

URL, generation, scheme ─▶ body          made anew whenever one of them changes; of a choice only the cards that it changes
cards that come near ─▶ their cells      so a page costs what is seen of it
controls ─▶ URL                          in the browser, without asking the server
clock ─▶ generation                      so a new generation appears without a reload
"""

from typing import Any, cast

import dash
import dash_mantine_components as dmc
from dash import ALL, ClientsideFunction, Input, Output, State, dcc, html
from dash.development.base_component import Component

from dashboards import incremental, security
from dashboards.components import cards, widgets
from dashboards.components.controls import drawn, named
from dashboards.components.filters import read_filters
from dashboards.components.theme import Look
from dashboards.export import downloads
from dashboards.generations import Generation, Published, Sources
from dashboards.pages import PAGES, page_of
from dashboards.scripts import App

CHECK_MS = 5_000
# Dash's own, with the language that a screen reader needs.
INDEX = """<!DOCTYPE html>
<html lang="en">
<head>{%metas%}<title>{%title%}</title>{%favicon%}{%css%}</head>
<body>{%app_entry%}<footer>{%config%}{%scripts%}{%renderer%}</footer></body>
</html>"""
NOTHING = "nothing published"
STALE_SECONDS = 36 * 3600


def build(sources: Sources, secret: str | None = None) -> dash.Dash:
    """The app; its Flask server is `app.server`. With a secret, viewers log in first."""
    app = App(
        __name__,
        title="Tokentide",
        index_string=INDEX,
        update_title="",
        serve_locally=True,
        suppress_callback_exceptions=True,
        enable_mcp=False,
        meta_tags=[{"name": "viewport", "content": "width=device-width, initial-scale=1"}],
    )
    published = Published(sources)
    app.layout = lambda: _layout(sources, published.newest())
    _add_browser_callbacks(app)
    _add_callbacks(app, published)
    for page in PAGES:
        if page.register:
            page.register(app, published, sources)
    downloads.add_to(app.server, published)
    security.guard(app.server, app.csp_hashes(), secret)
    return app


def _layout(sources: Sources, newest: Generation | None) -> Component:
    state = [
        dcc.Location(id="url", refresh="callback-nav"),
        dcc.Interval(id="clock", interval=CHECK_MS),
        dcc.Store(id="generation", data=newest.meta.generation if newest else None),
        dcc.Store(id="scheme", storage_type="local"),
        dcc.Store(id="shown"),
        dcc.Store(id="seen"),
        dcc.Store(id="wanted"),
        dcc.Store(id="again"),
        html.Div(id="chosen", hidden=True),
        html.Div(id="follow", hidden=True),
    ]
    shell = dmc.AppShell(
        [
            dmc.AppShellHeader(_header()),
            dmc.AppShellNavbar(_navigation(sources), p="sm"),
            dmc.AppShellMain(
                [
                    html.Div(id="banner", role="status"),
                    html.Div(id="page-head"),
                    html.Div(id="controls", className="controls"),
                    dcc.Loading(
                        html.Div(id="body"),
                        type="dot",
                        delay_show=400,
                        overlay_style={"visibility": "visible", "opacity": 0.6},
                        # What a page refreshes within its body by itself does not dim the page.
                        target_components=cast("Any", {"body": "children"}),
                    ),
                ],
                id="main",
            ),
        ],
        header={"height": 52},
        navbar={"width": 200, "breakpoint": "sm", "collapsed": {"mobile": True}},
        padding="md",
        id="shell",
    )
    return dmc.MantineProvider(
        [*state, html.A("To the content", href="#main", className="skip"), shell],
        id="theme",
        forceColorScheme="light",
    )


def _header() -> Component:
    return dmc.Group(
        [
            dmc.Group(
                [
                    dmc.Burger(
                        id="burger", size="sm", hiddenFrom="sm", **named(aria_label="Navigation")
                    ),
                    dcc.Link("Tokentide", href="/", className="brand"),
                    html.Span(id="facts", className="facts"),
                ],
                gap="sm",
                wrap="nowrap",
            ),
            html.Button(
                "Dark",
                id="scheme-switch",
                className="action",
                title="Switch between light and dark",
                n_clicks=0,
            ),
        ],
        justify="space-between",
        h="100%",
        px="md",
        wrap="nowrap",
    )


def _navigation(sources: Sources) -> list[Component]:
    links: list[Component] = [
        dmc.NavLink(label=page.name, href=page.path, active="exact", id=f"nav-{page.name}")
        for page in PAGES
    ]
    if sources.dagster_url:
        links.append(
            html.A(
                "Dagster ↗",
                href=sources.dagster_url,
                target="_blank",
                rel="noreferrer",
                className="outside",
            )
        )
    return [html.Nav(links, **named(aria_label="Pages"))]


def _add_browser_callbacks(app: dash.Dash) -> None:
    """What needs no server: the code is in assets/tokentide.js."""

    def here(name: str) -> ClientsideFunction:
        return ClientsideFunction("tokentide", name)

    app.clientside_callback(
        here("choose"),
        # It sets the URL by itself: a body that waited for this output would wait for the controls to be there first.
        Output("chosen", "children"),
        Input({"type": "control", "name": ALL, "default": ALL}, "value"),
        State({"type": "control", "name": ALL, "default": ALL}, "id"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        here("scheme"),
        Output("scheme", "data"),
        Input("scheme-switch", "n_clicks"),
        State("scheme", "data"),
    )
    app.clientside_callback(
        here("paint"),
        Output("theme", "forceColorScheme"),
        Output("scheme-switch", "children"),
        Input("scheme", "data"),
    )
    app.clientside_callback(
        here("judge"), Output("again", "data"), Input("shown", "data"), prevent_initial_call=True
    )
    app.clientside_callback(
        here("follow"),
        Output("follow", "children"),
        Input({"type": "graph", "key": ALL}, "clickData"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        here("burger"),
        Output("shell", "navbar"),
        Input("burger", "opened"),
        Input("url", "pathname"),
        State("shell", "navbar"),
    )


def _add_callbacks(app: dash.Dash, published: Published) -> None:
    # The layout names the generation that is there at first; the body need not wait to hear it again.
    @app.callback(
        Output("generation", "data"),
        Input("clock", "n_intervals"),
        State("generation", "data"),
        prevent_initial_call=True,
    )
    def look(_: int | None, shown: int | None) -> Any:
        newest = published.newest()
        number = newest.meta.generation if newest else None
        return dash.no_update if number == shown and shown is not None else number

    @app.callback(
        Output("page-head", "children"),
        Output("controls", "children"),
        Input("url", "pathname"),
        State("url", "search"),
    )
    def head(path: str, search: str) -> tuple[Component, list[Component]]:
        page, generation = page_of(path), published.newest()
        controls = page.controls(generation) if generation else ()
        filters = read_filters(search, controls)
        title = html.Div(
            [dmc.Title(page.name, order=1, size="h3"), html.P(page.about, className="page-about")]
        )
        return title, [drawn(control, filters) for control in controls if control.kind != "hidden"]

    @app.callback(
        Output("body", "children"),
        Output("banner", "children"),
        Output("facts", "children"),
        Output("shown", "data"),
        Input("url", "pathname"),
        Input("url", "search"),
        Input("generation", "data"),
        Input("scheme", "data"),
        Input("again", "data"),
        State("shown", "data"),
        State("seen", "data"),
    )
    def body(
        path: str,
        search: str,
        number: int | None,
        scheme: str | None,
        again: Any,
        told: Any,
        seen: Any,
    ) -> tuple[Any, ...]:
        del again
        shown = incremental.read_shown(told)
        generation = published.numbered(number) or published.newest()
        if generation is None:
            return nothing_published(), None, NOTHING, None
        look = Look("dark" if scheme == "dark" else "light")
        page = page_of(path)
        if page.is_kept and shown and set(dash.ctx.triggered_prop_ids) == {"generation.data"}:
            return dash.no_update, banner(generation), facts(generation), dash.no_update
        if dash.ctx.triggered_id == "again":
            shown = None
        made = incremental.made(
            page, generation, look, search or "", shown, incremental.read_places(seen)
        )
        if made.body is None:
            _fill(made)
            return (dash.no_update,) * 4
        return made.body, banner(generation), facts(generation), made.shown

    @app.callback(Input("wanted", "data"), State("shown", "data"), prevent_initial_call=True)
    def fill(wanted: Any, told: Any) -> None:
        shown = incremental.read_shown(told)
        generation = published.numbered(shown["generation"]) if shown else None
        if shown and generation:
            cells = incremental.filled(
                page_of(shown["path"]),
                generation,
                Look(shown["scheme"]),
                shown,
                incremental.read_places(wanted),
            )
            _fill(incremental.Made(None, cells, {**shown, "before": shown["search"]}))


def _fill(made: incremental.Made) -> None:
    """Put cards into their cells. It is done in the browser even where a later answer came before this one; `shown` lets it notice."""
    for name, card in made.cells:
        dash.set_props(name, {"children": card})
    dash.set_props("shown", {"data": made.shown})


def banner(generation: Generation) -> Component | None:
    """What must not be overlooked: figures that are not real, or old."""
    meta = generation.meta
    said: list[Any] = []
    if meta.is_simulated:
        said.append(
            html.Div(
                [
                    cards.simulated_badge(),
                    " The market's figures are made up by the stand-in. None of them is real.",
                ],
                className="banner",
            )
        )
    if meta.age_seconds is not None and meta.age_seconds > STALE_SECONDS:
        hours = round(meta.age_seconds / 3600)
        said.append(
            html.Div(
                f"This generation is {hours} hours old. Is the pipeline running? `tokentide status` says.",
                className="banner stale",
            )
        )
    return html.Div(said) if said else None


def facts(generation: Generation) -> Component:
    """Which generation is shown, and how far it reaches."""
    meta = generation.meta
    return html.Span(
        [
            f"generation {meta.generation}, market up to {meta.last_date or 'no day'}, published ",
            widgets.moment(meta.published_at),
        ],
        **named(data_generation=str(meta.generation)),
    )


def nothing_published() -> Component:
    """The first thing that a person sees who starts the dashboard before anything else."""
    return cards.state(
        "Nothing is published yet",
        "Run `make up`, or `tokentide ingest market`. This page shows the first generation as soon as it is there.",
    )
