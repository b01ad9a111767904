"""Waiting times of the dashboard: first page, and filters of twenty viewers while publishing.

The dashboard is the real command in a separate process, on a home as large_home.py makes it. The
first page is drawn in a real browser with an empty cache. Viewers send the requests that this
browser was seen to send, each with different choices, so that caches help as much as they would
among people. Beside it Streamlit draws one of our charts from the same file with the same SQL; one
browser changes the same filter in both, in turns.
"""

import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from shutil import which
from typing import Annotated, Any

import typer
from measuring.comparison import summary
from measuring.timing import MIB, resident_bytes
from measuring.viewers import AIMS, Pages, Seen, Viewer
from peers.dashboard_chart import compare_charts, first_page, serve
from playwright.sync_api import Browser, sync_playwright
from rich.console import Console
from rich.table import Table

from dashboards.generations import OpenGeneration
from dashboards.pages import find_page
from pipelines.publish.generations import newest, publish
from pipelines.settings import Settings
from pipelines.transform.build import lower_priority
from warehouse.connection import open_published, session

FILTERED = ("/market", "/model", "/tier", "/efficiency", "/metal")
# All that is on the screen is drawn; cards further down are drawn when they come near.
READY = """() => {
    const isSeen = part => part.getBoundingClientRect().top < window.innerHeight;
    const graphs = [...document.querySelectorAll('.dash-graph')].filter(isSeen);
    return document.querySelector('#body .card')
        && !document.querySelector('[data-dash-is-loading=true]')
        && graphs.every(graph => graph.querySelector('.main-svg'))
        && ![...document.querySelectorAll('.waiting')].some(isSeen);
}"""

NEWEST_HOURS = (Path(__file__).parent / "measuring" / "newest_hours.sql").read_text()
SHOWN = (
    "cores",
    "changes",
    "change_median",
    "change_most",
    "pages",
    "page_median",
    "page_p95",
    "scrolls",
    "scroll_p95",
    "published",
    "generations",
    "mixed",
)

stdout = Console(highlight=False, width=140)


def main(
    home: Annotated[
        Path,
        typer.Option(
            help="A home that was built and published, as large_home.py makes it.", exists=True
        ),
    ],
    viewers: Annotated[int, typer.Option(min=1, help="Viewers at once.")] = 20,
    seconds: Annotated[float, typer.Option(min=1, help="Seconds that they look.")] = 60,
    pause: Annotated[
        float, typer.Option(min=0.1, help="Mean seconds between a viewer's changes.")
    ] = 5,
    publishing: Annotated[bool, typer.Option(help="Publish again and again meanwhile.")] = True,
    every: Annotated[
        float, typer.Option(min=0, help="Seconds from one publishing to the next.")
    ] = 10,
    rounds: Annotated[
        int, typer.Option(min=1, help="Rounds in the browser; medians are printed.")
    ] = 7,
    peer: Annotated[
        Path | None, typer.Option(help="A Python that has streamlit, for the comparison.")
    ] = None,
    json_to: Annotated[
        Path | None, typer.Option("--json", help="Write the figures to this file.")
    ] = None,
) -> None:
    """Measure the dashboard; exit code 0 only if no response failed or mixed two generations.

    Examples:

        python benchmarks/large_home.py --home large-home

        python benchmarks/dashboard.py --home large-home

        python benchmarks/dashboard.py --home large-home --peer streamlit/bin/python --viewers 50
    """
    settings = Settings(home)
    with run_dashboard(settings) as (url, process), open_browser() as browser:
        first = [first_page(browser, url, READY) for _ in range(rounds)]
        market, file = f"{url}/market", newest(settings)
        compared = compare_charts(browser, market, file, peer, rounds) if peer else {}
        asked = record_requests(browser, url)
        people = [Viewer(url, asked, pages_of(file), pause, seed) for seed in range(viewers)]
        with publish_meanwhile(settings, every) if publishing else nullcontext(lambda: 0) as count:
            mib = watch_viewers(people, process.pid, seconds)
            published = count()
    report = report_of(first, [person.seen for person in people], mib, published) | compared
    show(report)
    if json_to:
        published_every = f"publishing every {every:g} s" if publishing else "no publishing"
        setting = f"{viewers} viewers, {published_every}"
        json_to.write_text(json.dumps({**report, "setting": setting, "aims": AIMS}))
    raise typer.Exit(1 if report["failures"] or report["mixed"] else 0)


