"""The app: a Dash app on the published generations, with its downloads, API and protection."""

from importlib.resources import files

import dash
from flask import Flask, Response, redirect, request

from dashboards.api.routes import add_api
from dashboards.callbacks import add_callbacks
from dashboards.export.claim_routes import add_claim_routes
from dashboards.export.downloads import add_downloads
from dashboards.generations import AppContext, GenerationStore
from dashboards.layout import build_layout
from dashboards.pages import OLD_PATHS, PAGES, is_page
from dashboards.scripts import PreloadingDash
from dashboards.web import bodies, security


def build(context: AppContext, secret: str | None = None) -> dash.Dash:
    """Build the app; its Flask server is `app.server`. With a secret, viewers log in first."""
    app = PreloadingDash(
        __name__,
        title="Tokentide",
        # As Dash's own, with the language that a screen reader needs.
        index_string=(files("dashboards") / "templates" / "index.html").read_text(),
        update_title="",
        serve_locally=True,
        suppress_callback_exceptions=True,
        enable_mcp=False,
        meta_tags=[{"name": "viewport", "content": "width=device-width, initial-scale=1"}],
    )
    store = GenerationStore(context)
    app.layout = lambda: build_layout(context, store.newest())
    add_callbacks(app, store)
    for page in PAGES:
        if page.register:
            page.register(app, store, context)
    add_downloads(app.server, store)
    add_api(app.server, store)
    if context.claims:
        add_claim_routes(app.server, context.claims)
    for old, new in OLD_PATHS.items():
        _add_redirect(app.server, old, new)
    _mark_missing_pages(app.server)
    security.guard(app.server, app.csp_hashes(), secret, context.frame_ancestors)
    bodies.check_bodies(app)
    return app


def _mark_missing_pages(server: Flask) -> None:
    """Answer an address that no page has with 404; the frame then says so and suggests others."""

    @server.after_request
    def mark_missing(response: Response) -> Response:
        rule = request.url_rule.rule if request.url_rule else ""
        is_frame = rule.endswith("<path:path>") and response.mimetype == "text/html"
        # A redirect to the log-in stays one.
        if is_frame and response.status_code == 200 and not is_page(request.path):
            response.status_code = 404
        return response


def _add_redirect(server: Flask, old: str, new: str) -> None:
    """Lead links to a page's old path to its new one, with the choices in them."""

    def redirect_to_new() -> Response:
        search = request.query_string.decode(errors="replace")
        return redirect(f"{new}?{search}" if search else new, 301)  # type: ignore[return-value]

    server.add_url_rule(old, endpoint=f"redirect from {old}", view_func=redirect_to_new)
