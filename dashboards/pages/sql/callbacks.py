"""Callbacks and downloads of the SQL page.

Run ─▶ key ─▶ a look, and another after its reply ─▶ waiting | running | rows | DuckDB's error
"""

from collections.abc import Iterator
from typing import Any

import dash
import polars as pl
from dash import ClientsideFunction, Input, Output, State, ctx
from flask import Flask, Response, request, send_file

from dashboards.components.charts.explore import Axes
from dashboards.components.grid import write_csv
from dashboards.components.theme import Theme
from dashboards.components.widgets import state
from dashboards.generations import AppContext, GenerationStore
from dashboards.pages.sql.figures import result_chart
from dashboards.pages.sql.queue import QueuedQuery, QueueFullError, SqlQueue
from dashboards.pages.sql.result import read_rows, show_query

CSV_ROWS = 50_000
GONE = "That result is no longer kept. Run the query again."


def register(app: dash.Dash, store: GenerationStore, context: AppContext) -> None:
    """Add the page's callbacks and downloads."""
    queue = SqlQueue(context.run_sql, context.sql_errors)
    _add_run(app, store, queue)
    _add_polling(app, queue)
    _add_chart(app, store, queue)
    _add_downloads(app.server, queue)


def _add_run(app: dash.Dash, store: GenerationStore, queue: SqlQueue) -> None:
    @app.callback(
        Output("sql-key", "data"),
        Output("sql-result", "children", allow_duplicate=True),
        Input("sql-run", "n_clicks"),
        State("sql-text", "value"),
        State("sql-key", "data"),
        prevent_initial_call="initial_duplicate",
    )
    def run(clicks: int, sql: str | None, before: str | None) -> tuple[Any, Any]:
        if not clicks:
            return dash.no_update, dash.no_update
        generation = store.newest()
        if generation is None or not (sql or "").strip():
            text = "Write a query, or take one of the examples."
            return dash.no_update, state("Nothing to run", text)
        # A viewer has one query at a time: another one ends the one before.
        queue.stop(before)
        try:
            return queue.add(sql or "", generation), state("Queued", "The query is on its way.")
        except QueueFullError as full:
            return None, state("Not run", str(full), is_failed=True)

    @app.callback(
        Input("sql-stop", "n_clicks"), State("sql-key", "data"), prevent_initial_call=True
    )
    def stop(clicks: int, key: str | None) -> None:
        if clicks:
            queue.stop(key)


def _add_polling(app: dash.Dash, queue: SqlQueue) -> None:
    @app.callback(
        Output("sql-result", "children"),
        Output("sql-looked", "data"),
        Input("sql-look", "data"),
        State("sql-key", "data"),
        prevent_initial_call=True,
    )
    def look(asked: int, key: str | None) -> tuple[Any, Any]:
        query = queue.get(key)
        if query is None:
            return dash.no_update, {"key": key, "is_done": True}
        looked = {"key": key, "is_done": query.stage == "done", "asked": asked}
        return show_query(query, queue.seconds), looked

    # No clock: the renderer drops the reply to a look once there is a newer one, so on a busy
    # machine, where a reply takes longer than the clock, no reply would ever be shown.
    app.clientside_callback(
        ClientsideFunction("sql", "lookAgain"),
        Output("sql-paced", "children"),
        Input("sql-key", "data"),
        Input("sql-looked", "data"),
    )


def _add_chart(app: dash.Dash, store: GenerationStore, queue: SqlQueue) -> None:
    @app.callback(
        Output("sql-chart", "children"),
        inputs={
            "chosen": {
                name: Input(f"sql-{name}", "value") for name in ("x", "y", "series", "kind")
            },
            "key": State("sql-key", "data"),
            "scheme": State("scheme", "data"),
        },
    )
    def draw(chosen: dict[str, Any], key: str | None, scheme: str | None) -> Any:
        query = queue.get(key)
        if ctx.triggered_id is None and not chosen["y"]:
            return None
        if query is None or not query.has_rows:
            return state("Not kept", GONE)
        axes = Axes(
            chosen["x"] or "", chosen["y"] or "", chosen["series"] or "", chosen["kind"] or "line"
        )
        generation = store.newest()
        theme = Theme.from_browser(scheme).with_members(generation.members if generation else ())
        return result_chart(read_rows(query), theme, axes)


def _add_downloads(server: Flask, queue: SqlQueue) -> None:
    @server.get("/download/sql.<kind>")
    def download_rows(kind: str) -> Response:
        query = queue.get(request.args.get("key"))
        if kind not in {"csv", "parquet"} or query is None or not query.has_rows:
            return Response(f"{GONE}\n", 410, mimetype="text/plain")
        simulated = "-simulated" if query.meta.is_simulated else ""
        name = f"sql-generation-{query.meta.generation}{simulated}.{kind}"
        if kind == "parquet":
            return send_file(
                query.out,
                mimetype="application/vnd.apache.parquet",
                as_attachment=True,
                download_name=name,
            )
        headers = {
            "Content-Disposition": f'attachment; filename="{name}"',
            "X-Citation": query.meta.citation.encode("ascii", "replace").decode(),
        }
        return Response(_csv(query), mimetype="text/csv; charset=utf-8", headers=headers)


def _csv(query: QueuedQuery) -> Iterator[str]:
    """Yield the rows in parts, so that a large download needs little memory."""
    for start in range(0, max(query.outcome.rows, 1), CSV_ROWS):
        part = pl.scan_parquet(query.out).slice(start, CSV_ROWS).collect()
        yield write_csv(part, include_header=start == 0)