@contextmanager
def run_dashboard(settings: Settings) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """Run `tokentide dashboard` on a home; yield its address and process."""
    environment = {**os.environ, "TOKENTIDE_HOME": str(settings.home)}
    command = [str(Path(sys.executable).with_name("tokentide")), "dashboard", "--port"]
    with serve(lambda port: [*command, port], environment, "/") as running:
        yield running


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Open a browser while the block runs."""
    names = ("chromium-headless-shell", "chromium", "google-chrome")
    path = os.environ.get("CHROMIUM") or next(filter(None, map(which, names)), None)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield launched
        launched.close()


def record_requests(browser: Browser, url: str) -> dict[str, Any]:
    """Return the requests of a filter change, of scrolling, and for the newest generation."""
    asked: dict[str, Any] = {}

    def keep(request: Any) -> None:
        if request.method == "POST" and (sent := request.post_data_json):
            kind = (
                "wanted"
                if any(given["id"] == "wanted" for given in sent["inputs"])
                else sent["output"]
            )
            asked["body" if "body.children" in kind else kind] = sent

    page = browser.new_page()
    page.on("request", keep)
    page.goto(f"{url}/market")
    page.wait_for_function(READY)
    page.get_by_text("Top 50", exact=True).click()
    page.wait_for_url("**basis=top50**")
    page.mouse.wheel(0, 3000)
    while not {"body", "generation.data", "wanted"} <= asked.keys():
        page.wait_for_timeout(200)
    page.close()
    return asked


def watch_viewers(people: Sequence[Viewer], pid: int, seconds: float) -> list[float]:
    """Let viewers look for some time; return the server's mebibytes meanwhile."""
    mib = []
    for person in people:
        person.start()
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        mib.append(resident_bytes(pid) / MIB)
        time.sleep(0.5)
    for person in people:
        person.stop.set()
    for person in people:
        person.join(30)
    return mib


def pages_of(file: Path) -> Pages:
    """Return the pages with filters and their controls."""
    generation = OpenGeneration(file, open_published)
    return {path: find_page(path).controls(generation) for path in FILTERED}


@contextmanager
def publish_meanwhile(settings: Settings, every: float) -> Iterator[Callable[[], int]]:
    """Publish again and again in another process while the block runs; yield a counter of it."""
    processes = multiprocessing.get_context("spawn")
    stop, count = processes.Event(), processes.Value("i", 0)
    process = processes.Process(target=publish_repeatedly, args=(settings, stop, count, every))
    process.start()
    try:
        yield lambda: count.value
    finally:
        stop.set()
        process.join()


def publish_repeatedly(settings: Settings, stop: Any, count: Any, every: float) -> None:
    """Change the newest hours and publish, until the event is set.

    What takes longer than `every` seconds begins again at once.
    """
    lower_priority()
    # DuckDB prints its progress.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    while not stop.is_set():
        began = time.monotonic()
        change_newest_hours(settings)
        publish(settings)
        count.value += 1
        stop.wait(max(every - (time.monotonic() - began), 0))


def change_newest_hours(settings: Settings) -> None:
    """Change the newest hour of the tier's tables, as new telemetry does; the market stays."""
    with session(settings.warehouse) as con:
        for table, changes in con.sql(NEWEST_HOURS).fetchall():
            newest_hour = f"(select max(hour_at) from marts.{table})"
            con.execute(f"update marts.{table} set {changes} where hour_at = {newest_hour}")


def report_of(
    first: list[float], seen: list[Seen], mib: list[float], published: int
) -> dict[str, Any]:
    """Return all figures: seconds of first page, filters, pages and scrolling, memory, failures."""
    changes = sorted(spent for one in seen for spent in one.filter_seconds)
    pages = sorted(spent for one in seen for spent in one.page_seconds)
    scrolls = sorted(spent for one in seen for spent in one.scroll_seconds)
    return {
        "cores": len(os.sched_getaffinity(0)),
        "first_page": summary(first),
        "changes": len(changes),
        "change_median": statistics.median(changes),
        "change_p95": p95(changes),
        "change_most": changes[-1],
        "pages": len(pages),
        "page_median": statistics.median(pages) if pages else None,
        "page_p95": p95(pages),
        "scrolls": len(scrolls),
        "scroll_p95": p95(scrolls),
        "server_mib": max(mib),
        "published": published,
        "generations": len(set().union(*(one.generations for one in seen))),
        "mixed": sum(one.mixed for one in seen),
        "failures": [text for one in seen for text in one.failures],
    }


def p95(ordered: Sequence[float]) -> float | None:
    """Return the value that 95 of 100 do not exceed, of values in order."""
    return ordered[int(len(ordered) * 0.95)] if ordered else None


def show(report: dict[str, Any]) -> None:
    """Print the report for a person."""
    first = report["first_page"]
    aims = [
        ("first page, s (median)", first["median"], AIMS["first_page_seconds"]),
        ("first page, s (the very first)", first["values"][0], AIMS["first_page_seconds"]),
        ("filter change, s (95 of 100)", report["change_p95"], AIMS["change_seconds"]),
        ("server, MB (most)", report["server_mib"] * MIB / 1e6, AIMS["server_mb"]),
    ]
    shown = Table("figure", "measured", "at most", "met")
    for name, value, most in aims:
        shown.add_row(name, f"{value:.3g}", f"{most:g}", "yes" if value <= most else "NO")
    stdout.print(shown)
    stdout.print(
        ", ".join(
            f"{name.replace('_', ' ')}: {report[name]:.4g}"
            for name in SHOWN
            if report[name] is not None
        )
    )
    for failure in report["failures"][:5]:
        stdout.print(f"failed: {failure}")
    if "chart" in report:
        beside = Table("the same chart", "ours, s", "Streamlit, s", "times as long")
        for name, what in (
            ("chart", "until it is there"),
            ("chart_change", "until it has changed"),
        ):
            ours, theirs = report[name]["ours"]["median"], report[name]["theirs"]["median"]
            beside.add_row(what, f"{ours:.3f}", f"{theirs:.3f}", f"{theirs / ours:.1f}")
        stdout.print(beside, f"Streamlit's server: {report['peer_mib']:.0f} MiB")


if __name__ == "__main__":
    typer.run(main)
