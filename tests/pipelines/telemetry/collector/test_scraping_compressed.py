"""Compressed pages: whole and bounded, or a failed scrape."""

import asyncio
import gzip

import pytest
from support.scripted_server import bytes_response, scripted_server

from pipelines.telemetry.collector.scraping import (
    ScrapeFailed,
    fetch_page,
    make_client,
    make_context,
)
from pipelines.telemetry.metrics.exposition import MAX_BYTES

PAGE = gzip.compress(b"up 1\nsent_total 12345\n" * 9)


def fetch(url: str) -> bytes:
    async def run() -> bytes:
        async with make_client({}, make_context()) as client:
            return await fetch_page(client, url, 10)

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("body", "coding", "reason"),
    [
        (PAGE[:-12], "gzip", "broken_off"),  # a counter of 12 in place of 12345
        (PAGE + b"up", "gzip", "broken_off"),
        (b"up 1\n", "gzip", "broken_off"),
        (PAGE, "br", "broken_off"),
        (gzip.compress(bytes(8 * MAX_BYTES)), "gzip", "too_large"),
    ],
)
def test_a_compressed_page_is_whole_or_has_failed(body: bytes, coding: str, reason: str) -> None:
    response = bytes_response(body, content_encoding=coding)
    with scripted_server(response) as server, pytest.raises(ScrapeFailed, match=reason):
        fetch(server.url)


@pytest.mark.parametrize("content", [b"", b"up 1\n"])
def test_a_compressed_page_is_read(content: bytes) -> None:
    response = bytes_response(gzip.compress(content), content_encoding="gzip")
    with scripted_server(response) as server:
        assert fetch(server.url) == content
