"""Dagster as `tokentide up` starts it: its page works in a browser, and obeys no other page."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page
from support.dashboard.browser import browser
from support.scripted_server import bytes_response, scripted_server

from pipelines.settings import Settings
from pipelines.supervision.product import free_port, make_environment, schedules_service

pytestmark = pytest.mark.slow

STOP = 'mutation { setConcurrencyLimit(concurrencyKey: "%s", limit: 1) }'
LIMITS = "{ instance { concurrencyLimits { concurrencyKey } } }"
DAEMONS = "{ instance { daemonHealth { allDaemonStatuses { healthy } } } }"
# All ways in which a page sends something elsewhere without being allowed to read the answer.
ATTACK = """async ([address, mutation]) => {
    const query = name => mutation.replace('%s', name);
    const url = name => `${address}/graphql?query=${encodeURIComponent(query(name))}`;
    const picture = new Promise(done => {
        const image = new Image();
        image.onload = image.onerror = done;
        image.src = url('picture');
    });
    const plain = {method: 'POST', mode: 'no-cors', headers: {'Content-Type': 'text/plain'}};
    const send = (name, more) => fetch(url(name), {...plain, ...more}).catch(() => null);
    const socket = new Promise(done => {
        const opened = new WebSocket(address.replace('http', 'ws') + '/graphql', 'graphql-ws');
        opened.onopen = () => done('open');
        opened.onerror = () => done('refused');
    });
    await Promise.all([
        picture, send('get', {method: 'GET', mode: 'no-cors', headers: {}}), send('post', {}),
        fetch(address + '/graphql', {...plain, body: JSON.stringify({query: query('body')})})
            .catch(() => null),
    ]);
    return await socket;
}"""


@pytest.fixture(scope="module")
def dagster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run Dagster with the command of `up`; yield the address of its page once it has loaded."""
    settings = Settings(home=tmp_path_factory.mktemp("dagster") / "home")
    service = schedules_service(make_environment(settings), free_port(31_000))
    with (settings.home / "log").open("wb") as log:
        process = subprocess.Popen(
            service.command,
            env={**os.environ, **service.environment},
            cwd=settings.home,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    assert service.address
    try:
        await_page(service.address, process, settings.home / "log")
        yield service.address
    finally:
        process.send_signal(service.stop_signal)
        code = process.wait(30)
        # As the supervisor does: a code server may take a second longer.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        assert code == 0, (settings.home / "log").read_text()


def await_page(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 150
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            httpx.get(f"{url}/server_info", timeout=30)
        except httpx.HTTPError:
            time.sleep(0.2)
        else:
            return
    raise AssertionError(log.read_text())


def ask(url: str, query: str) -> dict[str, object]:
    response = httpx.post(f"{url}/graphql", json={"query": query}, timeout=60)
    answered: dict[str, object] = response.json()["data"]
    return answered


def limits(url: str) -> set[str]:
    found: dict[str, list[dict[str, str]]] = ask(url, LIMITS)["instance"]  # type: ignore[assignment]
    return {each["concurrencyKey"] for each in found["concurrencyLimits"]}


def test_schedules_run_beside_the_page(dagster: str) -> None:
    """All daemons are well, as under `dagster dev`."""
    deadline = time.monotonic() + 60
    while True:
        asked = str(ask(dagster, DAEMONS))
        if "True" in asked and "False" not in asked:
            return
        assert time.monotonic() < deadline, asked
        time.sleep(0.5)


def test_a_query_in_an_address_changes_nothing(dagster: str) -> None:
    """Any page could show such a picture."""
    response = httpx.get(f"{dagster}/graphql", params={"query": STOP % "address"})
    assert response.status_code == 405
    assert limits(dagster) == set()


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_a_website_changes_nothing(dagster: str, name: str) -> None:
    """Pictures, forms, scripts and WebSockets in a browser on this machine do nothing."""
    with (
        browser() as chromium,
        scripted_server(bytes_response(b"<p>page</p>", content_type="text/html")) as website,
    ):
        page = chromium.new_page()
        page.goto(website.url.removesuffix("/api/v1").replace("127.0.0.1", name))
        assert page.evaluate(ATTACK, [dagster, STOP]) == "refused"
        page.close()
    assert limits(dagster) == set()


@pytest.mark.long
def test_a_person_sees_the_page_and_may_steer(dagster: str) -> None:
    """Its parts are drawn, its WebSocket is opened, and a change is made."""
    with browser() as chromium:
        page = chromium.new_page()
        accepted: list[str] = []
        page.on(
            "websocket",
            lambda socket: socket.on("framereceived", lambda text: accepted.append(str(text))),
        )
        page.goto(dagster)
        page.get_by_role("link", name="Catalog").or_(page.get_by_text("Assets")).first.wait_for()
        wait_until(page, lambda: any("connection_ack" in text for text in accepted))
        answered = page.evaluate(
            """async query => (await fetch('/graphql', {
                method: 'POST',
                headers: {'Content-Type': 'application/json'},
                body: JSON.stringify({query}),
            })).status""",
            STOP % "own",
        )
        assert answered == 200
        page.close()
    assert limits(dagster) == {"own"}


def wait_until(page: Page, condition: object) -> None:
    deadline = time.monotonic() + 60
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline
        page.wait_for_timeout(100)
