"""The process that runs people's SQL: bounded in time, memory and rows, replaced if it is lost."""

import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from support.dashboard import sql_worker_stub
from support.published import published

from dashboards.pages.sql.worker import QueryOutcome, SqlJob, SqlWorker
from pipelines.errors import QueryFailed
from pipelines.publish import query
from pipelines.settings import Settings

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
def generation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file of a generation."""
    return published(Settings(home=tmp_path_factory.mktemp("sql") / "home")).path


@pytest.fixture(scope="module")
def worker() -> Iterator[SqlWorker]:
    """Yield a worker that runs real SQL."""
    made = SqlWorker(query.frame, (QueryFailed,))
    yield made
    made.kill()


@pytest.fixture
def stub() -> Iterator[SqlWorker]:
    """Yield a worker whose SQL misbehaves by name, with little grace."""
    made = SqlWorker(sql_worker_stub.run, (sql_worker_stub.Refusal,), grace_seconds=0.5)
    yield made
    made.kill()


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "rows.parquet"


def run(worker: SqlWorker, generation: Path, sql: str, out: Path, **limits: float) -> QueryOutcome:
    """Run a query within limits of 30 seconds and 100 rows, unless others are given."""
    seconds, max_rows = limits.get("seconds", 30), int(limits.get("max_rows", 100))
    return worker.run(SqlJob(generation, sql, out, seconds, max_rows))


def test_rows_come_as_a_file_with_their_types(
    worker: SqlWorker, generation: Path, out: Path
) -> None:
    """Only a line about them comes through the pipe."""
    sql = "select date, platform_tokens from market_days order by date"
    outcome = run(worker, generation, sql, out)
    assert (outcome.rows, outcome.is_cut, outcome.error) == (3, False, "")
    rows = pl.read_parquet(out)
    assert rows["platform_tokens"].to_list() == [9000000000000000000, 9000000000000000001, None]
    assert rows.schema["date"] == pl.Date


@pytest.mark.parametrize(
    ("asked", "rows", "is_cut"), [(99, 99, False), (100, 100, False), (101, 100, True)]
)
def test_rows_beyond_the_limit_are_cut_and_the_outcome_says_so(
    worker: SqlWorker, generation: Path, out: Path, asked: int, rows: int, is_cut: bool
) -> None:
    """As many as allowed are not cut; one more is."""
    outcome = run(worker, generation, f"from range({asked})", out)
    assert (outcome.rows, outcome.is_cut, pl.read_parquet(out).height) == (rows, is_cut, rows)


def test_a_long_query_is_stopped_and_the_next_one_runs(
    worker: SqlWorker, generation: Path, out: Path
) -> None:
    """DuckDB stops by itself, so the process stays."""
    run(worker, generation, "select 1", out)
    before = worker.pid
    endless = "select count(*) from range(10000000) a, range(10000000) b where hash(a, b) = 1"
    stopped = run(worker, generation, endless, out, seconds=0.5)
    assert stopped.error.startswith("The query took longer than 0.5 s and was stopped.")
    assert run(worker, generation, "select 1", out).rows == 1
    assert worker.pid == before


def test_a_query_that_wants_too_much_memory_fails_alone(
    worker: SqlWorker, generation: Path, out: Path
) -> None:
    """DuckDB's own limit says so, and the process goes on."""
    outcome = run(worker, generation, "select list(range) from range(200000000)", out)
    assert outcome.error.startswith("Out of Memory Error")
    assert run(worker, generation, "select 1", out).rows == 1


@pytest.mark.parametrize(("sql", "reason"), HOSTILE)
def test_anything_but_reading_this_file_is_refused(
    worker: SqlWorker, generation: Path, out: Path, tmp_path: Path, sql: str, reason: str
) -> None:
    """The reason has nothing of the file that was reached for, and nothing is written."""
    (tmp_path / "secret").write_text("a-line-that-nobody-may-read")
    before = generation.read_bytes()
    outcome = run(worker, generation, sql.format(folder=tmp_path), out)
    assert reason in outcome.error
    assert "nobody-may-read" not in outcome.error
    assert [file.name for file in tmp_path.iterdir()] == ["secret"]
    assert generation.read_bytes() == before


def test_a_query_that_cannot_be_stopped_is_killed_and_replaced(
    stub: SqlWorker, generation: Path, out: Path
) -> None:
    """Time and grace are all that a query gets; the next one has a new process."""
    run(stub, generation, "hello", out)
    before = stub.pid
    assert before
    began = time.monotonic()
    outcome = run(stub, generation, "hang", out, seconds=0.5)
    assert outcome.error.startswith("The query took longer than 0.5 s")
    assert time.monotonic() - began < 10
    assert not Path(f"/proc/{before}").exists()
    assert run(stub, generation, "hello", out).rows == 3
    assert pl.read_parquet(out)["pid"][0] == stub.pid != before


def test_a_refusal_is_text_for_the_person_who_asked(
    stub: SqlWorker, generation: Path, out: Path
) -> None:
    """The process goes on."""
    run(stub, generation, "hello", out)
    before = stub.pid
    assert run(stub, generation, "refuse", out).error == "That is refused."
    assert stub.pid == before


@pytest.mark.parametrize("sql", ["die", "break"])
def test_a_lost_process_is_replaced(stub: SqlWorker, generation: Path, out: Path, sql: str) -> None:
    """The system took its memory away, or it met an error that nobody expected."""
    lost = run(stub, generation, sql, out)
    assert lost.error.startswith("The process that ran the query ended.")
    assert run(stub, generation, "hello", out).rows == 3


def test_a_process_that_cannot_be_started_is_an_error_for_its_query(
    generation: Path, out: Path
) -> None:
    """Nothing is half started, so whoever comes after can ask again."""
    # A function without a name cannot be sent to another process.
    worker = SqlWorker(lambda path, sql, seconds, rows: pl.DataFrame())
    outcome = run(worker, generation, "select 1", out)
    assert outcome.error.startswith("The process for the query could not be started")
    assert worker.pid is None


def test_the_process_cannot_take_the_memory_of_the_machine(
    stub: SqlWorker, generation: Path, out: Path
) -> None:
    """Not even where DuckDB does not count; it says so and goes on."""
    assert "memory" in run(stub, generation, "eat", out).error
    assert run(stub, generation, "hello", out).rows == 3
