"""The simulator's control routes, which the real service lacks: clock, faults, request log.

GET, PUT /_simulator/now        {"now": "2026-06-20T08:00:00Z"}, null for real time
GET, PUT /_simulator/faults     a list of faults; PUT replaces them, [] switches all off
GET      /_simulator/requests   the requests so far, without their keys
"""

import json
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pipelines.simulator.api.dispatch import FAULT_KINDS, Dispatcher
from pipelines.simulator.clock import parse_instant
from pipelines.simulator.faults.plan import parse_faults
from pipelines.simulator.market_protocol import format_instant

CONTROL = "/_simulator"

ControlEndpoint = Callable[[Request], Awaitable[Response]]


def routes(dispatcher: Dispatcher) -> list[Route]:
    """List the control routes."""

    async def get_now(request: Request) -> Response:
        return JSONResponse({"now": format_instant(dispatcher.clock.now())})

    async def put_now(request: Request) -> Response:
        text = (await request.json())["now"]
        dispatcher.clock.set(None if text is None else parse_instant(text))
        return JSONResponse({"now": format_instant(dispatcher.clock.now())})

    async def put_faults(request: Request) -> Response:
        faults = parse_faults(await request.json(), FAULT_KINDS)
        dispatcher.faults.replace(faults)
        return JSONResponse({"faults": [fault.kind for fault in faults]})

    async def get_faults(request: Request) -> Response:
        return JSONResponse({"faults": [fault.kind for fault in dispatcher.faults.active()]})

    async def get_requests(request: Request) -> Response:
        return JSONResponse(list(dispatcher.requests))

    return [
        Route(f"{CONTROL}/now", get_now, methods=["GET"]),
        Route(f"{CONTROL}/now", _report_errors(put_now), methods=["PUT"]),
        Route(f"{CONTROL}/faults", get_faults, methods=["GET"]),
        Route(f"{CONTROL}/faults", _report_errors(put_faults), methods=["PUT"]),
        Route(f"{CONTROL}/requests", get_requests, methods=["GET"]),
    ]


def _report_errors(endpoint: ControlEndpoint) -> ControlEndpoint:
    """Respond to an unreadable request with 422 and the reason, not with 500."""

    async def reporting(request: Request) -> Response:
        try:
            return await endpoint(request)
        except (ValueError, KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
            return JSONResponse({"error": str(error)}, 422)

    return reporting
