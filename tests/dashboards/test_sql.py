"""The SQL page: people ask what they like, and nothing that they ask reaches beyond the published file."""

import io
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from browser_support import browser, dashboard, settled
from playwright.sync_api import Page
from published_support import published

from dashboards.pages.sql import examples
from dashboards.sources import Published, Sources
from dashboards.sql_queue import QueueFullError, SqlQueue
from dashboards.sql_worker import Job, Outcome, Worker
from pipelines import query
from pipelines.publish import NEWEST
from pipelines.settings import Settings
from warehouse.connection import open_published

pytestmark = pytest.mark.slow
HOSTILE = (
    "select * from read_csv('/etc/passwd')",
    "select * from '/etc/passwd'",
    "select content from read_text('/etc/hostname')",
    "select * from glob('/etc/*')",
    "attach '/tmp/other.duckdb'",
    "copy (select 1) to '/tmp/tokentide-hostile.csv'",
    "install httpfs",
    "load httpfs",
    "set enable_external_access = true",
    "set memory_limit = '100GB'",
    "pragma enable_profiling",
    "select getenv('HOME')",
    "create table marts.mine as select 1",
    "drop table marts.market_days",
    "select 1; drop table marts.market_days",
)
ENDLESS = "select sum(a.i * b.i % 7) from range(1000000) as a (i), range(1000000) as b (i)"
GREEDY = "select list(a.i || repeat('x', 1000)) from range(10000000) as a (i)"


SAID = "/rows? in|failed/.test(document.querySelector('#sql-result').innerText)"


def slow(path: Path, sql: str, seconds: float, rows: int) -> pl.DataFrame:
    """What DuckDB does, except for a query that nothing can interrupt."""
    if sql == "sleep":
        time.sleep(60)
    return query.frame(path, sql, seconds, rows)


@pytest.fixture(scope="module")
def link(tmp_path_factory: pytest.TempPathFactory) -> Path:
    settings = Settings(home=tmp_path_factory.mktemp("sql") / "home")
    published(settings)
    return settings.published / NEWEST


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    made = Worker(slow, grace_seconds=20.0)
    yield made
    made.kill()


def ask(worker: Worker, link: Path, folder: Path, sql: str, seconds: float = 5.0, most: int = 1000) -> Outcome:
    return worker.run(Job(link, sql, folder / "rows.parquet", seconds, most))


@pytest.mark.parametrize("sql", HOSTILE)
def test_what_is_hostile_is_refused(worker: Worker, link: Path, tmp_path: Path, sql: str) -> None:
    """With the reason as DuckDB says it, no rows, and nothing written."""
    outcome = ask(worker, link, tmp_path, sql)
    assert outcome.error
    assert outcome.rows == 0
    assert not list(tmp_path.iterdir())
    assert not Path("/tmp/tokentide-hostile.csv").exists()
    assert ask(worker, link, tmp_path, "select count(*) from market_days").error == ""


def test_a_query_that_takes_too_long_is_stopped_and_the_next_one_runs(worker: Worker, link: Path, tmp_path: Path) -> None:
    """DuckDB is interrupted, in the same process."""
    assert ask(worker, link, tmp_path, "select 1").error == ""
    process = worker.pid
    assert "took longer than 0.5 s" in ask(worker, link, tmp_path, ENDLESS, seconds=0.5).error
    assert ask(worker, link, tmp_path, "select 1").rows == 1
    assert worker.pid == process


def test_memory_is_bounded(worker: Worker, link: Path, tmp_path: Path) -> None:
    """What needs more than it may have fails by itself, and the next query runs."""
    assert "emory" in ask(worker, link, tmp_path, GREEDY, seconds=30).error
    assert ask(worker, link, tmp_path, "select 1").rows == 1


def test_what_cannot_be_interrupted_is_killed(link: Path, tmp_path: Path) -> None:
    """The process goes, another comes, and the outcome is there when time and grace are over."""
    worker = Worker(slow, grace_seconds=4.0)
    try:
        assert ask(worker, link, tmp_path, "select 1", seconds=20).error == ""
        process, began = worker.pid, time.monotonic()
        assert "was stopped" in ask(worker, link, tmp_path, "sleep", seconds=0.2).error
        assert time.monotonic() - began < 10
        assert ask(worker, link, tmp_path, "select 1", seconds=20).rows == 1
        assert worker.pid != process
    finally:
        worker.kill()


def test_rows_beyond_the_most_are_cut_and_it_is_said(worker: Worker, link: Path, tmp_path: Path) -> None:
    """The first ones are kept."""
    outcome = ask(worker, link, tmp_path, "from range(50)", most=10)
    assert (outcome.rows, outcome.is_cut) == (10, True)
    assert pl.read_parquet(tmp_path / "rows.parquet").height == 10


def test_a_full_queue_says_so_and_who_stops_makes_room(link: Path) -> None:
    """One runs and one waits; a third is told at once, not after a minute."""
    generation = Published(Sources(link, open_published, query.frame)).newest()
    assert generation
    queue = SqlQueue(slow, seconds=20.0, most_waiting=1)
    try:
        running = queue.ask("sleep", generation)
        while (asked := queue.look(running)) and asked.stage == "waiting":
            time.sleep(0.02)
        waiting = queue.ask("select 1", generation)
        asked = queue.look(waiting)
        assert asked
        assert (asked.stage, asked.place) == ("waiting", 1)
        with pytest.raises(QueueFullError, match="wait already"):
            queue.ask("select 2", generation)
        queue.stop(running)
        while (asked := queue.look(waiting)) and asked.stage != "done":
            time.sleep(0.05)
        assert asked
        assert asked.outcome.rows == 1
    finally:
        queue.close()


@pytest.mark.parametrize(("title", "text"), examples(), ids=[title[:30] for title, _ in examples()])
def test_every_example_runs_on_a_whole_home(whole: Path, title: str, text: str) -> None:
    """And finds something there."""
    assert query.frame(whole, text, 30).height, title


def result(page: Page, sql: str) -> str:
    """What stands below the editor once this query is done."""
    page.locator("#sql-text").fill(sql)
    page.locator("#sql-text").press("Control+Enter")
    page.wait_for_function(f"() => ({SAID}) && !/Running|Waiting/.test(document.querySelector('#sql-result').innerText)")
    page.wait_for_timeout(1500)
    page.wait_for_function(f"() => ({SAID})")
    return page.locator("#sql-result").inner_text()


def test_a_person_asks_draws_takes_and_is_refused(whole: Path) -> None:
    """By keyboard; the downloads are read again; a file of this machine stays out of reach."""
    with dashboard(whole) as url, browser() as chromium:
        page = chromium.new_page()
        page.goto(f"{url}/sql")
        settled(page)
        said = result(page, "select date, platform_tokens from market_days where not is_missing order by date")
        assert "45 rows in" in said
        for kind, read in (("CSV", pl.read_csv), ("Parquet", pl.read_parquet)):
            with page.expect_download() as caught:
                page.get_by_role("link", name=kind, exact=True).click()
            found = read(io.BytesIO(Path(caught.value.path()).read_bytes()))
            assert (found.height, found.columns) == (45, ["date", "platform_tokens"])
        refused = result(page, "select * from read_csv('/etc/passwd')")
        assert "The query failed" in refused
        assert "root:" not in refused
