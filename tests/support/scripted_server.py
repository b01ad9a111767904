"""A real server on loopback with scripted responses, which records the requests it received."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pipelines.simulator.api.serve import serve_in_thread

EMPTY_LIST: dict[str, list[object]] = {"data": []}
Responder = Callable[[Request], Response]


@dataclass(frozen=True)
class ReceivedRequest:
    """One request as it arrived."""

    path: str
    query: str
    headers: dict[str, str]
    at: float


@dataclass
class ScriptedServer:
    """Scripted responses in order, the last one repeated, and the requests received so far."""

    url: str = ""
    responders: list[Responder] = field(default_factory=list)
    received: list[ReceivedRequest] = field(default_factory=list)

    def respond_with(self, *responders: Responder) -> None:
        """Replace the script."""
        self.responders = list(responders)

    def respond(self, request: Request) -> Response:
        """Record the request and return the next response."""
        self.received.append(
            ReceivedRequest(
                request.url.path, request.url.query, dict(request.headers), time.monotonic()
            )
        )
        is_last = len(self.responders) == 1
        responder = self.responders[0] if is_last else self.responders.pop(0)
        return responder(request)


def json_response(status: int = 200, body: object = EMPTY_LIST, **headers: str) -> Responder:
    """Respond with JSON; the header `Retry_After` is sent as `Retry-After`."""
    return lambda request: JSONResponse(
        body, status, {name.replace("_", "-"): value for name, value in headers.items()}
    )


def bytes_response(body: bytes, status: int = 200, **headers: str) -> Responder:
    """Respond with these bytes."""
    return lambda request: Response(
        body, status, {name.replace("_", "-"): value for name, value in headers.items()}
    )


@contextmanager
def scripted_server(*responders: Responder) -> Iterator[ScriptedServer]:
    """Run the server while the `with` lasts; by default it responds well to everything."""
    server = ScriptedServer(responders=list(responders or [json_response()]))

    async def endpoint(request: Request) -> Response:
        return server.respond(request)

    with serve_in_thread(Starlette(routes=[Route("/{path:path}", endpoint)])) as url:
        server.url = url
        yield server
