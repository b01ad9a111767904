"""Callbacks of the frame.

URL, generation, scheme ─▶ body          built again when one of them changes; of a choice only the
                                         cards that it changes
cards near the screen   ─▶ their cells   so a page costs only the part that a viewer sees
controls                ─▶ URL           in the browser, without a request
clock                   ─▶ generation    so a new generation appears without a reload
"""

from dataclasses import dataclass
from typing import Any

import dash
import dash_mantine_components as dmc
from dash import ALL, ClientsideFunction, Input, Output, State, html
from dash.development.base_component import Component

from dashboards.components.controls import build_control
from dashboards.components.filters import read_filters
from dashboards.components.page import CustomPage, Page, PageView
from dashboards.components.theme import Theme
from dashboards.components.widgets import state
from dashboards.generations import GenerationStore
from dashboards.incremental import PageUpdate, ShownPage, fill_cells, parse_places, update_page
from dashboards.layout import build_banner, build_facts, build_pending, nothing_published
from dashboards.pages import find_page
from dashboards.statements.actions import ActionRefusedError
from dashboards.views import PastPendingError, find_generation, find_shown

NOTHING = "nothing published"


@dataclass(frozen=True)
class BodyRequest:
    """A browser's request for the body of a page. Anybody may have sent it, so it is checked."""

    page: Page
    search: str
    generation: object
    theme: Theme
    shown: ShownPage | None
    seen: list[int]

    @classmethod
    def parse(cls, values: dict[str, Any]) -> "BodyRequest":
        """Read the values that the browser sent."""
        return cls(
            page=find_page(values["path"]),
            search=str(values["search"] or ""),
            generation=values["generation"],
            theme=Theme.from_browser(values["scheme"]),
            shown=ShownPage.parse(values["shown"]),
            seen=parse_places(values["seen"]),
        )


def add_callbacks(app: dash.Dash, store: GenerationStore) -> None:
    """Add the callbacks of the frame, those in the browser included."""
    _add_choices(app)
    _add_browser_callbacks(app)
    _add_clock(app, store)
    _add_head(app, store)
    _add_body(app, store)
    _add_filling(app, store)


def _script(name: str) -> ClientsideFunction:
    """Return a function of assets/tokentide.js."""
    return ClientsideFunction("tokentide", name)


