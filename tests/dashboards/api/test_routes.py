"""Addresses for programs need the same access as the pages: the secret, as a key."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from support.dashboard.browser import dashboard

SECRET = "correct horse battery"
ADDRESSES = ("/data/index.json", "/data/models.csv", "/feed.atom", "/feed.json", "/metrics")


@pytest.fixture
def guarded(small: Path) -> Iterator[httpx.Client]:
    """Yield a client of a dashboard that asks for the secret."""
    with dashboard(small, SECRET) as url, httpx.Client(base_url=url) as client:
        yield client


@pytest.mark.parametrize("address", [*ADDRESSES, "/prices/litellm.json"])
def test_nothing_is_sent_without_the_key(guarded: httpx.Client, address: str) -> None:
    """A program is asked for a password, as feed readers expect."""
    response = guarded.get(address)
    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith("Basic ")
    assert response.headers["cache-control"] == "no-store"
    assert "etag" not in response.headers


@pytest.mark.parametrize("address", [*ADDRESSES, "/prices/litellm.json"])
def test_the_key_opens_as_token_or_password(guarded: httpx.Client, address: str) -> None:
    """Prometheus sends a token; an address with a password is what LiteLLM can be given."""
    token = {"Authorization": f"Bearer {SECRET}"}
    assert guarded.get(address, headers=token).status_code == 200
    assert guarded.get(address, auth=("anybody", SECRET)).status_code == 200
    assert guarded.get(address).status_code == 401


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example"])
def test_another_name_for_loopback_is_refused(client: httpx.Client, host: str) -> None:
    for address in ADDRESSES:
        assert client.get(address, headers={"Host": host}).status_code == 403
