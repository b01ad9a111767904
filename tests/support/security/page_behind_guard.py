"""A small page with a WebSocket behind the guard, on a real server."""

from collections.abc import Iterator
from contextlib import contextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from support.inference.http_server import serve_app

from pipelines.supervision.page_guard import PageGuard


@contextmanager
def guarded_page(secret: str | None = None) -> Iterator[str]:
    """Serve a page that agrees to everything, and yield its address."""

    async def agree(_: Request) -> Response:
        return PlainTextResponse("done")

    async def talk(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text("done")
        await socket.close()

    methods = ["GET", "POST"]
    routes = [
        WebSocketRoute("/graphql", talk),
        Route("/{path:path}", agree, methods=methods),
    ]
    with serve_app(PageGuard(Starlette(routes=routes), secret)) as url:
        yield url
