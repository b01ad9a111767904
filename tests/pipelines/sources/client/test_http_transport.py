"""Upstreams that are not there, drop the connection or do not speak HTTP."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import Response
from support.scripted_server import ScriptedServer, bytes_response
from support.simulator import FAST_RETRIES, KEY
from support.sources import MODELS

from pipelines.archive import Answer, Archive
from pipelines.errors import BrokenOff, SourceUnreachable
from pipelines.settings import Settings
from pipelines.sources.client.http import SourceClient

ONCE = replace(FAST_RETRIES, attempts=1)


@pytest.fixture
def client(settings: Settings) -> Iterator[SourceClient]:
    """Yield a client that does not retry."""
    with closing(SourceClient(settings, "run-1", ONCE)) as client:
        yield client


def archived(settings: Settings) -> list[Answer]:
    return list(Archive(settings.archive).answers())


@contextmanager
def raw_server(sent: bytes) -> Iterator[str]:
    """Serve these bytes on every connection, HTTP or not, and hang up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65536)
                    connection.sendall(sent)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/api/v1"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def test_a_refused_connection_is_unreachable(tmp_path: Path) -> None:
    """The message names the host and the setting; there is no answer to keep."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    settings = Settings(tmp_path / "home", f"http://127.0.0.1:{port}/api/v1", KEY)
    with (
        closing(SourceClient(settings, "run-1", FAST_RETRIES)) as client,
        pytest.raises(SourceUnreachable) as caught,
    ):
        client.ask(MODELS, "/models")
    assert str(caught.value).startswith("127.0.0.1 cannot be reached (")
    assert str(caught.value).endswith("Check the network, or TOKENTIDE_OPENROUTER_URL.")
    assert archived(settings) == []


def test_an_unknown_host_is_unreachable(tmp_path: Path) -> None:
    """The message names the host."""
    settings = Settings(tmp_path / "home", "http://no-such-host.invalid/api/v1", KEY)
    with (
        closing(SourceClient(settings, "run-1", ONCE)) as client,
        pytest.raises(SourceUnreachable, match=r"no-such-host\.invalid cannot be reached"),
    ):
        client.ask(MODELS, "/models")


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        f"Bearer {KEY} is what you said\r\n\r\n".encode(),
        f"HTTP/1.1 200 OK\r\nno header {KEY}\r\n\r\n".encode(),
        f"HTTP/1.1 200 OK\r\nContent-Length: {KEY}\r\n\r\n{{}}".encode(),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + f"{KEY}\r\n".encode(),
        b"\x16\x03\x01" + b"\x00" * 50,
    ],
)
def test_a_response_that_is_not_http_is_broken_off(settings: Settings, sent: bytes) -> None:
    """Even a server that echoes the request cannot get the key into the message."""
    with (
        raw_server(sent) as url,
        closing(SourceClient(replace(settings, openrouter_url=url), "run-1", ONCE)) as client,
        pytest.raises(BrokenOff) as caught,
    ):
        client.ask(MODELS, "/models")
    assert KEY not in str(caught.value)
    assert all(KEY not in json.dumps([answer.error, answer.etag]) for answer in archived(settings))


def test_a_dropped_connection_is_broken_off(
    server: ScriptedServer, settings: Settings, client: SourceClient
) -> None:
    """Half an answer is kept and never used."""

    class Half(Response):
        async def __call__(self, scope: object, receive: object, send: object) -> None:
            await send(
                {
                    "type": "http.response.start",
                    "status": 200,
                    "headers": [(b"content-length", b"1000")],
                }
            )  # type: ignore[operator]
            await send({"type": "http.response.body", "body": b'{"data":[]}', "more_body": True})  # type: ignore[operator]

    def half(request: Request) -> Response:
        return Half()

    server.respond_with(half)
    with pytest.raises(BrokenOff, match="the answer broke off after 11 bytes"):
        client.ask(MODELS, "/models")
    assert [(answer.status, answer.bytes) for answer in archived(settings)] == [(200, 11)]


def test_an_answer_that_cannot_be_unpacked_is_broken_off(
    server: ScriptedServer, settings: Settings, client: SourceClient
) -> None:
    """It is kept with the error."""
    server.respond_with(bytes_response(b"this is no gzip", Content_Encoding="gzip"))
    with pytest.raises(BrokenOff, match="broke off after 0 bytes"):
        client.ask(MODELS, "/models")
    assert [answer.status for answer in archived(settings)] == [200]


def test_a_server_that_accepts_and_sends_nothing_is_broken_off(settings: Settings) -> None:
    """There is no answer to keep; the message names host and path."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/api/v1"
        retry_policy = replace(ONCE, read=0.3)
        with (
            closing(
                SourceClient(replace(settings, openrouter_url=url), "run-1", retry_policy)
            ) as client,
            pytest.raises(BrokenOff) as caught,
        ):
            client.ask(MODELS, "/models")
    assert str(caught.value).startswith("127.0.0.1 gave no answer to /api/v1/models (")
    assert archived(settings) == []
