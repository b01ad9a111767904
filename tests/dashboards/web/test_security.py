"""Access to the dashboard: the log-in, and requests of other pages in the viewer's name."""

from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import httpx
import pytest
from playwright.sync_api import Browser
from support.dashboard.browser import dashboard, wait_for_page
from support.published import published
from typer.testing import CliRunner

from dashboards.web.access import MAX_TRIES
from dashboards.web.security import MAX_SESSIONS, Sessions
from pipelines.cli import app
from pipelines.cli.dashboard import secret_for
from pipelines.errors import BadSetting
from pipelines.publish.generations import NEWEST
from pipelines.settings import Settings

SECRET = "correct horse battery"


@pytest.fixture(scope="module")
def link(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the link to a published generation."""
    settings = Settings(home=tmp_path_factory.mktemp("security") / "home")
    published(settings)
    return settings.published / NEWEST


@pytest.fixture
def guarded(link: Path) -> Iterator[httpx.Client]:
    """Yield a client of a dashboard that asks for the secret."""
    with dashboard(link, SECRET) as url, httpx.Client(base_url=url) as client:
        yield client


@pytest.fixture
def opened(link: Path) -> Iterator[httpx.Client]:
    """Yield a client of a dashboard on loopback that asks for nothing."""
    with dashboard(link) as url, httpx.Client(base_url=url) as client:
        yield client


def test_the_command_demands_a_secret_anywhere_but_on_loopback(tmp_path: Path) -> None:
    """It says so before it listens, and what to set."""
    words = ["dashboard", "--host", "0.0.0.0"]
    done = CliRunner().invoke(app, words, env={"TOKENTIDE_HOME": str(tmp_path)})
    assert isinstance(done.exception, BadSetting)
    assert "TOKENTIDE_DASHBOARD_SECRET" in str(done.exception)


@pytest.mark.parametrize(
    ("host", "secret", "is_allowed"),
    [
        ("127.0.0.1", None, True),
        ("::1", None, True),
        ("localhost", None, True),
        ("127.8.8.8", None, True),
        ("0.0.0.0", None, False),
        ("::", None, False),
        ("192.168.0.4", None, False),
        ("tier.example", None, False),
        ("", None, False),
        ("0.0.0.0", SECRET, True),
        ("127.0.0.1", SECRET, True),
        ("0.0.0.0", "short", False),
    ],
)
def test_only_loopback_goes_without_a_secret(
    host: str, secret: str | None, is_allowed: bool
) -> None:
    """A short word is none."""
    settings = Settings(home=Path("/nowhere"), dashboard_secret=secret)
    if is_allowed:
        assert secret_for(settings, host) == secret
    else:
        with pytest.raises(BadSetting):
            secret_for(settings, host)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/market",
        "/statements",
        "/_dash-layout",
        "/_dash-dependencies",
        "/download/card.csv",
        "/download/sql.csv",
        "/assets/tokentide.css",
    ],
)
def test_nothing_is_shown_before_the_log_in(guarded: httpx.Client, path: str) -> None:
    """No page, no layout, no figure."""
    response = guarded.get(path)
    assert response.status_code == 401
    assert "log in" in response.text.lower()


def test_a_browser_is_led_to_the_log_in(guarded: httpx.Client) -> None:
    """A person sees a form, a program a plain refusal."""
    response = guarded.get("/market", headers={"Accept": "text/html"})
    assert (response.status_code, response.headers["location"]) == (302, "/login")


def test_the_form_names_its_field_for_screen_readers(guarded: httpx.Client) -> None:
    text = guarded.get("/login").text
    assert '<label for="secret">' in text
    assert 'role="alert"' not in text


def test_the_secret_opens_and_no_script_reads_the_cookie(guarded: httpx.Client) -> None:
    """No other site's form sends it either; logging out closes again."""
    response = guarded.post("/login", data={"secret": SECRET})
    assert response.status_code == 303
    cookie = {part.strip() for part in response.headers["set-cookie"].split(";")}
    assert {"HttpOnly", "SameSite=Lax"} <= cookie
    assert guarded.get("/_dash-layout").status_code == 200
    guarded.post("/logout")
    assert guarded.get("/_dash-layout").status_code == 401


def test_a_forged_cookie_opens_nothing(guarded: httpx.Client) -> None:
    """Cookies are signed with a key that nobody outside the process has."""
    guarded.cookies.set("tokentide", "eyJrbm93biI6dHJ1ZX0.aSVx7Q.AAAAAAAAAAAAAAAAAAAAAAAAAAA")
    assert guarded.get("/_dash-layout").status_code == 401


def test_a_cookie_means_nothing_after_the_log_out(guarded: httpx.Client) -> None:
    """Somebody may have copied it; another browser of the same person stays logged in."""
    guarded.post("/login", data={"secret": SECRET})
    copied = {"Cookie": f"tokentide={guarded.cookies['tokentide']}"}
    with httpx.Client(base_url=guarded.base_url) as other:
        other.post("/login", data={"secret": SECRET})
        assert httpx.get(f"{guarded.base_url}/_dash-layout", headers=copied).status_code == 200
        guarded.post("/logout")
        assert httpx.get(f"{guarded.base_url}/_dash-layout", headers=copied).status_code == 401
        assert other.get("/_dash-layout").status_code == 200


def test_sessions_are_bounded_and_the_oldest_ends() -> None:
    """One that logs in for ever takes no memory."""
    sessions = Sessions()
    first, second = sessions.open(), sessions.open()
    for _ in range(MAX_SESSIONS - 1):
        last = sessions.open()
    opened = [sessions.is_open(name) for name in (first, second, last)]
    assert opened == [False, True, True]
    sessions.close(last)
    assert not sessions.is_open(last)
    assert not any(map(sessions.is_open, (None, "", True, "another")))


def test_guessing_is_slowed_and_the_right_word_still_opens(guarded: httpx.Client) -> None:
    """Others may share the address of one who guesses, as behind a proxy."""
    for number in range(4 * MAX_TRIES // 2):
        response = guarded.post("/login", data={"secret": "x" * number})
        assert response.status_code == 401
    assert guarded.post("/login", data={"secret": SECRET}).status_code == 303


def test_guesses_at_once_are_refused(guarded: httpx.Client) -> None:
    """Else threads of the server would wait for them, which others need."""
    statuses: list[int] = []

    def guess() -> None:
        statuses.append(httpx.post(f"{guarded.base_url}/login", data={"secret": "x"}).status_code)

    for _ in range(MAX_TRIES):
        guarded.post("/login", data={"secret": "x"})
    threads = [Thread(target=guess) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(statuses) == {401, 429}
    assert guarded.post("/login", data={"secret": SECRET}).status_code == 303


def test_a_typed_word_is_not_shown_again(guarded: httpx.Client) -> None:
    """Neither the secret nor a wrong word stands in a response."""
    response = guarded.post("/login", data={"secret": "<script>alert(1)</script>"})
    assert "alert(1)" not in response.text
    assert "That is not it." in response.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://elsewhere.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "null"},
    ],
)
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
    """A site that points its name at 127.0.0.1 must not read a viewer's dashboard."""
    assert opened.get("/", headers={"Host": host}).status_code == 403


def test_every_response_has_the_headers(opened: httpx.Client) -> None:
    """No inline script but Dash's own, no frame, no guessing of types, nothing cached."""
    headers = opened.get("/").headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-eval" not in policy
    assert "'unsafe-inline'" not in policy.partition("script-src")[2].partition(";")[0]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"


def test_scripts_and_styles_may_be_cached(opened: httpx.Client) -> None:
    assert opened.get("/assets/tokentide.css").headers.get("cache-control") != "no-store"


def test_a_large_request_is_refused(opened: httpx.Client) -> None:
    """No page of ours ever sends that much."""
    large = {"output": "x" * 2_000_000}
    assert opened.post("/_dash-update-component", json=large).status_code == 413
    assert opened.get("/_dash-layout").status_code == 200


@pytest.mark.slow
def test_a_person_logs_in(link: Path, chromium: Browser) -> None:
    """In a browser: the form, a wrong word, the right one, the page."""
    with dashboard(link, SECRET) as url:
        page = chromium.new_page()
        page.goto(f"{url}/market")
        page.get_by_label("Password or token").fill("not this one")
        page.get_by_role("button").click()
        assert page.get_by_role("alert").inner_text() == "That is not it."
        page.get_by_label("Password or token").fill(SECRET)
        page.get_by_role("button").click()
        wait_for_page(page)
        assert page.url == f"{url}/"


def test_a_secret_stays_out_of_printed_settings() -> None:
    """As every secret does."""
    assert SECRET not in repr(Settings(home=Path("/x"), dashboard_secret=SECRET))
