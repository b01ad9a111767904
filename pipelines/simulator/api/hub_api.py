"""The Hub's list of models in pages, by a cursor in a `Link` header, and each model by its name."""

import base64
import json
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from pipelines.simulator.api.dispatch import Dispatcher
from pipelines.simulator.errors import InvalidRequest, JsonObject
from pipelines.simulator.faults.hub_faults import HUB_FAULTS, LINK_FAULTS, PAGE_FAULTS

PATH = "/api/models"
ALWAYS = frozenset({"_id", "id"})
MAX_LIMIT = 1000
RATE = '"api";r=499;t=300'


def routes(dispatcher: Dispatcher) -> list[Route]:
    """List the routes of the Hub."""
    return [
        dispatcher.route(PATH, models),
        dispatcher.route(f"{PATH}/{{account}}/{{name}}", model),
    ]


def models(dispatcher: Dispatcher, request: Request) -> Response:
    """Serve one page of the list; of each model only the fields that were asked for."""
    query = request.query_params
    rows = dispatcher.market.hub_models(
        dispatcher.clock.now(), query.get("pipeline_tag", "text-generation")
    )
    for fault in dispatcher.faults.take(HUB_FAULTS, request.url.path):
        rows = HUB_FAULTS[fault.kind](rows)
    limit, first = _limit(query.get("limit", "1000")), _first(query.get("cursor"))
    for fault in dispatcher.faults.take(PAGE_FAULTS, request.url.path):
        limit = min(limit, PAGE_FAULTS[fault.kind])
    fields = ALWAYS | set(query.getlist("expand[]"))
    page = [_expanded(row, fields) for row in rows[first : first + limit]]
    headers = {"RateLimit": RATE}
    if len(rows) > first + limit:
        link = _link(request, first + limit)
        for fault in dispatcher.faults.take(LINK_FAULTS, request.url.path):
            link = LINK_FAULTS[fault.kind](link, str(request.url))
        headers |= {"Link": link} if link else {}
    return Response(json.dumps(page), headers=headers, media_type="application/json")


def model(dispatcher: Dispatcher, request: Request) -> Response:
    """Serve one model; a name that it had before leads to the one that it has."""
    asked = "{account}/{name}".format(**request.path_params)
    row = dispatcher.market.hub_model(dispatcher.clock.now(), asked)
    if row["id"] != asked:
        return RedirectResponse(f"{PATH}/{row['id']}?{request.url.query}")
    fields = ALWAYS | set(request.query_params.getlist("expand[]"))
    return JSONResponse(_expanded(row, fields), headers={"RateLimit": RATE})


def _expanded(row: JsonObject, fields: set[str] | frozenset[str]) -> JsonObject:
    return {name: value for name, value in row.items() if name in fields}


def _limit(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= MAX_LIMIT:
        raise InvalidRequest(f"limit must be a number up to {MAX_LIMIT}")
    return int(text)


def _first(cursor: str | None) -> int:
    """Return the number of models before a page; the cursor means nothing to who asks."""
    if cursor is None:
        return 0
    try:
        return int(base64.urlsafe_b64decode(cursor.encode()))
    except ValueError as error:
        raise InvalidRequest("Invalid cursor") from error


def _link(request: Request, first: int) -> str:
    items = [pair for pair in request.query_params.multi_items() if pair[0] != "cursor"]
    cursor = base64.urlsafe_b64encode(str(first).encode()).decode()
    query = urlencode([*items, ("cursor", cursor)])
    root = f"{request.url.scheme}://{request.url.netloc}{PATH}"
    return f'<{root}?{query}>; rel="next"'
