"""The process that runs people's SQL: bounded in time, memory and rows, deaf to what is no reading, and replaced when it is lost."""

import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from support import sql_worker_stub
from support.published import published

from dashboards.generations import Generation, Published, Sources
from dashboards.pages.sql.queue import QueueFullError, SqlQueue
from dashboards.pages.sql.worker import Job, Outcome, Worker
from pipelines.publish import query
from pipelines.publish.generations import NEWEST
from pipelines.settings import Settings
from warehouse.connection import open_published

pytestmark = pytest.mark.slow
NO_QUERY = "That is no query"
NO_FILES = "file system operations are disabled by configuration"
HOSTILE = [
    ("from read_csv('/etc/passwd')", NO_FILES),
    ("from '/etc/passwd'", "does not exist"),
    ("select content from read_text('{folder}/secret')", NO_FILES),
    ("from glob('/etc/*')", NO_FILES),
    ("from 'https://example.org/x.parquet'", NO_FILES),
    ("select getenv('HOME')", "getenv does not exist"),
    ("attach '{folder}/x.duckdb'", NO_QUERY),
    ("copy market_days to '{folder}/x.csv'", NO_QUERY),
    ("export database '{folder}/x'", NO_QUERY),
    ("install httpfs", NO_QUERY),
    ("load httpfs", NO_QUERY),
    ("set memory_limit = '64GB'", NO_QUERY),
    ("set lock_configuration = false", NO_QUERY),
    ("set enable_external_access = true", NO_QUERY),
    ("pragma enable_profiling", NO_QUERY),
    ("pragma memory_limit = '64GB'", NO_QUERY),
    ("set variable home = 1", NO_QUERY),
    ("insert into market_days from market_days", NO_QUERY),
    ("drop table marts.market_days", NO_QUERY),
    ("create table marts.x as select 1", NO_QUERY),
    ("select 1; drop table marts.market_days", NO_QUERY),
    ("copy (select 1) to '{folder}/x.csv'; select 1", NO_QUERY),
]


@pytest.fixture(scope="module")
def generation(tmp_path_factory: pytest.TempPathFactory) -> Generation:
    settings = Settings(home=tmp_path_factory.mktemp("sql") / "home")
    published(settings)
    found = Published(Sources(settings.published / NEWEST, open_published, query.frame)).newest()
    assert found
    return found


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    """One with the real way to run SQL."""
    made = Worker(query.frame)
    yield made
    made.kill()


@pytest.fixture
def mischief() -> Iterator[Worker]:
    """One whose SQL is `hang`, `die` or `eat`, with little grace."""
    made = Worker(sql_worker_stub.run, grace_seconds=0.5)
    yield made
    made.kill()


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "rows.parquet"


def test_rows_come_as_a_file_with_their_types(
    worker: Worker, generation: Generation, out: Path
) -> None:
    """Only a line about them comes through the pipe."""
    outcome = worker.run(
        Job(
            generation.path,
            "select date, platform_tokens from market_days order by date",
            out,
            30,
            100,
        )
    )
    assert (outcome.rows, outcome.is_cut, outcome.error) == (3, False, "")
    rows = pl.read_parquet(out)
    assert rows["platform_tokens"].to_list() == [9000000000000000000, 9000000000000000001, None]
    assert rows.schema["date"] == pl.Date


@pytest.mark.parametrize(
    ("asked", "rows", "is_cut"), [(99, 99, False), (100, 100, False), (101, 100, True)]
)
def test_rows_beyond_the_most_are_cut_and_that_is_said(
    worker: Worker, generation: Generation, out: Path, asked: int, rows: int, is_cut: bool
) -> None:
    """As many as allowed are not cut; one more is."""
    outcome = worker.run(Job(generation.path, f"from range({asked})", out, 30, 100))
    assert (outcome.rows, outcome.is_cut, pl.read_parquet(out).height) == (rows, is_cut, rows)


def test_a_long_query_is_stopped_and_the_next_one_runs(
    worker: Worker, generation: Generation, out: Path
) -> None:
    """DuckDB stops by itself, so the process stays."""
    worker.run(Job(generation.path, "select 1", out, 30, 10))
    before = worker.pid
    endless = "select count(*) from range(10000000) a, range(10000000) b where hash(a, b) = 1"
    assert worker.run(Job(generation.path, endless, out, 0.5, 10)).error.startswith(
        "The query took longer than 0.5 s and was stopped."
    )
    assert worker.run(Job(generation.path, "select 1", out, 30, 10)).rows == 1
    assert worker.pid == before


def test_a_query_that_wants_too_much_memory_fails_alone(
    worker: Worker, generation: Generation, out: Path
) -> None:
    """DuckDB's own limit says so, and the process goes on."""
    outcome = worker.run(
        Job(generation.path, "select list(range) from range(200000000)", out, 30, 10)
    )
    assert outcome.error.startswith("Out of Memory Error")
    assert worker.run(Job(generation.path, "select 1", out, 30, 10)).rows == 1


