"""Addresses that a tier file, a form or a redirect names: none leads to a cloud's metadata."""

import asyncio

import pytest
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from support.scripted_server import Responder, bytes_response, scripted_server

from pipelines.telemetry.collector.scraping import (
    ScrapeFailed,
    fetch_page,
    make_client,
    make_context,
)

METADATA = [
    "http://169.254.169.254/metrics",
    "http://[::ffff:169.254.169.254]/metrics",
    "http://[64:ff9b::a9fe:a9fe]/metrics",
    "http://100.100.100.200/metrics",
    "http://192.0.0.192/metrics",
    "http://[fd00:ec2::254]/metrics",
    "http://[fe80::1]/metrics",
    "http://0.0.0.0:9/metrics",
    "http://2852039166/metrics",
    "http://0xa9fea9fe/metrics",
]


def scrape(url: str) -> bytes:
    async def run() -> bytes:
        async with make_client({"Authorization": "Bearer sk-ours"}, make_context()) as client:
            return await fetch_page(client, url, 5)

    return asyncio.run(run())


def redirect(url: str) -> Responder:
    def answer(_: Request) -> Response:
        return RedirectResponse(url, 307)

    return answer


@pytest.mark.parametrize("url", METADATA)
def test_no_target_is_a_clouds_metadata(url: str) -> None:
    """Another way to write it, or another person who named it, does not help."""
    with pytest.raises(ScrapeFailed, match=r"forbidden_address|unknown_host"):
        scrape(url)


@pytest.mark.parametrize("url", [*METADATA, "http://localhost:9/metrics", "file:///etc/passwd"])
def test_a_redirect_leads_to_no_other_host(url: str) -> None:
    """The header with the key would go there."""
    with scripted_server(redirect(url)) as server:
        with pytest.raises(ScrapeFailed, match="status_307"):
            scrape(server.url)
        assert len(server.received) == 1


def test_a_page_of_a_private_range_is_read() -> None:
    """Fleets lie there, and so does this machine."""
    with scripted_server(bytes_response(b"up 1\n")) as server:
        assert scrape(server.url) == b"up 1\n"
