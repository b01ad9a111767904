"""The guard of Dagster's page: other names, other pages, questions in an address, the secret."""

import base64
import time
from collections.abc import Iterator
from threading import Thread

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.security.page_behind_guard import guarded_page
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from dashboards.web.access import MAX_TRIES
from pipelines.supervision.page_guard import COOKIE, _password

SECRET = "correct horse battery"
QUERY = {"query": "mutation { stopSchedule }"}


@pytest.fixture(scope="module")
def opened() -> Iterator[httpx.Client]:
    """Yield a client of a page without a secret."""
    with guarded_page() as url, httpx.Client(base_url=url) as client:
        yield client


@pytest.fixture
def locked() -> Iterator[httpx.Client]:
    """Yield a client of a page with a secret."""
    with guarded_page(SECRET) as url, httpx.Client(base_url=url) as client:
        yield client


def websocket_url(client: httpx.Client) -> str:
    return f"ws://{client.base_url.host}:{client.base_url.port}/graphql"


def basic(password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"me:{password}".encode()).decode()}


def test_the_page_and_programs_of_this_machine_are_served(opened: httpx.Client) -> None:
    """A browser that opens the address, its scripts, and a client that is no browser."""
    own = {"Origin": str(opened.base_url).rstrip("/"), "Sec-Fetch-Site": "same-origin"}
    assert opened.get("/", headers={"Sec-Fetch-Site": "none"}).status_code == 200
    assert opened.post("/graphql", json=QUERY, headers=own).status_code == 200
    assert opened.post("/graphql", json=QUERY).status_code == 200
    with connect(websocket_url(opened), origin=own["Origin"]) as socket:
        assert socket.recv() == "done"


def test_a_link_of_the_dashboard_opens_the_page(opened: httpx.Client) -> None:
    """It comes from another port, which is another origin."""
    link = {
        "Sec-Fetch-Site": "same-site",
        "Sec-Fetch-Mode": "navigate",
        "Sec-Fetch-Dest": "document",
    }
    assert opened.get("/runs", headers=link).status_code == 200
    assert opened.get("/graphql", headers=link).status_code == 403
    assert opened.post("/runs", headers=link).status_code == 403
    assert opened.get("/runs", headers={**link, "Sec-Fetch-Dest": "iframe"}).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://elsewhere.example"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "null"},
        {"Origin": "http://[::1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example:3000"},
        {"Host": "[::1"},
    ],
)
def test_another_page_and_another_name_can_do_nothing(
    opened: httpx.Client, headers: dict[str, str]
) -> None:
    """Neither by a request, nor by reading a log, nor over a WebSocket."""
    assert opened.post("/graphql", json=QUERY, headers=headers).status_code == 403
    assert opened.post("/report_asset_materialization/a", headers=headers).status_code == 403
    assert opened.get("/logs/run/compute_logs/a.err", headers=headers).status_code == 403
    # The client library writes Host itself.
    if "Host" not in headers:
        with pytest.raises(InvalidStatus, match="403"):
            connect(websocket_url(opened), additional_headers=headers)


@pytest.mark.parametrize("path", ["/graphql", "/graphql/"])
def test_an_address_changes_nothing(opened: httpx.Client, path: str) -> None:
    """A picture, a link and a preloaded page all ask by GET."""
    response = opened.get(path, params=QUERY)
    assert (response.status_code, response.text) == (405, "Send the query by POST.\n")
    assert opened.request("HEAD", path, params=QUERY).status_code == 405


def test_every_response_forbids_frames(opened: httpx.Client) -> None:
    for response in (opened.get("/"), opened.get("/", headers={"Host": "evil.example"})):
        assert response.headers["x-frame-options"] == "DENY"


def test_the_dashboards_secret_opens_it(locked: httpx.Client) -> None:
    """As a password or as a bearer token; a cookie then opens the WebSocket too."""
    refused = locked.get("/")
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"].startswith("Basic ")
    assert locked.get("/", headers=basic("not this one")).status_code == 401
    with pytest.raises(InvalidStatus, match="403"):
        connect(websocket_url(locked))
    assert locked.get("/", headers={"Authorization": f"Bearer {SECRET}"}).status_code == 200
    locked.cookies.clear()
    response = locked.get("/", headers=basic(SECRET))
    assert response.status_code == 200
    assert {"HttpOnly", "SameSite=Strict"} <= set(response.headers["set-cookie"].split("; "))
    assert locked.get("/").status_code == 200
    cookie = f"{COOKIE}={locked.cookies[COOKIE]}"
    with connect(websocket_url(locked), additional_headers={"Cookie": cookie}) as socket:
        assert socket.recv() == "done"


def test_with_a_secret_a_proxys_name_is_served_and_other_pages_are_not(
    locked: httpx.Client,
) -> None:
    """The secret then tells who may see it."""
    named = {**basic(SECRET), "Host": "tokens.example"}
    assert locked.get("/", headers=named).status_code == 200
    other = {**basic(SECRET), "Origin": "http://elsewhere.example"}
    assert locked.post("/graphql", json=QUERY, headers=other).status_code == 403


@pytest.mark.parametrize("cookie", [f"{COOKIE}=", f"{COOKIE}=x", "=;=;", f'{COOKIE}="\\377"'])
def test_a_forged_cookie_opens_nothing(locked: httpx.Client, cookie: str) -> None:
    assert locked.get("/", headers={"Cookie": cookie}).status_code == 401


def test_guessing_is_slow_and_the_secret_still_opens(locked: httpx.Client) -> None:
    """Beyond five wrong ones a check takes half a second, and an address has one at a time."""
    for _ in range(MAX_TRIES):
        assert locked.get("/", headers=basic("wrong")).status_code == 401
    began = time.monotonic()
    statuses: list[int] = []

    def guess() -> None:
        statuses.append(httpx.get(locked.base_url, headers=basic("wrong")).status_code)

    guesses = [Thread(target=guess) for _ in range(6)]
    for each in guesses:
        each.start()
    for each in guesses:
        each.join()
    assert statuses.count(429) >= 1
    assert time.monotonic() - began >= 0.5
    assert locked.get("/", headers=basic(SECRET)).status_code == 200


@given(st.binary(max_size=60))
def test_no_header_breaks_the_reading_of_a_password(value: bytes) -> None:
    """It is text, or there is none."""
    from starlette.datastructures import Headers

    headers = Headers(raw=[(b"authorization", b"Basic " + value)])
    assert isinstance(_password(headers), str | None)