@pytest.mark.parametrize(("sql", "said"), HOSTILE)
def test_what_is_no_reading_of_this_file_is_refused(
    worker: Worker, generation: Generation, out: Path, tmp_path: Path, sql: str, said: str
) -> None:
    """With the reason, nothing of what was reached for, and nothing written."""
    (tmp_path / "secret").write_text("a-line-that-nobody-may-read")
    before = generation.path.read_bytes()
    outcome = worker.run(Job(generation.path, sql.format(folder=tmp_path), out, 30, 10))
    assert said in outcome.error
    assert "nobody-may-read" not in outcome.error
    assert [file.name for file in tmp_path.iterdir()] == ["secret"]
    assert generation.path.read_bytes() == before


def test_what_cannot_be_stopped_is_killed_and_replaced(
    mischief: Worker, generation: Generation, out: Path
) -> None:
    """Time and grace are all that a query gets, whatever it does; the next one has a new process."""
    mischief.run(Job(generation.path, "hello", out, 30, 10))
    before = mischief.pid
    assert before
    began = time.monotonic()
    outcome = mischief.run(Job(generation.path, "hang", out, 0.5, 10))
    assert outcome.error.startswith("The query took longer than 0.5 s")
    assert time.monotonic() - began < 5
    assert not Path(f"/proc/{before}").exists()
    assert mischief.run(Job(generation.path, "hello", out, 30, 10)).rows == 3
    assert pl.read_parquet(out)["pid"][0] == mischief.pid != before


def test_a_lost_process_is_said_and_replaced(
    mischief: Worker, generation: Generation, out: Path
) -> None:
    """As when the system takes its memory away."""
    assert mischief.run(Job(generation.path, "die", out, 30, 10)).error.startswith(
        "The process that ran the query ended."
    )
    assert mischief.run(Job(generation.path, "hello", out, 30, 10)).rows == 3


def test_a_process_that_cannot_be_started_is_said(generation: Generation, out: Path) -> None:
    """Who asks is told, and whoever comes after can ask again: nothing is half started."""
    # A function without a name of its own cannot be sent to another process.
    worker = Worker(lambda path, sql, seconds, rows: pl.DataFrame())
    assert worker.run(Job(generation.path, "select 1", out, 30, 10)).error.startswith(
        "The process for the query could not be started"
    )
    assert worker.pid is None


def test_the_process_cannot_take_the_memory_of_the_machine(
    mischief: Worker, generation: Generation, out: Path
) -> None:
    """Not even where DuckDB does not count; it says so and goes on."""
    assert "memory" in mischief.run(Job(generation.path, "eat", out, 30, 10)).error
    assert mischief.run(Job(generation.path, "hello", out, 30, 10)).rows == 3


@pytest.fixture
def queue() -> Iterator[SqlQueue]:
    made = SqlQueue(sql_worker_stub.run, seconds=30, max_waiting=2)
    yield made
    made.close()


def done(queue: SqlQueue, key: str) -> Outcome:
    """The outcome, once there is one."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        asked = queue.look(key)
        assert asked
        if asked.stage == "done":
            return asked.outcome
        time.sleep(0.02)
    raise AssertionError("it never ended")


def running(queue: SqlQueue, sql: str, generation: Generation) -> str:
    """The key of a query that runs already."""
    key = queue.ask(sql, generation)
    until = time.monotonic() + 20
    while (asked := queue.look(key)) and asked.stage == "waiting" and time.monotonic() < until:
        time.sleep(0.02)
    return key


def test_who_comes_when_the_queue_is_full_is_told_at_once(
    queue: SqlQueue, generation: Generation
) -> None:
    """Those who wait know their place; a stopped query makes room, and they get their turn in order."""
    first = running(queue, "hang", generation)
    second, third = queue.ask("second", generation), queue.ask("third", generation)
    assert [asked.place for key in (first, second, third) if (asked := queue.look(key))] == [
        0,
        1,
        2,
    ]
    with pytest.raises(QueueFullError, match="2 queries wait already"):
        queue.ask("fourth", generation)
    queue.stop(first)
    assert done(queue, first).error == "You stopped the query."
    assert (done(queue, second).rows, done(queue, third).rows) == (3, 3)


def test_a_query_that_waits_can_be_given_up(queue: SqlQueue, generation: Generation) -> None:
    """It never runs, and leaves no rows."""
    first = running(queue, "hang", generation)
    second = queue.ask("second", generation)
    queue.stop(second)
    queue.stop(first)
    assert done(queue, second).error == "You stopped the query."
    asked = queue.look(second)
    assert asked
    assert not asked.out.exists()


def test_a_result_is_forgotten_after_a_while(queue: SqlQueue, generation: Generation) -> None:
    """Rows take room; the newest are kept, and of the older ones it is said that they are gone."""
    keys = []
    for number in range(20):
        keys.append(queue.ask(f"query {number}", generation))
        done(queue, keys[-1])
    assert queue.look(keys[0]) is None
    newest = queue.look(keys[-1])
    assert newest
    assert newest.out.exists()
