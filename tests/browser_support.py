"""A real browser for tests: Debian's Chromium or the one that CHROMIUM names. Without one the tests skip, and say so."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from waitress import create_server

from dashboards.app import build
from dashboards.sources import Sources
from pipelines import query
from warehouse.connection import open_published


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser for as long as the `with` lasts."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not path:
        pytest.skip("no Chromium: install Debian's chromium, or name one in CHROMIUM")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            yield launched
        finally:
            launched.close()


@contextmanager
def dashboard(published: Path, **more: object) -> Iterator[str]:
    """The dashboard on the generations beside this link, served as the command serves it; its address."""
    sources = Sources(published, open_published, query.frame, **more)  # type: ignore[arg-type]
    server = create_server(build(sources).server, host="127.0.0.1", port=0, threads=8)
    Thread(target=server.run, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}"
    finally:
        server.close()


def settled(page: Page) -> Page:
    """The page once its body is there and no card waits for anything."""
    page.wait_for_function("document.querySelector('#body') && document.querySelector('#body').children.length > 0")
    page.wait_for_function("!document.querySelector('[data-dash-is-loading=true]')")
    return page
