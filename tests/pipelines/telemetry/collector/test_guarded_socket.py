"""Addresses that others name: what may be connected to and what may not."""

import asyncio
import ssl

import pytest
from support.scripted_server import bytes_response, scripted_server

from pipelines.telemetry.collector.guarded_socket import is_forbidden
from pipelines.telemetry.collector.scraping import ScrapeFailed, fetch_page, make_client


def fetch(url: str) -> bytes:
    async def run() -> bytes:
        async with make_client({}, ssl.create_default_context()) as client:
            return await fetch_page(client, url, 10)

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("address", "forbidden"),
    [
        ("127.0.0.1", False),
        ("10.0.0.1", False),
        ("192.168.1.1", False),
        ("100.64.0.1", False),
        ("8.8.8.8", False),
        ("::1", False),
        ("fd12::1", False),
        ("2001:db8::1", False),
        ("169.254.169.254", True),
        ("169.254.0.1", True),
        ("0.0.0.0", True),
        ("224.0.0.1", True),
        ("255.255.255.255", True),
        ("100.100.100.200", True),
        ("fe80::1", True),
        ("fe80::1%eth0", True),
        ("fd00:ec2::254", True),
        ("ff02::1", True),
        ("::", True),
        ("::ffff:169.254.169.254", True),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::a9fe:a9fe", True),
        ("2002:a9fe:a9fe::1", True),
    ],
)
def test_link_local_and_metadata_addresses_are_forbidden(address: str, forbidden: bool) -> None:
    """Private ones and loopback are where pods are; an address within another one counts."""
    assert is_forbidden(address) is forbidden


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data",
        "http://2852039166/",
        "http://2130706433/",
        "http://0xa9fea9fe/",
        "http://[::ffff:169.254.169.254]/",
        "http://0.0.0.0:1/",
        "https://169.254.169.254/",
    ],
)
def test_no_connection_is_made_to_a_forbidden_address(url: str) -> None:
    """The address that a name leads to is what counts; one number in place of four is refused."""
    with pytest.raises(ScrapeFailed, match="forbidden_address"):
        fetch(url)


def test_other_addresses_work_as_ever() -> None:
    """The server sees the name in its header Host; a name without an address has its reason."""
    with scripted_server(bytes_response(b"up 1\n")) as server:
        port = server.url.rsplit(":", 1)[1].split("/")[0]
        assert fetch(f"http://localhost:{port}/metrics") == b"up 1\n"
        assert fetch(f"http://127.0.0.1:{port}/metrics") == b"up 1\n"
        hosts = [each.headers["host"] for each in server.received]
    assert hosts == [f"localhost:{port}", f"127.0.0.1:{port}"]
    with pytest.raises(ScrapeFailed, match="unknown_host"):
        fetch("http://nowhere.invalid/")
    with pytest.raises(ScrapeFailed, match="refused"):
        fetch("http://127.0.0.1:1/")
