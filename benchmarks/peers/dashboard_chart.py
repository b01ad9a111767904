"""The dashboard's share chart beside Streamlit's: servers on free ports, one browser."""

import json
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from measuring.comparison import summary
from measuring.timing import MIB, resident_bytes
from playwright.sync_api import Browser, Page

from dashboards.components.filters import read_filters
from dashboards.components.page import Card, CardPage
from dashboards.generations import OpenGeneration
from dashboards.pages import find_page
from dashboards.query import inline
from warehouse.connection import open_published

BASES = {"Platform": "platform", "Top 50": "top50"}
PEER = Path(__file__).parent / "dashboard_streamlit.py"
STREAMLIT = (
    "--server.headless=true",
    "--browser.gatherUsageStats=false",
    "--server.fileWatcherType=none",
    "--server.address=127.0.0.1",
)
DRAWN = """() => {
    const drawing = document.querySelector('.js-plotly-plot');
    return drawing && drawing._fullData && drawing._fullData.length > 1;
}"""
# Seconds from the click to other figures in the first chart.
CHANGE = """async text => {
    const first = () => [...document.querySelectorAll('.js-plotly-plot')].slice(0, 1);
    const figures = () => JSON.stringify(first().map(
        drawing => (drawing._fullData || []).map(trace => Array.from(trace.y || []))));
    const before = figures(), started = performance.now();
    const labels = [...document.querySelectorAll('label')];
    labels.find(label => label.innerText.trim() === text).click();
    while (figures() === before || figures() === '[]') {
        if (performance.now() - started > 20000) { return null; }
        await new Promise(done => setTimeout(done, 2));
    }
    return (performance.now() - started) / 1000;
}"""


@contextmanager
def serve(
    command: Callable[[str], Sequence[str]], environment: dict[str, str], path: str
) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """Run a server on a free port; yield its address and process once it answers at this path."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url, words = f"http://127.0.0.1:{port}", command(str(port))
    process = subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while not _responds(url + path):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{' '.join(words)} did not start.")
            time.sleep(0.1)
        yield url, process
    finally:
        process.terminate()
        process.wait(20)


def _responds(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def first_page(browser: Browser, url: str, ready: str) -> float:
    """Return the seconds until all is drawn in a browser with an empty cache."""
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    page = context.new_page()
    started = time.perf_counter()
    page.goto(url, wait_until="commit")
    page.wait_for_function(ready, polling=10)
    took = time.perf_counter() - started
    context.close()
    return took


def compare_charts(
    browser: Browser, url: str, file: Path, peer: Path, rounds: int
) -> dict[str, Any]:
    """Measure the same chart in both, in turns: until it is drawn, and until it has changed."""
    with tempfile.TemporaryDirectory(prefix="tokentide-benchmark-") as folder:
        asked = Path(folder, "asked.json")
        asked.write_text(json.dumps({"file": str(file), "questions": _questions(file)}))
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        run = [str(peer), "-m", "streamlit", "run", str(PEER), *STREAMLIT]
        with serve(
            lambda port: [*run, "--server.port", port, "--", str(asked)],
            environment,
            "/_stcore/health",
        ) as (theirs, process):
            first: dict[str, list[float]] = {"ours": [], "theirs": []}
            for _ in range(rounds):
                first["ours"].append(first_page(browser, url, DRAWN))
                first["theirs"].append(first_page(browser, theirs, DRAWN))
            pages = {"ours": _open(browser, url), "theirs": _open(browser, theirs)}
            changes: dict[str, list[float]] = {"ours": [], "theirs": []}
            for turn in range(2 * rounds):
                for name, page in pages.items():
                    changes[name].append(page.evaluate(CHANGE, list(BASES)[1 - turn % 2]))
            peer_mib = resident_bytes(process.pid) / MIB
    return {
        "chart": {name: summary(spent) for name, spent in first.items()},
        "chart_change": {name: summary(spent) for name, spent in changes.items()},
        "peer_mib": peer_mib,
    }


def _questions(path: Path) -> dict[str, str]:
    """Return the SQL of the share chart on each basis, as our page runs it."""
    market = find_page("/market")
    assert isinstance(market, CardPage)  # noqa: S101  a benchmark's own page
    generation = OpenGeneration(path, open_published)
    found = {}
    for label, basis in BASES.items():
        filters = read_filters(f"?basis={basis}", market.controls(generation))
        cards = market.cards(filters, generation)
        [share] = [card for card in cards if isinstance(card, Card) and card.key == "share"]
        found[label] = inline(share.query)
    return found


def _open(browser: Browser, url: str) -> Page:
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    page.goto(url)
    page.wait_for_function(DRAWN)
    page.wait_for_timeout(1000)
    return page
