"""Connections of a server on loopback that send a request byte by byte, or none."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from models.server.access.connections import BoundedConnection


class ImpatientConnection(BoundedConnection):
    """The same, for a test."""

    request_seconds = 0.8


@contextmanager
def served() -> Iterator[int]:
    """Serve a page that returns its body, and yield the port."""

    async def echo(request: Request) -> Response:
        return PlainTextResponse(await request.body())

    async def refuse(_: Request) -> Response:
        return PlainTextResponse("no", 403)

    app = Starlette(
        routes=[
            Route("/", echo, methods=["POST"]),
            Route("/refused", refuse, methods=["POST"]),
        ]
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(app, http=ImpatientConnection, log_level="critical")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        server.should_exit = True
        thread.join(10)


@pytest.mark.parametrize(
    "first",
    [
        b"",
        b"POST / HTTP/1.1\r\nX-",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n{",
        b"POST /refused HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n{",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\naPOST / HTTP/1.1\r\nX-",
    ],
    ids=["nothing", "head", "body", "body of a refused request", "second head"],
)
def test_a_request_that_does_not_end_is_ended(first: bytes) -> None:
    """Also where a byte comes now and then; uvicorn itself would keep all of these."""
    with served() as port, socket.create_connection(("127.0.0.1", port), 5) as client:
        client.sendall(first)
        client.settimeout(0.1)
        began = time.monotonic()
        while time.monotonic() - began < 4:
            try:
                if first:
                    client.send(b"a")
                if not client.recv(1000):
                    break
            except TimeoutError:
                continue
            except OSError:
                break
        assert time.monotonic() - began < 4


def test_whole_requests_are_answered_on_one_connection() -> None:
    """A connection may be open for longer than a request may take."""
    with served() as port, httpx.Client() as client:
        for _ in range(4):
            assert client.post(f"http://127.0.0.1:{port}/", content=b"x" * 9000).text == "x" * 9000
            time.sleep(0.4)
