"""The dashboard's share chart beside Streamlit's, and what both need: servers on free ports, and a browser that was never there before."""

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
from comparison import summary
from playwright.sync_api import Browser, Page
from stopwatch import MIB, resident_bytes

from dashboards.components.filters import read_filters
from dashboards.components.page import Card
from dashboards.generations import Generation
from dashboards.pages import page_of
from dashboards.query import inlined
from warehouse.connection import open_published

BASES = {"Platform": "platform", "Top 50": "top50"}
PEER = Path(__file__).parent / "dashboard_streamlit.py"
DRAWN = """() => {
    const drawing = document.querySelector('.js-plotly-plot');
    return drawing && drawing._fullData && drawing._fullData.length > 1;
}"""
# From the click to the other figures in the first chart.
CHANGE = """async text => {
    const figures = () => JSON.stringify([...document.querySelectorAll('.js-plotly-plot')].slice(0, 1).map(
        drawing => (drawing._fullData || []).map(trace => Array.from(trace.y || []))));
    const before = figures(), started = performance.now();
    [...document.querySelectorAll('label')].find(label => label.innerText.trim() === text).click();
    while (figures() === before || figures() === '[]') {
        if (performance.now() - started > 20000) { return null; }
        await new Promise(done => setTimeout(done, 2));
    }
    return (performance.now() - started) / 1000;
}"""


@contextmanager
def serving(
    command: Callable[[str], Sequence[str]], environment: dict[str, str], path: str
) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """A server on a free port, which its command is told; its address once it answers at this path."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url, words = f"http://127.0.0.1:{port}", command(str(port))
    process = subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while not _answers(url + path):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{' '.join(words)} did not start.")
            time.sleep(0.1)
        yield url, process
    finally:
        process.terminate()
        process.wait(20)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def first_page(browser: Browser, url: str, ready: str) -> float:
    """Seconds until all is drawn for a browser that was never here."""
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    page = context.new_page()
    started = time.perf_counter()
    page.goto(url, wait_until="commit")
    page.wait_for_function(ready, polling=10)
    took = time.perf_counter() - started
    context.close()
    return took


def beside(browser: Browser, url: str, generation: Path, peer: Path, rounds: int) -> dict[str, Any]:
    """The same chart in both, in turns: until it is there, and until it has changed."""
    with tempfile.TemporaryDirectory(prefix="tokentide-benchmark-") as folder:
        asked = Path(folder, "asked.json")
        asked.write_text(json.dumps({"file": str(generation), "questions": _questions(generation)}))
        options = [
            "--server.headless",
            "true",
            "--browser.gatherUsageStats",
            "false",
            "--server.fileWatcherType",
            "none",
            "--server.address",
            "127.0.0.1",
        ]
        script = ["--", str(asked)]
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        run = [str(peer), "-m", "streamlit", "run", str(PEER), *options]
        with serving(
            lambda port: [*run, "--server.address", "127.0.0.1", "--server.port", port, *script],
            environment,
            "/_stcore/health",
        ) as (theirs, process):
            first = {"ours": [], "theirs": []}
            for _ in range(rounds):
                first["ours"].append(first_page(browser, url, DRAWN))
                first["theirs"].append(first_page(browser, theirs, DRAWN))
            sides = {"ours": _opened(browser, url), "theirs": _opened(browser, theirs)}
            changes: dict[str, list[float]] = {"ours": [], "theirs": []}
            for turn in range(2 * rounds):
                for name, page in sides.items():
                    changes[name].append(page.evaluate(CHANGE, list(BASES)[1 - turn % 2]))
            peer_mib = resident_bytes(process.pid) / MIB
    return {
        "chart": {name: summary(spent) for name, spent in first.items()},
        "chart_change": {name: summary(spent) for name, spent in changes.items()},
        "peer_mib": peer_mib,
    }  # fmt: skip


def _questions(path: Path) -> dict[str, str]:
    """The SQL of the share chart on each basis, as our page asks it."""
    market = page_of("/market")
    generation = Generation(path, open_published)
    found = {}
    for label, basis in BASES.items():
        cards = market.cards_for(
            read_filters(f"?basis={basis}", market.controls(generation)), generation
        )
        [share] = [card for card in cards if isinstance(card, Card) and card.key == "share"]
        found[label] = inlined(share.query)
    return found


def _opened(browser: Browser, url: str) -> Page:
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    page.goto(url)
    page.wait_for_function(DRAWN)
    page.wait_for_timeout(1000)
    return page
