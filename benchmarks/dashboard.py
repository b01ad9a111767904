"""What a viewer of the dashboard waits: the first page, and a filter change among twenty viewers while publishing goes on.

The dashboard is the real command in a process of its own, on a home as large_home.py makes it. The first page is seen in a real browser
with an empty cache. Viewers send the requests that this browser was seen to send, each with choices of its own, so that what is kept of
earlier answers helps as much as it would among people. Beside it Streamlit draws one of our charts from the same file with the same SQL;
one browser changes the same filter in both, in turns.
"""

import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from shutil import which
from typing import Annotated, Any

import typer
from comparison import summary
from dashboard_beside import beside, first_page, serving
from dashboard_viewers import Pages, Seen, Viewer
from playwright.sync_api import Browser, sync_playwright
from rich.console import Console
from rich.table import Table
from stopwatch import MIB, resident_bytes

from dashboards.generations import Generation
from dashboards.pages import page_of
from pipelines.publish.generations import newest, publish
from pipelines.settings import Settings
from pipelines.transform.dbt import lower_priority
from warehouse.connection import open_published, open_warehouse

FIRST_PAGE_SECONDS, CHANGE_SECONDS, SERVER_MB = 1.0, 0.2, 500.0
FILTERED = ("/market", "/model", "/tier", "/efficiency", "/metal")
# All that is on the screen is drawn; cards further down are made when they come near.
READY = """() => {
    const isSeen = part => part.getBoundingClientRect().top < window.innerHeight;
    return document.querySelector('#body .card') && !document.querySelector('[data-dash-is-loading=true]')
        && [...document.querySelectorAll('.dash-graph')].filter(isSeen).every(graph => graph.querySelector('.main-svg'))
        && ![...document.querySelectorAll('.waiting')].some(isSeen);
}"""

NEWEST_HOURS = """
    select table_name, string_agg(format('{0} = {0} * 1.001', column_name), ', ')
    from duckdb_columns()
    where
        schema_name = 'marts' and data_type = 'DOUBLE'
        and table_name in (select table_name from duckdb_columns() where schema_name = 'marts' and column_name = 'hour_at')
    group by table_name
"""

answers = Console(highlight=False, width=140)


def main(
    home: Annotated[
        Path,
        typer.Option(
            help="A home that was built and published, as large_home.py makes it.", exists=True
        ),
    ],
    viewers: Annotated[int, typer.Option(min=1, help="How many look at once.")] = 20,
    seconds: Annotated[float, typer.Option(min=1, help="For how long they do.")] = 60,
    pause: Annotated[
        float, typer.Option(min=0.1, help="Mean seconds between a viewer's changes.")
    ] = 5,
    publishing: Annotated[bool, typer.Option(help="Publish again and again meanwhile.")] = True,
    rounds: Annotated[
        int, typer.Option(min=1, help="Rounds of what is seen in the browser; medians are given.")
    ] = 7,
    peer: Annotated[
        Path | None, typer.Option(help="A Python that has streamlit; without it ours stands alone.")
    ] = None,
    json_to: Annotated[
        Path | None, typer.Option("--json", help="Write the figures to this file.")
    ] = None,
) -> None:
    """Measure the dashboard; exit code 0 only where no answer failed and none was of two generations.

    Examples:

        python benchmarks/large_home.py --home /tmp/large-home && python benchmarks/dashboard.py --home /tmp/large-home

        python benchmarks/dashboard.py --home /tmp/large-home --peer streamlit/bin/python --viewers 50 --pause 10
    """
    settings = Settings(home)
    with _ours(settings) as (url, process), _browser() as browser:
        first = [first_page(browser, url, READY) for _ in range(rounds)]
        compared = beside(browser, f"{url}/market", newest(settings), peer, rounds) if peer else {}
        asked = _what_the_browser_asks(browser, url)
        seen, mib, published = _among_viewers(
            settings, url, process.pid, asked, viewers, seconds, pause, publishing
        )
    report = _report(first, seen, mib, published) | compared
    _show(report)
    if json_to:
        json_to.write_text(json.dumps(report))
    raise typer.Exit(1 if report["failures"] or report["mixed"] else 0)


@contextmanager
def _ours(settings: Settings) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    environment = {**os.environ, "TOKENTIDE_HOME": str(settings.home)}
    with serving(
        lambda port: [
            str(Path(sys.executable).with_name("tokentide")),
            "dashboard",
            "--port",
            port,
        ],
        environment,
        "/",
    ) as running:
        yield running


@contextmanager
def _browser() -> Iterator[Browser]:
    path = os.environ.get("CHROMIUM") or which("chromium") or which("google-chrome")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield launched
        launched.close()


def _what_the_browser_asks(browser: Browser, url: str) -> dict[str, Any]:
    """A filter change, a look further down, and the question whether there is a new generation, as the browser sends them."""
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


