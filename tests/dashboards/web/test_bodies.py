"""Bodies and numbers that no page sends, over HTTP: 400, and no defect in the log."""

import json
import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, Request
from support.dashboard.browser import dashboard, wait_for_page
from support.published import published

from pipelines.publish.generations import NEWEST
from pipelines.settings import Settings

JSON = {"Content-Type": "application/json"}
PATH = "/_dash-update-component"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Yield a client of a dashboard."""
    home = Settings(home=tmp_path_factory.mktemp("bodies") / "home")
    published(home)
    with (
        dashboard(home.published / NEWEST) as url,
        httpx.Client(base_url=url, timeout=30) as opened,
    ):
        yield opened


@pytest.fixture(scope="module")
def body(client: httpx.Client, chromium: Browser) -> dict[str, Any]:
    """Return what a browser sends."""
    page, sent = chromium.new_page(), list[str]()
    page.on("request", lambda asked: sent.extend(posted(asked)))
    page.goto(str(client.base_url))
    wait_for_page(page)
    page.close()
    found: dict[str, Any] = json.loads(sent[0])
    return found


def posted(asked: Request) -> list[str]:
    return [asked.post_data] if PATH in asked.url and asked.post_data else []


@pytest.mark.parametrize("opening", ["[", '{"a":'])
@pytest.mark.parametrize("depth", [61, 500, 900, 980, 5_000, 100_000])
def test_a_deep_body_is_refused(
    client: httpx.Client, body: dict[str, Any], depth: int, opening: str
) -> None:
    """By itself, and as the value of an input."""
    deep = opening * depth + "1" + ("]" if opening == "[" else "}") * depth
    as_value = json.dumps(body | {"note": "deep"}).replace('"deep"', deep)
    for content in (deep, as_value):
        assert client.post(PATH, content=content, headers=JSON).status_code == 400


@pytest.mark.parametrize(
    "content", ["", "{", "1", "null", '"a"', "[]", "{}", "9" * 5000, '{"output": 1}', "\ufeff{}"]
)
def test_what_is_no_callback_is_refused(client: httpx.Client, content: str) -> None:
    assert client.post(PATH, content=content.encode(), headers=JSON).status_code == 400


@pytest.mark.parametrize(
    "change",
    [
        {"output": "nothing.children"},
        {"output": ".."},
        {"outputs": 1},
        {"inputs": 1},
        {"inputs": []},
        {"inputs": [1]},
        {"state": {}},
        {"changedPropIds": 3},
        {"changedPropIds": ["nodot"]},
        {"changedPropIds": [None]},
    ],
)
def test_a_callback_of_another_shape_is_refused(
    client: httpx.Client, body: dict[str, Any], change: dict[str, Any]
) -> None:
    assert client.post(PATH, json=body | change).status_code == 400


@settings(max_examples=60, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(["output", "outputs", "inputs", "state", "changedPropIds", "id"]),
                inner,
            )
        ),
    )
)
def test_no_json_is_a_defect(client: httpx.Client, anything: Any) -> None:
    content = json.dumps(anything)
    assert client.post(PATH, content=content, headers=JSON).status_code == 400


@pytest.mark.parametrize("number", ["\u00b2", "\u0663", "9" * 5000, "-1", "1_0", "abc", " 1"])
def test_odd_digits_are_refused(client: httpx.Client, number: str) -> None:
    """Python takes digits of other scripts for numbers, and some of them only half."""
    queries = {
        "/download/card.csv": "generation",
        "/data/market_days.json": "limit",
        "/prices/litellm.json": "hours",
    }
    for path, name in queries.items():
        assert client.get(path, params={name: number}).status_code in {400, 404}, path


@pytest.mark.parametrize(
    "head",
    [
        "GET /?a=\u00ff HTTP/1.1\r\nHost: localhost",
        "GET /\u00ff HTTP/1.1\r\nHost: localhost",
        "GET /download/card.csv?page=%ff%00 HTTP/1.1\r\nHost: localhost",
        "GET / HTTP/1.1\r\nHost: local\u00ffhost",
        "GET / HTTP/1.1\r\nHost: [::1",
        "GET / HTTP/1.1\r\nHost: localhost:abc",
        "GET / HTTP/1.1",
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: \u0663",
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: \u00b2",
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1",
        f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nOrigin: http://[::1\r\nContent-Length: 0",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_odd_heads_are_refused(client: httpx.Client, head: str, encoding: str) -> None:
    sent = f"{head}\r\n\r\n".encode(encoding, "replace")
    address = (client.base_url.host, client.base_url.port or 80)
    with socket.create_connection(address, 10) as opened:
        opened.sendall(sent)
        assert opened.recv(12).startswith(b"HTTP/1.1 4")


def test_a_pages_body_is_taken(client: httpx.Client, body: dict[str, Any]) -> None:
    """It is the one from which the others were made."""
    assert client.post(PATH, json=body).status_code in {200, 204}
