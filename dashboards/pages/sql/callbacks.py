"""What happens on the SQL page: a query is put in the queue, looked after until it is done, shown, drawn and downloaded.

Run ─▶ key ─▶ a look every so often ─▶ waiting | running | rows | an error, as DuckDB says it
"""

from collections.abc import Iterator
from typing import Any

import dash
import polars as pl
from dash import ClientsideFunction, Input, Output, State, ctx
from flask import Flask, Response, request, send_file

from dashboards.components import cards
from dashboards.components.grid import flat
from dashboards.components.theme import Look
from dashboards.generations import Published, Sources
from dashboards.pages.sql import figures, result
from dashboards.pages.sql.queue import Asked, QueueFullError, SqlQueue

LOOK_MS = 400
CSV_ROWS = 50_000
CHOICES = ("x", "y", "series", "kind")


def register(app: dash.Dash, published: Published, sources: Sources) -> None:
    """Add the page's callbacks and downloads."""
    queue = SqlQueue(sources.run_sql)
    _add_asking(app, published, queue)
    _add_looking(app, queue)
    _add_drawing(app, queue)
    _add_downloads(app.server, queue)


def _add_asking(app: dash.Dash, published: Published, queue: SqlQueue) -> None:
    @app.callback(
        Output("sql-key", "data"),
        Output("sql-result", "children", allow_duplicate=True),
        Input("sql-run", "n_clicks"),
        State("sql-text", "value"),
        State("sql-key", "data"),
        prevent_initial_call="initial_duplicate",
    )
    def ask(clicks: int, sql: str | None, before: str | None) -> tuple[Any, Any]:
        if not clicks:
            return dash.no_update, dash.no_update
        generation = published.newest()
        if generation is None or not (sql or "").strip():
            return dash.no_update, cards.state(
                "Nothing was asked", "Write a query, or take one of the examples."
            )
        # A viewer has one query at a time: who asks again gives up the one before.
        queue.stop(before)
        try:
            return queue.ask(sql or "", generation), cards.state(
                "Asked", "The query is on its way."
            )
        except QueueFullError as full:
            return None, cards.state("Not run", str(full), is_failed=True)

    @app.callback(
        Input("sql-stop", "n_clicks"), State("sql-key", "data"), prevent_initial_call=True
    )
    def stop(clicks: int, key: str | None) -> None:
        if clicks:
            queue.stop(key)


def _add_looking(app: dash.Dash, queue: SqlQueue) -> None:
    @app.callback(
        Output("sql-result", "children"),
        Output("sql-done", "data"),
        Input("sql-clock", "n_intervals"),
        State("sql-key", "data"),
        State("scheme", "data"),
        prevent_initial_call=True,
    )
    def look(_: int, key: str | None, scheme: str | None) -> tuple[Any, Any]:
        asked = queue.look(key)
        if asked is None:
            return dash.no_update, key
        return result.shown(
            asked, _look(scheme), queue.seconds
        ), key if asked.stage == "done" else dash.no_update

    # The clock stops for the query that is done, not for an answer that was under way when the next one was asked.
    app.clientside_callback(
        ClientsideFunction("sql", "idle"),
        Output("sql-clock", "disabled"),
        Input("sql-key", "data"),
        Input("sql-done", "data"),
    )


def _add_drawing(app: dash.Dash, queue: SqlQueue) -> None:
    @app.callback(
        Output("sql-chart", "children"),
        *[Input(f"sql-{name}", "value") for name in CHOICES],
        State("sql-key", "data"),
        State("scheme", "data"),
    )
    def draw(
        x: str | None,
        y: str | None,
        series: str | None,
        kind: Any,
        key: str | None,
        scheme: str | None,
    ) -> Any:
        asked = queue.look(key)
        if ctx.triggered_id is None and not y:
            return None
        if asked is None or not _has_rows(asked):
            return cards.state("Not kept", "That result is no longer kept. Run the query again.")
        return result.drawn(
            result.read(asked),
            _look(scheme),
            figures.Choice(x or "", y or "", series or "", kind or "line"),
        )


def _add_downloads(server: Flask, queue: SqlQueue) -> None:
    @server.get("/download/sql.<kind>")
    def sql_rows(kind: str) -> Response:
        asked = queue.look(request.args.get("key"))
        if kind not in {"csv", "parquet"} or asked is None or not _has_rows(asked):
            return Response(
                "That result is no longer kept. Run the query again.\n", 410, mimetype="text/plain"
            )
        name = f"sql-generation-{asked.meta.generation}{'-simulated' if asked.meta.is_simulated else ''}.{kind}"
        if kind == "parquet":
            return send_file(
                asked.out,
                mimetype="application/vnd.apache.parquet",
                as_attachment=True,
                download_name=name,
            )
        cited = asked.meta.citation.encode("ascii", "replace").decode()
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Citation": cited}
        return Response(_csv(asked), mimetype="text/csv; charset=utf-8", headers=headers)


def _csv(asked: Asked) -> Iterator[str]:
    """The rows some at a time, so that a large download needs little memory."""
    for start in range(0, max(asked.outcome.rows, 1), CSV_ROWS):
        yield flat(pl.scan_parquet(asked.out).slice(start, CSV_ROWS).collect()).write_csv(
            include_header=start == 0
        )


def _has_rows(asked: Asked) -> bool:
    return asked.stage == "done" and not asked.outcome.error and asked.out.exists()


def _look(scheme: str | None) -> Look:
    return Look("dark" if scheme == "dark" else "light")
