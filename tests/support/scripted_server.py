"""A real server on loopback that says what a test tells it to, request by request, and remembers what it was asked."""

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
    """What the server says next, in this order; the last reply stands for all that follow."""

    url: str = ""
    replies: list[Responder] = field(default_factory=list)
    received: list[ReceivedRequest] = field(default_factory=list)

    def respond_with(self, *replies: Responder) -> None:
        """From now on it says this."""
        self.replies = list(replies)

    def answer(self, request: Request) -> Response:
        """The next reply."""
        self.received.append(
            ReceivedRequest(
                request.url.path, request.url.query, dict(request.headers), time.monotonic()
            )
        )
        return (self.replies.pop(0) if len(self.replies) > 1 else self.replies[0])(request)


def json_response(status: int = 200, body: object = EMPTY_LIST, **headers: str) -> Responder:
    """A JSON answer, made anew for each request; `Retry_After` is sent as `Retry-After`."""
    return lambda request: JSONResponse(
        body, status, {name.replace("_", "-"): value for name, value in headers.items()}
    )


def bytes_response(body: bytes, status: int = 200, **headers: str) -> Responder:
    """An answer of these bytes."""
    return lambda request: Response(
        body, status, {name.replace("_", "-"): value for name, value in headers.items()}
    )


@contextmanager
def scripted_server(*replies: Responder) -> Iterator[ScriptedServer]:
    """The server, for as long as the `with` lasts; without replies it gives a good one to everything."""
    script = ScriptedServer(replies=list(replies or [json_response()]))

    async def endpoint(request: Request) -> Response:
        return script.answer(request)

    with serve_in_thread(Starlette(routes=[Route("/{path:path}", endpoint)])) as url:
        script.url = url
        yield script