def _among_viewers(
    settings: Settings,
    url: str,
    pid: int,
    asked: dict[str, Any],
    viewers: int,
    seconds: float,
    pause: float,
    is_publishing: bool,
) -> tuple[list[Seen], list[float], int]:
    """What viewers saw, the server's mebibytes meanwhile, and how often something was published."""
    stop, mib = threading.Event(), []
    people = [Viewer(url, asked, _pages(settings), pause, seed, stop) for seed in range(viewers)]
    with _publishing(settings) if is_publishing else nullcontext(lambda: 0) as count:
        for person in people:
            person.start()
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            mib.append(resident_bytes(pid) / MIB)
            time.sleep(0.5)
        stop.set()
        for person in people:
            person.join(30)
        published = count()
    return [person.seen for person in people], mib, published


def _pages(settings: Settings) -> Pages:
    generation = Generation(newest(settings), open_published)
    return {path: page_of(path).controls(generation) for path in FILTERED}


@contextmanager
def _publishing(settings: Settings) -> Iterator[Callable[[], int]]:
    """Another process publishes again and again while the block runs; how often it did."""
    processes = multiprocessing.get_context("spawn")
    stop, count = processes.Event(), processes.Value("i", 0)
    process = processes.Process(target=_publish, args=(settings, stop, count))
    process.start()
    try:
        yield lambda: count.value
    finally:
        stop.set()
        process.join()


def _publish(settings: Settings, stop: Any, count: Any) -> None:
    lower_priority()
    # DuckDB draws how far it is.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    while not stop.is_set():
        _hear_of_the_tier(settings)
        publish(settings)
        count.value += 1


def _hear_of_the_tier(settings: Settings) -> None:
    """As when telemetry came: the newest hour of every hourly table of the tier is another, and the market is as it was."""
    with open_warehouse(settings.warehouse) as con:
        for table, changes in con.sql(NEWEST_HOURS).fetchall():
            con.execute(
                f"update marts.{table} set {changes} where hour_at = (select max(hour_at) from marts.{table})"
            )


def _report(
    first: list[float], seen: list[Seen], mib: list[float], published: int
) -> dict[str, Any]:
    changes = sorted(spent for one in seen for spent in one.filter_seconds)
    pages = sorted(spent for one in seen for spent in one.page_seconds)
    scrolls = sorted(spent for one in seen for spent in one.scroll_seconds)
    return {
        "cores": len(os.sched_getaffinity(0)), "first_page": summary(first), "changes": len(changes),
        "change_median": statistics.median(changes),
        "change_p95": changes[int(len(changes) * 0.95)], "change_most": changes[-1], "pages": len(pages),
        "page_median": statistics.median(pages) if pages else None, "page_p95": pages[int(len(pages) * 0.95)] if pages else None,
        "scrolls": len(scrolls), "scroll_p95": scrolls[int(len(scrolls) * 0.95)] if scrolls else None, "server_mib": max(mib),
         "published": published,
        "generations": len(set().union(*(one.generations for one in seen))), "mixed": sum(one.mixed for one in seen),
        "failures": [text for one in seen for text in one.failures],
    }  # fmt: skip


def _show(report: dict[str, Any]) -> None:
    first = report["first_page"]
    aims = [
        ("first page, s (median)", first["median"], FIRST_PAGE_SECONDS),
        ("first page, s (the very first)", first["values"][0], FIRST_PAGE_SECONDS),
        ("filter change, s (95 of 100)", report["change_p95"], CHANGE_SECONDS),
        ("server, MB (most)", report["server_mib"] * MIB / 1e6, SERVER_MB),
    ]  # fmt: skip
    shown = Table("figure", "measured", "at most", "met")
    for name, value, most in aims:
        shown.add_row(name, f"{value:.3g}", f"{most:g}", "yes" if value <= most else "NO")
    answers.print(shown)
    told = (
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
    answers.print(
        ", ".join(
            f"{name.replace('_', ' ')}: {report[name]:.4g}"
            for name in told
            if report[name] is not None
        )
    )
    for failure in report["failures"][:5]:
        answers.print(f"failed: {failure}")
    if "chart" in report:
        beside = Table("the same chart", "ours, s", "Streamlit, s", "times as long")
        for name, what in (
            ("chart", "until it is there"),
            ("chart_change", "until it has changed"),
        ):
            ours, theirs = report[name]["ours"]["median"], report[name]["theirs"]["median"]
            beside.add_row(what, f"{ours:.3f}", f"{theirs:.3f}", f"{theirs / ours:.1f}")
        answers.print(beside, f"Streamlit's server: {report['peer_mib']:.0f} MiB")


if __name__ == "__main__":
    typer.run(main)
