"""The queue of people's SQL: short, in order, and without queries that nobody waits for."""

import time
from collections.abc import Iterator

import pytest
from support.dashboard import sql_worker_stub
from support.dashboard.browser import context_of
from support.published import published

from dashboards.generations import GenerationStore, OpenGeneration
from dashboards.pages.sql.queue import MAX_RESULTS, QueueFullError, SqlQueue
from dashboards.pages.sql.worker import QueryOutcome
from pipelines.publish.generations import NEWEST
from pipelines.settings import Settings

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def generation(tmp_path_factory: pytest.TempPathFactory) -> OpenGeneration:
    settings = Settings(home=tmp_path_factory.mktemp("sql") / "home")
    published(settings)
    found = GenerationStore(context_of(settings.published / NEWEST)).newest()
    assert found
    return found


@pytest.fixture
def queue() -> Iterator[SqlQueue]:
    made = SqlQueue(sql_worker_stub.run, seconds=30, max_waiting=2)
    yield made
    made.close()


def wait_for(queue: SqlQueue, key: str) -> QueryOutcome:
    """Return the outcome once there is one."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        query = queue.get(key)
        assert query
        if query.stage == "done":
            return query.outcome
        time.sleep(0.02)
    raise AssertionError("it never ended")


def start(queue: SqlQueue, sql: str, generation: OpenGeneration) -> str:
    """Return the key of a query that runs already."""
    key = queue.add(sql, generation)
    until = time.monotonic() + 60
    while (query := queue.get(key)) and query.stage == "waiting" and time.monotonic() < until:
        time.sleep(0.02)
    return key


def test_queries_know_their_place_and_run_in_order(
    queue: SqlQueue, generation: OpenGeneration
) -> None:
    """A stopped query makes room for the next."""
    first = start(queue, "hang", generation)
    second, third = queue.add("second", generation), queue.add("third", generation)
    places = [query.place for key in (first, second, third) if (query := queue.get(key))]
    assert places == [0, 1, 2]
    queue.stop(first)
    assert wait_for(queue, first).error == "You stopped the query."
    assert (wait_for(queue, second).rows, wait_for(queue, third).rows) == (3, 3)


def test_a_full_queue_says_so_at_once(queue: SqlQueue, generation: OpenGeneration) -> None:
    start(queue, "hang", generation)
    for number in range(2):
        queue.add(f"query {number}", generation)
    with pytest.raises(QueueFullError, match="2 queries wait already"):
        queue.add("one too many", generation)


def test_a_query_that_waits_can_be_stopped(queue: SqlQueue, generation: OpenGeneration) -> None:
    """It never runs, and leaves no rows."""
    first = start(queue, "hang", generation)
    second = queue.add("second", generation)
    queue.stop(second)
    queue.stop(first)
    assert wait_for(queue, second).error == "You stopped the query."
    query = queue.get(second)
    assert query
    assert not query.has_rows


def test_a_query_that_is_done_stays_as_it_is(queue: SqlQueue, generation: OpenGeneration) -> None:
    key = queue.add("quick", generation)
    assert wait_for(queue, key).rows == 3
    queue.stop(key)
    assert wait_for(queue, key).rows == 3


def test_old_results_are_dropped(queue: SqlQueue, generation: OpenGeneration) -> None:
    """Rows take room, so only the newest stay."""
    keys = []
    for number in range(MAX_RESULTS + 4):
        keys.append(queue.add(f"query {number}", generation))
        wait_for(queue, keys[-1])
    assert queue.get(keys[0]) is None
    newest = queue.get(keys[-1])
    assert newest
    assert newest.has_rows


@pytest.mark.parametrize("key", [None, "", "unknown"])
def test_an_unknown_key_is_no_query(queue: SqlQueue, key: str | None) -> None:
    queue.stop(key)
    assert queue.get(key) is None
