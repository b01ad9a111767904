"""Measures of quality at their addresses: leaderboards as Parquet, the index as CSV.

As at the real host, a leaderboard's address names another one, which has the bytes.
"""

import csv
import io

import polars as pl
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from pipelines.simulator.api.dispatch import Dispatcher
from pipelines.simulator.api.exports_api import tagged_response
from pipelines.simulator.errors import JsonObject, NotFound
from pipelines.simulator.faults.quality_faults import QUALITY_FAULTS

DATASET = "/datasets/lmarena-ai/leaderboard-dataset/resolve/main/{leaderboard}/{name}"
STORE = "/storage/leaderboard-dataset/{leaderboard}/{name}"
INDEX = "/data/eci_scores.csv"
FILES = {"latest-00000-of-00001.parquet": False, "full-00000-of-00001.parquet": True}
PARQUET = "application/vnd.apache.parquet"


def routes(dispatcher: Dispatcher) -> list[Route]:
    """List the routes of leaderboards and index."""
    return [
        dispatcher.route(DATASET, stored_elsewhere),
        dispatcher.route(STORE, leaderboard),
        dispatcher.route(INDEX, index),
    ]


def stored_elsewhere(dispatcher: Dispatcher, request: Request) -> Response:
    """Name the address that has the bytes of a leaderboard."""
    return RedirectResponse(STORE.format(**request.path_params))


def leaderboard(dispatcher: Dispatcher, request: Request) -> Response:
    """Serve the newest publication of a leaderboard, or all of them."""
    leaderboard, name = str(request.path_params["leaderboard"]), str(request.path_params["name"])
    if name not in FILES:
        raise NotFound
    rows = dispatcher.market.leaderboard(leaderboard, dispatcher.clock.now(), is_whole=FILES[name])
    file = io.BytesIO()
    pl.DataFrame(_changed(dispatcher, request, rows)).write_parquet(file)
    return tagged_response(request, file.getvalue(), PARQUET)


def index(dispatcher: Dispatcher, request: Request) -> Response:
    """Serve the index as it was last fitted."""
    rows = _changed(dispatcher, request, dispatcher.market.index_scores(dispatcher.clock.now()))
    file = io.StringIO()
    writer = csv.DictWriter(file, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return tagged_response(request, file.getvalue().encode(), "text/csv; charset=utf-8")


def _changed(dispatcher: Dispatcher, request: Request, rows: list[JsonObject]) -> list[JsonObject]:
    for fault in dispatcher.faults.take(QUALITY_FAULTS, request.url.path):
        rows = QUALITY_FAULTS[fault.kind](rows)
    return rows
