"""The client against an upstream that is slow, endless, hostile or not there: every request ends, in time and in size."""

import asyncio
import gzip
import json
import socket
import threading
import time
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import zstandard
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from support.scripted_server import Responder, ScriptedServer, bytes_response
from support.simulator import FAST_RETRIES, KEY
from support.sources import MODELS

from pipelines.archive import Answer, Archive
from pipelines.errors import BadAnswer, BrokenOff, SourceUnreachable
from pipelines.settings import Settings
from pipelines.sources.http import MAX_BODY, SourceClient

ONCE = replace(FAST_RETRIES, attempts=1)
MIB = 1024 * 1024


@pytest.fixture
def client(settings: Settings) -> Iterator[SourceClient]:
    with closing(SourceClient(settings, "run-1", ONCE)) as client:
        yield client


def kept(settings: Settings) -> list[Answer]:
    return list(Archive(settings.archive).answers())


def dripping(pieces: int, seconds: float) -> Responder:
    """So many pieces of one byte, with a pause before each that is shorter than the longest silence allowed."""

    async def drip() -> AsyncIterator[bytes]:
        for _ in range(pieces):
            await asyncio.sleep(seconds)
            yield b" "

    return lambda request: StreamingResponse(drip(), media_type="application/json")


@contextmanager
def plain_server(said: bytes) -> Iterator[str]:
    """A server that says these bytes to every connection, whether they are HTTP or not, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65536)
                    connection.sendall(said)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/api/v1"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


# Time.


def test_a_dripping_answer_ends_when_its_time_is_up(
    server: ScriptedServer, settings: Settings
) -> None:
    """Though no silence is too long; what came until then is kept, with the reason why it is not the whole."""
    server.respond_with(dripping(100, 0.1))
    started = time.monotonic()
    with (
        closing(SourceClient(settings, "run-1", replace(ONCE, whole=0.8))) as client,
        pytest.raises(BrokenOff, match=r"not complete after 0\.8 s"),
    ):
        client.ask(MODELS, "/models")
    assert 0.8 <= time.monotonic() - started < 2.5
    [answer] = kept(settings)
    assert answer.error == "the answer was not complete after 0.8 s"
    assert set(Archive(settings.archive).read(answer.sha256)) == {ord(" ")}


def test_a_silent_upstream_is_not_waited_for(server: ScriptedServer, settings: Settings) -> None:
    """Neither before the answer begins nor in its middle."""

    async def stall() -> AsyncIterator[bytes]:
        yield b'{"data":'
        await asyncio.sleep(5)

    server.respond_with(lambda request: StreamingResponse(stall()))
    started = time.monotonic()
    with (
        closing(SourceClient(settings, "run-1", replace(ONCE, read=0.5))) as client,
        pytest.raises(BrokenOff, match="broke off after 8 bytes"),
    ):
        client.ask(MODELS, "/models")
    assert time.monotonic() - started < 2.5
    assert [answer.bytes for answer in kept(settings)] == [8]


def test_a_server_that_accepts_and_says_nothing_is_broken_off(settings: Settings) -> None:
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
    assert kept(settings) == []


# Size.


def test_an_endless_answer_is_cut(
    server: ScriptedServer, settings: Settings, client: SourceClient
) -> None:
    """The client hangs up at 64 MiB; the upstream cannot fill memory or disk."""

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(500):
            await asyncio.sleep(0)
            yield b" " * MIB

    server.respond_with(lambda request: StreamingResponse(endless()))
    with pytest.raises(BadAnswer, match="/models: the answer is larger than 64 MiB"):
        client.ask(MODELS, "/models")
    assert kept(settings)[0].bytes == MAX_BODY == 64 * MIB


def gzip_bomb(unpacked_mib: int) -> bytes:
    """A gzip stream that grows a thousandfold: one compressed MiB of blanks, said again and again."""
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    start = packer.compress(b" " * MIB) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(b" " * MIB) + packer.flush(zlib.Z_FULL_FLUSH)
    return start + again * (unpacked_mib - 1)


def test_a_compressed_bomb_is_cut(server: ScriptedServer, settings: Settings) -> None:
    """The limit is on the bytes that come out, not on those that were sent; what is too large once is not asked for again."""
    bomb = gzip_bomb(1024)
    assert len(bomb) < 2 * MIB
    server.respond_with(bytes_response(bomb, Content_Encoding="gzip"))
    with (
        closing(SourceClient(settings, "run-1", FAST_RETRIES)) as client,
        pytest.raises(BadAnswer, match="larger than 64 MiB"),
    ):
        client.ask(MODELS, "/models")
    assert len(server.received) == 1
    [answer] = kept(settings)
    assert (answer.bytes, answer.error) == (MAX_BODY, "the answer is larger than 64 MiB")
    assert sum(path.stat().st_size for path in settings.archive.rglob("*.zst")) < MIB


@pytest.mark.parametrize("packing", ["zstd", "gzip, gzip", "br", "deflate", "unheard-of"])
def test_only_the_packing_that_was_asked_for_is_unpacked(
    server: ScriptedServer, settings: Settings, client: SourceClient, packing: str
) -> None:
    """In zstd, or gzip in gzip, a few kilobytes could fill the memory before anyone counts; so gzip, once, is all that is accepted."""
    server.respond_with(
        bytes_response(
            zstandard.ZstdCompressor().compress(b" " * 200 * MIB), Content_Encoding=packing
        )
    )
    with pytest.raises(BrokenOff, match="packed in a way that was not asked for"):
        client.ask(MODELS, "/models")
    assert server.received[0].headers["accept-encoding"] == "gzip"
    assert [answer.bytes for answer in kept(settings)] == [0]


# Shape.


@pytest.mark.parametrize(
    "body",
    [b"[" * 200_000, b'{"a":' * 200_000, b'{"data":' + b"[" * 100_000 + b"]" * 100_000 + b"}"],
)
def test_deep_nesting_is_a_bad_answer(
    server: ScriptedServer, client: SourceClient, body: bytes
) -> None:
    """A body that would overflow the parser's stack is an answer like any other that is not JSON."""
    server.respond_with(bytes_response(body))
    with pytest.raises(BadAnswer, match="is not JSON"):
        client.ask(MODELS, "/models")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"1e999",
        b"\xff\xfe",
        b"\xef\xbb\xbf{}x",
        b'{"a":1}{"b":2}',
        b"9" * 10_000,
    ],
)
def test_what_is_not_one_json_object_is_a_bad_answer(
    server: ScriptedServer, client: SourceClient, body: bytes
) -> None:
    """Only an object can be read further."""
    server.respond_with(bytes_response(body))
    with pytest.raises(BadAnswer):
        client.ask(MODELS, "/models")


