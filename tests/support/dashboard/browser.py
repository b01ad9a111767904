"""A real browser for tests: Debian's Chromium, or the one that CHROMIUM names."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Error, Page, expect, sync_playwright
from support.rules.requirements import require_browser
from waitress import wasyncore

from dashboards.app import build
from dashboards.generations import AppContext
from dashboards.web.server import DashboardServer, make_server
from pipelines.errors import QueryFailed
from pipelines.publish import query
from warehouse.connection import open_published

# Where tests of three kinds share two cores, what takes a second may take many.
PATIENCE_MS = 90_000
expect.set_options(timeout=PATIENCE_MS)
SERIOUS = frozenset({"serious", "critical"})


@contextmanager
def browser() -> Iterator[Browser]:
    """Start a browser for as long as the `with` lasts."""
    path = require_browser()
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            yield launched
        finally:
            launched.close()


def context_of(published: Path, **more: Any) -> AppContext:
    """Return the context of a dashboard on the generations beside this link."""
    return AppContext(
        published=published,
        open_published=open_published,
        run_sql=query.frame,
        sql_errors=(QueryFailed,),
        **more,
    )


@contextmanager
def dashboard(published: Path, secret: str | None = None, **more: Any) -> Iterator[str]:
    """Serve the dashboard as the command does, and yield its address."""
    app = build(context_of(published, **more), secret)
    with running_server(make_server(app.server, "127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.effective_port}"


@contextmanager
def running_server(server: DashboardServer) -> Iterator[DashboardServer]:
    """Run a server in a thread while the block lasts."""
    running = Thread(target=server.run, daemon=True)
    running.start()
    try:
        yield server
    finally:
        # First the threads that respond, then the sockets, from within the loop that watches them.
        server.task_dispatcher.shutdown()
        # A loop that was just awake has closed all, this trigger too, before the trigger is pulled.
        with suppress(OSError):
            server.trigger.pull_trigger(lambda: wasyncore.close_all(server._map, ignore_all=True))
        running.join(timeout=10)


# Cards are drawn when they come near, so scroll through the page from top to bottom.
SCROLL = """async () => {
    const waiting = () => document.querySelector('.waiting');
    for (const end = performance.now() + 60000; waiting() && performance.now() < end;) {
        waiting().scrollIntoView();
        await new Promise(done => setTimeout(done, 50));
    }
    window.scrollTo(0, 0);
}"""
UNFOLD = """() => document.querySelectorAll('details.section').forEach(
    section => { section.open = true; })"""
HAS_BODY = "() => document.querySelector('#body')?.children.length > 0"
IS_LOADED = "() => !document.querySelector('[data-dash-is-loading=true]')"
HAS_CHARTS = """() => [...document.querySelectorAll('.dash-graph')].every(
    graph => graph.querySelector('.main-svg'))"""

# The script of tables comes with the first one, and rows some frames after the table.
HAS_TABLES = """() => [...document.querySelectorAll('.grid-frame')].every(
    frame => !frame.checkVisibility({ contentVisibilityAuto: true })
        || frame.querySelector('.ag-row, .ag-overlay-no-rows-center'))"""


def wait_for_page(page: Page) -> Page:
    """Return the page once every card of it is drawn, those below and folded ones included."""
    wait_for_screen(page)
    page.evaluate(UNFOLD)
    page.evaluate(SCROLL)
    return wait_for_screen(page)


def wait_for_screen(page: Page) -> Page:
    """Return the page once everything on the screen is there; it is given more time from now on."""
    page.set_default_timeout(PATIENCE_MS)
    for condition in (HAS_BODY, IS_LOADED, HAS_CHARTS, HAS_TABLES):
        page.wait_for_function(condition, polling=100)
    return page


def choose(page: Page, label: str, option: str) -> None:
    """Choose an option of a select by its label."""
    box = page.get_by_role("textbox", name=label).or_(page.get_by_role("combobox", name=label))
    box.first.click()
    page.get_by_role("option", name=option, exact=True).click()


def find_serious(page: Page) -> list[tuple[str, Any, str]]:
    """Return the problems of accessibility that keep somebody out, as axe-core finds them."""
    return [
        (problem["id"], node["target"], node["failureSummary"])
        for problem in Axe().run(page).response["violations"]
        for node in problem["nodes"]
        if problem["impact"] in SERIOUS
    ]


def watch_errors(page: Page) -> list[str]:
    """Return a list that fills with the errors of the page as they happen."""
    errors: list[str] = []

    def note(error: Error) -> None:
        if not is_of_a_removed_component(error):
            errors.append(f"{error}\n{error.stack}")

    page.on("pageerror", note)
    page.on(
        "console",
        lambda message: errors.append(message.text) if message.type == "error" else None,
    )
    return errors


def is_of_a_removed_component(error: Error) -> bool:
    """Tell whether a component of Dash drew an update after its element had left the page.

    Dash's Graph queues its updates and asks for its element only when their turn comes, so whoever
    leaves a page at that moment has this line in the console and sees nothing else of it.
    """
    is_its_element = error.message == "Cannot read properties of null (reading 'classList')"
    frames = [line for line in (error.stack or "").splitlines() if line.lstrip().startswith("at ")]
    return is_its_element and bool(frames) and "/_dash-component-suites/" in frames[0]


def watch_requests(page: Page) -> list[str]:
    """Return a list that fills with the addresses that the page requests."""
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    return addresses


# Kept for the tab, as a click may lead to another page.
COUNT_CLICKS = """document.addEventListener('click', event => {
    if (event.isTrusted) sessionStorage.clicks = Number(sessionStorage.clicks ?? 0) + 1;
}, true)"""


def count_clicks(page: Page) -> Callable[[], int]:
    """Return a function that counts the clicks of a person on this page and where they led."""
    page.add_init_script(COUNT_CLICKS)
    return lambda: int(page.evaluate("() => Number(sessionStorage.clicks ?? 0)"))
