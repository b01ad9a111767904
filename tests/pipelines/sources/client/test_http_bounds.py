"""Bounds of the client: every request ends, in time and in size, whatever the upstream sends."""

import asyncio
import gzip
import time
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from dataclasses import replace

import pytest
import zstandard
from starlette.responses import StreamingResponse
from support.scripted_server import Responder, ScriptedServer, bytes_response
from support.simulator import FAST_RETRIES
from support.sources import MODELS

from pipelines.archive import Answer, Archive
from pipelines.errors import BadAnswer, BrokenOff
from pipelines.settings import Settings
from pipelines.sources.client.http import MAX_BODY, SourceClient

ONCE = replace(FAST_RETRIES, attempts=1)
MIB = 1024 * 1024


@pytest.fixture
def client(settings: Settings) -> Iterator[SourceClient]:
    """Yield a client that does not retry."""
    with closing(SourceClient(settings, "run-1", ONCE)) as client:
        yield client


def archived(settings: Settings) -> list[Answer]:
    return list(Archive(settings.archive).answers())


def slow_response(pieces: int, seconds: float) -> Responder:
    """Respond with pieces of one byte, with a pause before each."""

    async def send() -> AsyncIterator[bytes]:
        for _ in range(pieces):
            await asyncio.sleep(seconds)
            yield b" "

    return lambda request: StreamingResponse(send(), media_type="application/json")


def test_a_slow_answer_ends_after_the_time_limit(
    server: ScriptedServer, settings: Settings
) -> None:
    """Even if no pause is too long; the part that came is kept with the reason."""
    server.respond_with(slow_response(100, 0.1))
    started = time.monotonic()
    with (
        closing(SourceClient(settings, "run-1", replace(ONCE, whole=0.8))) as client,
        pytest.raises(BrokenOff, match=r"not complete after 0\.8 s"),
    ):
        client.ask(MODELS, "/models")
    assert 0.8 <= time.monotonic() - started < 2.5
    [answer] = archived(settings)
    assert answer.error == "the answer was not complete after 0.8 s"
    assert set(Archive(settings.archive).read(answer.sha256)) == {ord(" ")}


def test_a_silent_upstream_is_dropped(server: ScriptedServer, settings: Settings) -> None:
    """A long silence in the middle of an answer ends it."""

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
    assert [answer.bytes for answer in archived(settings)] == [8]


def test_an_endless_answer_is_cut(
    server: ScriptedServer, settings: Settings, client: SourceClient
) -> None:
    """The client hangs up at 128 MiB, so the upstream cannot fill memory or disk."""

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(500):
            await asyncio.sleep(0)
            yield b" " * MIB

    server.respond_with(lambda request: StreamingResponse(endless()))
    with pytest.raises(BadAnswer, match="/models: the answer is larger than 128 MiB"):
        client.ask(MODELS, "/models")
    assert archived(settings)[0].bytes == MAX_BODY == 128 * MIB


def gzip_bomb(unpacked_mib: int) -> bytes:
    """Build a gzip stream that grows a thousandfold: one compressed MiB of blanks, repeated."""
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    start = packer.compress(b" " * MIB) + packer.flush(zlib.Z_FULL_FLUSH)
    repeated = packer.compress(b" " * MIB) + packer.flush(zlib.Z_FULL_FLUSH)
    return start + repeated * (unpacked_mib - 1)


def test_a_compressed_bomb_is_cut(server: ScriptedServer, settings: Settings) -> None:
    """The limit counts unpacked bytes; an answer that is too large is not requested again."""
    bomb = gzip_bomb(1024)
    assert len(bomb) < 2 * MIB
    server.respond_with(bytes_response(bomb, Content_Encoding="gzip"))
    with (
        closing(SourceClient(settings, "run-1", FAST_RETRIES)) as client,
        pytest.raises(BadAnswer, match="larger than 128 MiB"),
    ):
        client.ask(MODELS, "/models")
    assert len(server.received) == 1
    [answer] = archived(settings)
    assert (answer.bytes, answer.error) == (MAX_BODY, "the answer is larger than 128 MiB")
    assert sum(path.stat().st_size for path in settings.archive.rglob("*.zst")) < MIB


@pytest.mark.parametrize("encoding", ["zstd", "gzip, gzip", "br", "deflate", "unheard-of"])
def test_only_the_requested_encoding_is_unpacked(
    server: ScriptedServer, settings: Settings, client: SourceClient, encoding: str
) -> None:
    """In zstd, or gzip in gzip, a few kilobytes could fill the memory; so only gzip is accepted."""
    server.respond_with(
        bytes_response(
            zstandard.ZstdCompressor().compress(b" " * 200 * MIB), Content_Encoding=encoding
        )
    )
    with pytest.raises(BrokenOff, match="packed in a way that was not asked for"):
        client.ask(MODELS, "/models")
    assert server.received[0].headers["accept-encoding"] == "gzip"
    assert [answer.bytes for answer in archived(settings)] == [0]


@pytest.mark.parametrize(
    "body",
    [b"[" * 200_000, b'{"a":' * 200_000, b'{"data":' + b"[" * 100_000 + b"]" * 100_000 + b"}"],
)
def test_deep_nesting_is_a_bad_answer(
    server: ScriptedServer, client: SourceClient, body: bytes
) -> None:
    """A body that would overflow the parser's stack is handled like any other bad JSON."""
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
def test_anything_but_one_json_object_is_a_bad_answer(
    server: ScriptedServer, client: SourceClient, body: bytes
) -> None:
    """Only an object can be parsed further."""
    server.respond_with(bytes_response(body))
    with pytest.raises(BadAnswer):
        client.ask(MODELS, "/models")


def test_a_compressed_answer_is_kept_unpacked(
    server: ScriptedServer, settings: Settings, client: SourceClient
) -> None:
    """The archive holds the content, whatever its encoding on the wire."""
    server.respond_with(bytes_response(gzip.compress(b'{"data":[1]}'), Content_Encoding="gzip"))
    assert Archive(settings.archive).read(client.ask(MODELS, "/models").sha256) == b'{"data":[1]}'
