"""A real browser for tests: Debian's Chromium, or the one that CHROMIUM names."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright
from support.requirements import require_browser
from waitress import create_server, wasyncore

from dashboards.app import build
from dashboards.generations import Sources
from pipelines.publish import query
from warehouse.connection import open_published


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser for as long as the `with` lasts."""
    path = require_browser()
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            yield launched
        finally:
            launched.close()


@contextmanager
def dashboard(published: Path, secret: str | None = None, **more: Any) -> Iterator[str]:
    """The dashboard on the generations beside this link, served as the command serves it; its address."""
    sources = Sources(published, open_published, query.frame, **more)
    server = create_server(build(sources, secret).server, host="127.0.0.1", port=0, threads=8)
    running = Thread(target=server.run, daemon=True)
    running.start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}"
    finally:
        # First those who answer, then the sockets, from within the loop that watches them.
        server.task_dispatcher.shutdown()
        server.trigger.pull_trigger(lambda: wasyncore.close_all(server._map, ignore_all=True))
        running.join(timeout=10)


# Cards are made when they come near, so the page is looked at from top to bottom.
LOOK = """async () => {
    const waiting = () => document.querySelector('.waiting');
    for (const end = performance.now() + 20000; waiting() && performance.now() < end;) {
        waiting().scrollIntoView();
        await new Promise(done => setTimeout(done, 50));
    }
    window.scrollTo(0, 0);
}"""


def settled(page: Page) -> Page:
    """The page once its body is there, every card of it was near, and none waits for anything."""
    seen(page)
    page.evaluate(LOOK)
    return seen(page)


def seen(page: Page) -> Page:
    """The page once what is on the screen is there."""
    page.wait_for_function(
        "() => document.querySelector('#body') && document.querySelector('#body').children.length > 0"
    )
    page.wait_for_function("() => !document.querySelector('[data-dash-is-loading=true]')")
    page.wait_for_function(
        "() => [...document.querySelectorAll('.dash-graph')].every(graph => graph.querySelector('.main-svg'))"
    )
    return page
