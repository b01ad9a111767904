"""A real server on loopback that says what a test tells it to, request by request, and remembers what it was asked."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pipelines.simulator.api.serve import running

GOOD: dict[str, list[object]] = {"data": []}
Reply = Callable[[Request], Response]


@dataclass(frozen=True)
class Heard:
    """One request as it arrived."""

    path: str
    query: str
    headers: dict[str, str]
    at: float


@dataclass
class Script:
    """What the server says next, in this order; the last reply stands for all that follow."""

    url: str = ""
    replies: list[Reply] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)

    def says(self, *replies: Reply) -> None:
        """From now on it says this."""
        self.replies = list(replies)

    def answer(self, request: Request) -> Response:
        """The next reply."""
        self.heard.append(
            Heard(request.url.path, request.url.query, dict(request.headers), time.monotonic())
        )
        return (self.replies.pop(0) if len(self.replies) > 1 else self.replies[0])(request)


def reply(status: int = 200, body: object = GOOD, **headers: str) -> Reply:
    """A JSON answer, made anew for each request; `Retry_After` is sent as `Retry-After`."""
    return lambda request: JSONResponse(
        body, status, {name.replace("_", "-"): value for name, value in headers.items()}
    )


def raw(body: bytes, status: int = 200, **headers: str) -> Reply:
    """An answer of these bytes."""
    return lambda request: Response(
        body, status, {name.replace("_", "-"): value for name, value in headers.items()}
    )


@contextmanager
def scripted_server(*replies: Reply) -> Iterator[Script]:
    """The server, for as long as the `with` lasts; without replies it gives a good one to everything."""
    script = Script(replies=list(replies or [reply()]))

    async def endpoint(request: Request) -> Response:
        return script.answer(request)

    with running(Starlette(routes=[Route("/{path:path}", endpoint)])) as url:
        script.url = url
        yield script
