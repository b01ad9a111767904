"""Faults in the whole response, and in its bytes on the way to the client."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from pipelines.simulator.errors import (
    ApiError,
    InvalidChoice,
    Unauthorized,
    day_limit_error,
    minute_limit_error,
)
from pipelines.simulator.faults.plan import PlannedFault

CHALLENGE = (
    "<!DOCTYPE html><html lang='en-US'><head><title>{title}</title></head>"
    "<body><h1>{title}</h1><p>Performance and security by a CDN. Ray ID: 8f00ba4</p></body></html>"
)
BODY_PARTS = 20


def error_response(error: ApiError) -> Response:
    """Convert an error to its response."""
    return JSONResponse(error.body(), error.status, error.headers)


def html(request: Request, fault: PlannedFault, now: datetime) -> Response:
    """Respond with a CDN's page and status 200."""
    return HTMLResponse(CHALLENGE.format(title="Just a moment..."))


def forbidden_html(request: Request, fault: PlannedFault, now: datetime) -> Response:
    """Respond as a CDN that blocks the client."""
    return HTMLResponse(CHALLENGE.format(title="Attention Required!"), 403)


def unauthorized(request: Request, fault: PlannedFault, now: datetime) -> Response:
    """Refuse the key as revoked."""
    return error_response(Unauthorized("User not found."))


def forbidden(request: Request, fault: PlannedFault, now: datetime) -> Response:
    """Refuse the key for lack of a permission."""
    return _error(403, "Only management keys can perform this operation")


def not_found(request: Request, fault: PlannedFault, now: datetime) -> Response:
    """Respond as if the route were gone."""
    return _error(404, "Not Found")


def too_many_minute(request: Request, fault: PlannedFault, now: datetime) -> Response:
    """Refuse because the quota of the minute is used up."""
    return error_response(minute_limit_error(30, now + timedelta(minutes=1), now))


def too_many_day(request: Request, fault: PlannedFault, now: datetime) -> Response:
    """Refuse because the account's quota of the day is used up."""
    return error_response(day_limit_error(500, now))


def retry_after_only(request: Request, fault: PlannedFault, now: datetime) -> Response:
    """Send a 429 that says how long to wait and nothing else."""
    return JSONResponse(
        _body(429, "Rate limit exceeded"), 429, {"Retry-After": f"{fault.seconds or 1:g}"}
    )


def server_error(request: Request, fault: PlannedFault, now: datetime) -> Response:
    """Fail with a masked reason."""
    return _error(500, "Internal Server Error")


def zod_error(request: Request, fault: PlannedFault, now: datetime) -> Response:
    """Send a 400 without a numeric code; its report is a JSON array in a string."""
    issue = {"code": "invalid_value", "path": [], "message": "Invalid option"}
    return error_response(InvalidChoice(json.dumps([issue], indent=2)))


def echo_key(request: Request, fault: PlannedFault, now: datetime) -> Response:
    """Refuse with the Authorization header in the text, which must therefore not be logged."""
    return _error(401, f"User not found. Authorization: {request.headers.get('authorization', '')}")


def _body(code: int, message: str) -> dict[str, object]:
    return {"error": {"code": code, "message": message}}


def _error(code: int, message: str) -> Response:
    return JSONResponse(_body(code, message), code)


RESPONSE_FAULTS: dict[str, Callable[[Request, PlannedFault, datetime], Response]] = {
    fault.__name__: fault
    for fault in (
        html,
        forbidden_html,
        unauthorized,
        forbidden,
        not_found,
        too_many_minute,
        too_many_day,
        retry_after_only,
        server_error,
        zod_error,
        echo_key,
    )
}


def truncated_json(response: Response, fault: PlannedFault) -> Response:
    """Cut the JSON in half; the HTTP response itself is complete."""
    headers = {name: value for name, value in response.headers.items() if name != "content-length"}
    return Response(bytes(response.body)[: len(response.body) // 2], response.status_code, headers)


def slow_body(response: Response, fault: PlannedFault) -> Response:
    """Send the body in small parts over `seconds`."""
    body, seconds = bytes(response.body), fault.seconds or 5.0
    size = max(1, -(-len(body) // BODY_PARTS))

    async def send_parts() -> AsyncIterator[bytes]:
        for at in range(0, len(body), size):
            await asyncio.sleep(seconds / BODY_PARTS)
            yield body[at : at + size]

    return StreamingResponse(send_parts(), response.status_code, dict(response.headers))


class DroppedConnection(Response):
    """A response that announces its whole body and sends half, so the server closes the socket."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the first half and stop."""
        await send(
            {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        )
        await send(
            {
                "type": "http.response.body",
                "body": bytes(self.body)[: len(self.body) // 2],
                "more_body": True,
            }
        )


def dropped_connection(response: Response, fault: PlannedFault) -> Response:
    """End the connection in the middle of the body."""
    return DroppedConnection(response.body, response.status_code, dict(response.headers))


BODY_FAULTS: dict[str, Callable[[Response, PlannedFault], Response]] = {
    "truncated_json": truncated_json,
    "slow_body": slow_body,
    "dropped_connection": dropped_connection,
}
