"""The stand-in's own routes, which the real service does not have: its clock, its faults and what it was asked."""

import json
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pipelines.simulator.api.dispatch import FAULT_KINDS, Dispatcher
from pipelines.simulator.clock import parse_instant
from pipelines.simulator.faults.faults import parse_faults
from pipelines.simulator.market_protocol import iso_ms


def routes(desk: Dispatcher) -> list[Route]:
    """All control routes."""

    async def get_now(request: Request) -> Response:
        return JSONResponse({"now": iso_ms(desk.clock.now())})

    async def put_now(request: Request) -> Response:
        text = (await request.json())["now"]
        desk.clock.set(None if text is None else parse_instant(text))
        return JSONResponse({"now": iso_ms(desk.clock.now())})

    async def put_faults(request: Request) -> Response:
        faults = parse_faults(await request.json(), FAULT_KINDS)
        desk.faults.replace(faults)
        return JSONResponse({"faults": [fault.kind for fault in faults]})

    async def get_faults(request: Request) -> Response:
        return JSONResponse({"faults": [fault.kind for fault in desk.faults.active()]})

    async def get_requests(request: Request) -> Response:
        return JSONResponse(list(desk.requests))

    return [
        Route("/_simulator/now", get_now, methods=["GET"]),
        Route("/_simulator/now", _checked(put_now), methods=["PUT"]),
        Route("/_simulator/faults", get_faults, methods=["GET"]),
        Route("/_simulator/faults", _checked(put_faults), methods=["PUT"]),
        Route("/_simulator/requests", get_requests, methods=["GET"]),
    ]


def _checked(
    endpoint: Callable[[Request], Awaitable[Response]],
) -> Callable[[Request], Awaitable[Response]]:
    """An unreadable order is answered with what is wrong in it, not with a broken server."""

    async def checked(request: Request) -> Response:
        try:
            return await endpoint(request)
        except (ValueError, KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
            return JSONResponse({"error": str(error)}, 422)

    return checked
