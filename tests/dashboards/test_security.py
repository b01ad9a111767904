"""Who may look at the dashboard, and what other pages of a viewer's browser may not do."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from support.browser import browser, dashboard, settled
from support.published import published
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.cli.dashboard import secret_for
from pipelines.errors import BadSetting
from pipelines.publish.generations import NEWEST
from pipelines.settings import Settings

SECRET = "correct horse battery"


@pytest.fixture
def link(tmp_path: Path) -> Path:
    """The link to a published generation."""
    settings = Settings(home=tmp_path / "home")
    published(settings)
    return settings.published / NEWEST


@pytest.fixture
def guarded(link: Path) -> Iterator[httpx.Client]:
    """A dashboard that asks for the secret."""
    with dashboard(link, SECRET) as url, httpx.Client(base_url=url) as client:
        yield client


@pytest.fixture
def opened(link: Path) -> Iterator[httpx.Client]:
    """A dashboard on loopback that asks for nothing."""
    with dashboard(link) as url, httpx.Client(base_url=url) as client:
        yield client


def test_elsewhere_than_on_loopback_a_secret_is_demanded(tmp_path: Path) -> None:
    """The command says so before it listens, and what to do."""
    done = CliRunner().invoke(
        app, ["dashboard", "--host", "0.0.0.0"], env={"TOKENTIDE_HOME": str(tmp_path)}
    )
    assert isinstance(done.exception, BadSetting)
    assert "TOKENTIDE_DASHBOARD_SECRET" in str(done.exception)


@pytest.mark.parametrize(("host", "secret", "is_fine"), [
    ("127.0.0.1", None, True), ("::1", None, True), ("localhost", None, True), ("127.8.8.8", None, True),
    ("0.0.0.0", None, False), ("::", None, False), ("192.168.0.4", None, False), ("tier.example", None, False), ("", None, False),
    ("0.0.0.0", SECRET, True), ("127.0.0.1", SECRET, True), ("0.0.0.0", "short", False),
])  # fmt: skip
def test_which_address_needs_which_secret(host: str, secret: str | None, is_fine: bool) -> None:
    """Only loopback goes without, and a short word is none."""
    settings = Settings(home=Path("/nowhere"), dashboard_secret=secret)
    if is_fine:
        assert secret_for(settings, host) == secret
    else:
        with pytest.raises(BadSetting):
            secret_for(settings, host)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/market",
        "/_dash-layout",
        "/_dash-dependencies",
        "/download/card.csv",
        "/assets/tokentide.css",
    ],
)
def test_nothing_is_shown_before_the_log_in(guarded: httpx.Client, path: str) -> None:
    """Not a page, not the layout, not a figure."""
    answer = guarded.get(path)
    assert answer.status_code == 401
    assert "log in" in answer.text.lower()


def test_a_browser_is_led_to_the_log_in(guarded: httpx.Client) -> None:
    """A person sees a form, a program a plain refusal."""
    answer = guarded.get("/market", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["location"]) == (302, "/login")


def test_the_secret_opens_and_the_cookie_is_the_browsers_alone(guarded: httpx.Client) -> None:
    """No script reads the cookie, and no other site's form sends it."""
    answer = guarded.post("/login", data={"secret": SECRET})
    assert answer.status_code == 303
    assert {"HttpOnly", "SameSite=Lax"} <= {
        part.strip() for part in answer.headers["set-cookie"].split(";")
    }
    assert guarded.get("/_dash-layout").status_code == 200
    guarded.post("/logout")
    assert guarded.get("/_dash-layout").status_code == 401


def test_a_forged_cookie_opens_nothing(guarded: httpx.Client) -> None:
    """The cookie is signed with a key that nobody outside the process has."""
    guarded.cookies.set("tokentide", "eyJrbm93biI6dHJ1ZX0.aSVx7Q.AAAAAAAAAAAAAAAAAAAAAAAAAAA")
    assert guarded.get("/_dash-layout").status_code == 401


def test_guessing_is_slowed(guarded: httpx.Client) -> None:
    """After five tries in a minute even the right word has to wait, and the answer says how long."""
    assert [guarded.post("/login", data={"secret": "x" * n}).status_code for n in range(5)] == [
        401
    ] * 5
    answer = guarded.post("/login", data={"secret": SECRET})
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 60


def test_what_was_typed_is_not_shown_again(guarded: httpx.Client) -> None:
    """Neither the secret nor the wrong word stands in an answer."""
    assert (
        "<script>" not in guarded.post("/login", data={"secret": "<script>alert(1)</script>"}).text
    )


@pytest.mark.parametrize("headers", [
    {"Origin": "http://elsewhere.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "null"},
])  # fmt: skip
def test_another_page_cannot_ask_in_the_viewers_name(
    opened: httpx.Client, headers: dict[str, str]
) -> None:
    """A form or a script of another site is refused, on loopback too."""
    assert opened.post("/_dash-update-component", json={}, headers=headers).status_code == 403


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8050", "127.0.0.1.evil.example", "localhost.evil.example"],
)
def test_another_name_for_loopback_is_refused(opened: httpx.Client, host: str) -> None:
    """A site that points its own name at 127.0.0.1 must not read a viewer's dashboard."""
    assert opened.get("/", headers={"Host": host}).status_code == 403


def test_every_answer_has_the_headers(opened: httpx.Client) -> None:
    """No inline script but Dash's own, no frame, no guessing of types, nothing kept."""
    headers = opened.get("/").headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-eval" not in policy
    assert "'unsafe-inline'" not in policy.partition("script-src")[2].partition(";")[0]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"


def test_a_large_request_is_refused(opened: httpx.Client) -> None:
    """More than a page of ours ever sends is not read."""
    assert (
        opened.post("/_dash-update-component", json={"output": "x" * 2_000_000}).status_code == 413
    )
    assert opened.get("/_dash-layout").status_code == 200


@pytest.mark.slow
def test_a_person_logs_in(link: Path) -> None:
    """In a browser: the form, a wrong word, the right one, the page."""
    with dashboard(link, SECRET) as url, browser() as chromium:
        page = chromium.new_page()
        page.goto(f"{url}/market")
        page.get_by_label("Password or token").fill("not this one")
        page.get_by_role("button").click()
        assert page.get_by_role("alert").inner_text() == "That is not it."
        page.get_by_label("Password or token").fill(SECRET)
        page.get_by_role("button").click()
        settled(page)
        assert page.url == f"{url}/"


def test_a_secret_stays_out_of_what_settings_show() -> None:
    """As every secret does."""
    assert SECRET not in repr(
        SimpleNamespace(settings=Settings(home=Path("/x"), dashboard_secret=SECRET))
    )