def _add_choices(app: dash.Dash) -> None:
    """Add the callbacks that keep controls, dates and the address the same."""
    app.clientside_callback(
        _script("writeChoices"),
        # It sets the URL itself: a body that waited for this output would wait for the controls.
        Output("chosen", "children"),
        Input({"type": "control", "name": ALL, "default": ALL}, "value"),
        State({"type": "control", "name": ALL, "default": ALL}, "id"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        _script("writeDates"),
        Output("dated", "children"),
        Input({"type": "date", "name": ALL, "side": ALL}, "value"),
        State({"type": "date", "name": ALL, "side": ALL}, "id"),
        prevent_initial_call=True,
    )


def _add_browser_callbacks(app: dash.Dash) -> None:
    """Add the callbacks that need no server; their code is in assets/tokentide.js."""
    app.clientside_callback(
        _script("askAgain"),
        Output("again", "data"),
        Input("past-clock", "n_intervals"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        _script("nameDocument"),
        Output("named", "children"),
        Input("page-title", "data"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        _script("switchScheme"),
        Output("scheme", "data"),
        Input("scheme-switch", "n_clicks"),
        State("scheme", "data"),
    )
    app.clientside_callback(
        _script("applyScheme"),
        Output("theme", "forceColorScheme"),
        Output("scheme-switch", "children"),
        Input("scheme", "data"),
    )
    app.clientside_callback(
        _script("followReplies"),
        Output("followed", "children"),
        Input("replies", "data"),
        State("url", "pathname"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        _script("followLink"),
        Output("follow", "children"),
        Input({"type": "graph", "key": ALL}, "clickData"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        _script("toggleNavigation"),
        Output("shell", "navbar"),
        Input("burger", "opened"),
        Input("url", "pathname"),
        State("shell", "navbar"),
    )


def _add_clock(app: dash.Dash, store: GenerationStore) -> None:
    # The layout names the first generation, so the body does not wait for this one to answer.
    @app.callback(
        Output("generation", "data"),
        Input("clock", "n_intervals"),
        State("generation", "data"),
        prevent_initial_call=True,
    )
    def check_generation(_: int | None, shown: int | None) -> Any:
        newest = store.newest()
        number = newest.meta.generation if newest else None
        return dash.no_update if number == shown and shown is not None else number


def _add_head(app: dash.Dash, store: GenerationStore) -> None:
    @app.callback(
        Output("page-head", "children"),
        Output("controls", "children"),
        Output("page-title", "data"),
        Input("url", "pathname"),
        State("url", "search"),
    )
    def show_head(path: str, search: str) -> tuple[Component, list[Component], str]:
        page = find_page(path)
        generation = find_shown(store, page, search, 0) or store.newest()
        controls = page.controls(generation) if generation else ()
        filters = read_filters(search, controls)
        title = dmc.Title(page.name, order=1, size="h3")
        head = html.Div([title, html.P(page.about, className="page-about")])
        visible = [control for control in controls if control.kind != "hidden"]
        return head, [build_control(control, filters) for control in visible], page.name


def _add_body(app: dash.Dash, store: GenerationStore) -> None:
    @app.callback(
        Output("body", "children"),
        Output("banner", "children"),
        Output("facts", "children"),
        Output("shown", "data"),
        Output("replies", "data"),
        inputs={
            "values": {
                "path": Input("url", "pathname"),
                "search": Input("url", "search"),
                "generation": Input("generation", "data"),
                "scheme": Input("scheme", "data"),
                "again": Input("again", "data"),
                "shown": State("shown", "data"),
                "seen": State("seen", "data"),
            }
        },
    )
    def show_body(values: dict[str, Any]) -> tuple[Any, ...]:
        asked = BodyRequest.parse(values)
        try:
            generation = find_generation(store, asked.page, asked.search, asked.generation)
        except PastPendingError as pending:
            return build_pending(pending.day), None, str(pending), None, _reply(None)
        except ActionRefusedError as refused:
            text = str(refused)
            page = state("This day cannot be shown", text, is_failed=True)
            return page, None, NOTHING, None, _reply(None)
        if generation is None:
            return nothing_published(), None, NOTHING, None, _reply(None)
        banner, facts = build_banner(generation.meta), build_facts(generation.meta)
        if asked.shown and _is_kept(asked.page):
            return dash.no_update, banner, facts, dash.no_update, dash.no_update
        view = PageView(asked.page, generation, asked.theme, asked.search)
        update = update_page(view, asked.shown, asked.seen)
        if update.body is None:
            _fill(update)
            return (dash.no_update,) * 5
        return update.body, banner, facts, vars(update.shown), _reply(update.shown)


def _add_filling(app: dash.Dash, store: GenerationStore) -> None:
    @app.callback(Input("wanted", "data"), State("shown", "data"), prevent_initial_call=True)
    def fill(wanted: Any, given: Any) -> None:
        shown = ShownPage.parse(given)
        if not shown:
            return
        page = find_page(shown.path)
        generation = find_shown(store, page, shown.search, shown.generation)
        if generation:
            theme = Theme.from_browser(shown.scheme)
            view = PageView(page, generation, theme, shown.search)
            _fill(fill_cells(view, shown, parse_places(wanted)))


def _is_kept(page: Page) -> bool:
    """Return true if only a new generation came, and the page keeps its body then."""
    is_new_generation = set(dash.ctx.triggered_prop_ids) == {"generation.data"}
    return isinstance(page, CustomPage) and page.is_kept and is_new_generation


def _fill(update: PageUpdate) -> None:
    """Put cards into their cells; the renderer applies this even of a reply that came too late."""
    for name, card in update.cells:
        dash.set_props(name, {"children": card})
    dash.set_props("shown", {"data": vars(update.shown)})
    dash.set_props("replies", {"data": _reply(update.shown)})


def _reply(shown: ShownPage | None) -> dash.Patch:
    """Return the addition of a reply to those of the browser, which so follows every one."""
    replies = dash.Patch()
    replies.append(vars(shown) if shown else None)
    return replies
