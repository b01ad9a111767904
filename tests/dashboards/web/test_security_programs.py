"""Access of programs, which send the secret as a key, and of pages that frame the dashboard."""

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser
from support.dashboard.browser import dashboard
from support.published import published
from support.scripted_server import bytes_response, scripted_server

from dashboards.web.access import MAX_TRIES, SLOW_SECONDS
from pipelines.publish.generations import NEWEST
from pipelines.settings import Settings

SECRET = "correct horse battery"
FRAME = """address => new Promise(done => {
    const frame = Object.assign(document.createElement('iframe'), {src: address});
    frame.onload = done;
    document.body.append(frame);
})"""


@pytest.fixture(scope="module")
def link(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the link to a published generation."""
    settings = Settings(home=tmp_path_factory.mktemp("programs") / "home")
    published(settings)
    return settings.published / NEWEST


@pytest.fixture
def guarded(link: Path) -> Iterator[httpx.Client]:
    """Yield a client of a dashboard that asks for the secret."""
    with dashboard(link, SECRET) as url, httpx.Client(base_url=url) as client:
        yield client


def test_chosen_pages_may_frame_the_dashboard(link: Path) -> None:
    """All others may not; the header of old browsers would forbid the chosen ones too."""
    origins = ("https://grafana.example.org", "http://localhost:3000")
    with dashboard(link, frame_ancestors=origins) as url:
        headers = httpx.get(url).headers
    policy = headers["content-security-policy"]
    assert policy.endswith(f"frame-ancestors {' '.join(origins)}")
    assert "x-frame-options" not in headers


@pytest.mark.slow
@pytest.mark.parametrize("is_chosen", [True, False])
def test_a_browser_shows_the_frame_only_on_a_chosen_page(
    link: Path, chromium: Browser, is_chosen: bool
) -> None:
    """A page on another origin, as a Grafana is."""
    page = chromium.new_page()
    with scripted_server(bytes_response(b"<p>page</p>", content_type="text/html")) as framing:
        origin = framing.url.removesuffix("/api/v1")
        origins = (origin if is_chosen else "https://grafana.example.org",)
        with dashboard(link, frame_ancestors=origins) as url:
            page.goto(origin)
            page.evaluate(FRAME, f"{url}/market")
            [frame] = page.main_frame.child_frames
            assert frame.url.startswith(url) is is_chosen
    page.close()


def test_wrong_keys_are_slowed_and_right_ones_are_not(guarded: httpx.Client) -> None:
    """A program asks often. After wrong ones a check takes half a second, and the right opens."""
    right = {"Authorization": f"Bearer {SECRET}"}
    for _ in range(2 * MAX_TRIES):
        assert guarded.get("/_dash-layout", headers=right).status_code == 200
    wrong = [
        guarded.get("/_dash-layout", headers={"Authorization": f"Bearer {n}"}).status_code
        for n in range(MAX_TRIES)
    ]
    assert wrong == [401] * MAX_TRIES
    began = time.monotonic()
    assert guarded.get("/_dash-layout", headers=right).status_code == 200
    assert time.monotonic() - began >= SLOW_SECONDS


@pytest.mark.parametrize(
    "header", ["Bearer", "Basic x", "Basic Og==", "Digest a=b", "Bearer größer", ""]
)
def test_a_header_that_is_no_key_opens_nothing(guarded: httpx.Client, header: str) -> None:
    response = guarded.get("/_dash-layout", headers={"Authorization": header.encode()})
    assert response.status_code == 401
    assert "www-authenticate" not in response.headers


def test_a_key_reads_and_changes_nothing(guarded: httpx.Client) -> None:
    """Requests that change something come from a page whose viewer logged in."""
    right = {"Authorization": f"Bearer {SECRET}"}
    assert guarded.post("/_dash-update-component", json={}, headers=right).status_code == 401