def test_a_compressed_answer_is_kept_unpacked(
    server: ScriptedServer, settings: Settings, client: SourceClient
) -> None:
    """The archive holds what was said, however it travelled."""
    server.respond_with(bytes_response(gzip.compress(b'{"data":[1]}'), Content_Encoding="gzip"))
    assert Archive(settings.archive).read(client.ask(MODELS, "/models").sha256) == b'{"data":[1]}'


def test_an_answer_that_cannot_be_unpacked_is_broken_off(
    server: ScriptedServer, settings: Settings, client: SourceClient
) -> None:
    """And is kept with its fault."""
    server.respond_with(bytes_response(b"this is no gzip", Content_Encoding="gzip"))
    with pytest.raises(BrokenOff, match="broke off after 0 bytes"):
        client.ask(MODELS, "/models")
    assert [answer.status for answer in kept(settings)] == [200]


# Not there, or not HTTP.


def test_a_refused_connection_is_unreachable(tmp_path: Path) -> None:
    """The message names the host and what to look at; there is no answer to keep."""
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
    assert kept(settings) == []


def test_a_host_that_does_not_exist_is_unreachable(tmp_path: Path) -> None:
    """A name that nobody knows is named."""
    settings = Settings(tmp_path / "home", "http://no-such-host.invalid/api/v1", KEY)
    with (
        closing(SourceClient(settings, "run-1", ONCE)) as client,
        pytest.raises(SourceUnreachable, match=r"no-such-host\.invalid cannot be reached"),
    ):
        client.ask(MODELS, "/models")


@pytest.mark.parametrize(
    "said",
    [
        b"",
        f"Bearer {KEY} is what you said\r\n\r\n".encode(),
        f"HTTP/1.1 200 OK\r\nno header {KEY}\r\n\r\n".encode(),
        f"HTTP/1.1 200 OK\r\nContent-Length: {KEY}\r\n\r\n{{}}".encode(),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + f"{KEY}\r\n".encode(),
        b"\x16\x03\x01" + b"\x00" * 50,
    ],
)
def test_what_is_not_http_is_broken_off_and_repeats_no_key(settings: Settings, said: bytes) -> None:
    """The message says that the connection broke off; even a server that echoes the request cannot bring the key into it."""
    with (
        plain_server(said) as url,
        closing(SourceClient(replace(settings, openrouter_url=url), "run-1", ONCE)) as client,
        pytest.raises(BrokenOff) as caught,
    ):
        client.ask(MODELS, "/models")
    assert KEY not in str(caught.value)
    assert all(KEY not in json.dumps([answer.error, answer.etag]) for answer in kept(settings))


def test_a_connection_that_drops_in_the_middle_is_broken_off(
    server: ScriptedServer, settings: Settings, client: SourceClient
) -> None:
    """Half an answer is kept and never believed."""

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
    assert [(answer.status, answer.bytes) for answer in kept(settings)] == [(200, 11)]
