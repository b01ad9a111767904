"""Connections that are held open: they make room, and a request ends in time."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx
import pytest
from support.dashboard.browser import running_server

from dashboards.web.server import MAX_CONNECTIONS, REQUEST_SECONDS, DashboardServer, make_server

HALF = b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nsec"


def page(_: dict[str, Any], start: Any) -> list[bytes]:
    start("200 OK", [("Content-Length", "4")])
    return [b"page"]


@contextmanager
def served(seconds: int = REQUEST_SECONDS) -> Iterator[DashboardServer]:
    """Serve one small page."""
    server = make_server(page, "127.0.0.1", 0)
    server.adj.channel_timeout = seconds
    with running_server(server):
        yield server


def connect(server: DashboardServer, first: bytes) -> socket.socket:
    opened = socket.create_connection(("127.0.0.1", int(server.effective_port)), 30)
    opened.sendall(first)
    return opened


def test_half_open_requests_silence_nobody() -> None:
    """More than there is room for: each new one is accepted, and a viewer is answered at once."""
    with served() as server, ExitStack() as held:
        for _ in range(MAX_CONNECTIONS + 130):
            held.enter_context(connect(server, HALF))
        began = time.monotonic()
        for _ in range(5):
            response = httpx.get(f"http://127.0.0.1:{server.effective_port}/", timeout=10)
            assert response.text == "page"
        assert time.monotonic() - began < 10
        assert len(server.active_channels) <= MAX_CONNECTIONS


@pytest.mark.parametrize("first", [b"", b"GET / HTTP/1.1\r\nX-", HALF])
def test_a_request_that_comes_byte_by_byte_is_ended(first: bytes) -> None:
    """A byte now and then does not keep it: it has so long, from its first byte."""
    with served(seconds=1) as server, connect(server, first) as slow:
        slow.settimeout(0.2)
        began = time.monotonic()
        while time.monotonic() - began < 15:
            try:
                if first:
                    slow.send(b"a")
                if not slow.recv(100):
                    break
            except TimeoutError:
                continue
            except OSError:
                break
        assert time.monotonic() - began < 10


def test_a_connection_is_kept_for_the_next_request() -> None:
    """Its clock begins again with each whole request."""
    with served(seconds=2) as server, httpx.Client() as client:
        for _ in range(4):
            url = f"http://127.0.0.1:{server.effective_port}/"
            assert client.post(url, content=b"x" * 1000).text == "page"
            time.sleep(0.8)
        assert len(server.active_channels) == 1
