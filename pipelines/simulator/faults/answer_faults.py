"""Faults in the answer as a whole, and in its bytes on the way to the client."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import datetime

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from pipelines.simulator.api.limits import MINUTE, day_spent, minute_spent
from pipelines.simulator.errors import ApiError, Unauthorized
from pipelines.simulator.faults.faults import PlannedFault

CHALLENGE = (
    "<!DOCTYPE html><html lang='en-US'><head><title>{title}</title></head>"
    "<body><h1>{title}</h1><p>Performance and security by a CDN. Ray ID: 8f00ba4</p></body></html>"
)
DRIPS = 20


def refusal(refused: ApiError) -> Response:
    """The answer a refusal becomes."""
    return JSONResponse(refused.body(), refused.status, refused.headers)


def html(request: Request, fault: PlannedFault, now: datetime) -> Response:
    """A CDN's page arrives with status 200."""
    return HTMLResponse(CHALLENGE.format(title="Just a moment..."))


def forbidden_html(request: Request, fault: PlannedFault, now: datetime) -> Response:
    """A CDN blocks the client."""
    return HTMLResponse(CHALLENGE.format(title="Attention Required!"), 403)


def unauthorized(request: Request, fault: PlannedFault, now: datetime) -> Response:
    """The key has been revoked."""
    return refusal(Unauthorized("User not found."))


def forbidden(request: Request, fault: PlannedFault, now: datetime) -> Response:
    """The key lacks a right."""
    return _error(403, "Only management keys can perform this operation")


def not_found(request: Request, fault: PlannedFault, now: datetime) -> Response:
    """The route is gone."""
    return _error(404, "Not Found")


def too_many_minute(request: Request, fault: PlannedFault, now: datetime) -> Response:
    """The minute's quota is spent."""
    return refusal(minute_spent(30, now + MINUTE, now))


def too_many_day(request: Request, fault: PlannedFault, now: datetime) -> Response:
    """The account's day is spent."""
    return refusal(day_spent(500, now))


def retry_after_only(request: Request, fault: PlannedFault, now: datetime) -> Response:
    """A 429 that says how long to wait and nothing else."""
    return JSONResponse(
        _body(429, "Rate limit exceeded"), 429, {"Retry-After": f"{fault.seconds or 1:g}"}
    )


def server_error(request: Request, fault: PlannedFault, now: datetime) -> Response:
    """The service breaks and masks why."""
    return _error(500, "Internal Server Error")


def zod_error(request: Request, fault: PlannedFault, now: datetime) -> Response:
    """A 400 without a numeric code, its report a JSON array inside a string."""
    report = '[\n  {\n    "code": "invalid_value",\n    "path": [],\n    "message": "Invalid option"\n  }\n]'
    return JSONResponse({"success": False, "error": {"name": "ZodError", "message": report}}, 400)


def echo_key(request: Request, fault: PlannedFault, now: datetime) -> Response:
    """A refusal repeats the Authorization header, which therefore must not be logged."""
    return _error(401, f"User not found. Authorization: {request.headers.get('authorization', '')}")


def _body(code: int, message: str) -> dict[str, object]:
    return {"error": {"code": code, "message": message}}


def _error(code: int, message: str) -> Response:
    return JSONResponse(_body(code, message), code)


ANSWER_FAULTS: dict[str, Callable[[Request, PlannedFault, datetime], Response]] = {
    fault.__name__: fault
    for fault in (
        html, forbidden_html, unauthorized, forbidden, not_found, too_many_minute, too_many_day,
        retry_after_only, server_error, zod_error, echo_key,
    )
}  # fmt: skip


def truncated_json(response: Response, fault: PlannedFault) -> Response:
    """A complete answer whose JSON was cut in half before it was sent."""
    headers = {name: value for name, value in response.headers.items() if name != "content-length"}
    return Response(bytes(response.body)[: len(response.body) // 2], response.status_code, headers)


def slow_body(response: Response, fault: PlannedFault) -> Response:
    """The bytes drip over `seconds`."""
    body, seconds = bytes(response.body), fault.seconds or 5.0
    size = max(1, -(-len(body) // DRIPS))

    async def drip() -> AsyncIterator[bytes]:
        for at in range(0, len(body), size):
            await asyncio.sleep(seconds / DRIPS)
            yield body[at : at + size]

    return StreamingResponse(drip(), response.status_code, dict(response.headers))


class DroppedConnection(Response):
    """Announces the whole answer and sends half of it; leaving it incomplete makes the server close the socket."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the first half, then leave."""
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
    """The connection ends in the middle of the answer."""
    return DroppedConnection(response.body, response.status_code, dict(response.headers))


BODY_FAULTS: dict[str, Callable[[Response, PlannedFault], Response]] = {
    "truncated_json": truncated_json, "slow_body": slow_body, "dropped_connection": dropped_connection,
}  # fmt: skip
