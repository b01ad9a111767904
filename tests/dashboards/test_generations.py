"""Generations: opened when needed, kept while they are new, asked within the memory they have."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from support.dashboard.browser import context_of
from support.published import NOW, published, record_made, warehouse_of

from dashboards.generation_meta import GenerationMeta
from dashboards.generations import MAX_GENERATIONS, GenerationStore, OpenGeneration
from dashboards.query import Query
from pipelines.publish.generations import NEWEST, publish
from pipelines.settings import Settings
from warehouse.connection import open_published

COUNT = Query("select count(*) as days from market_days")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return a home with one generation."""
    settings = Settings(home=tmp_path / "home")
    published(settings)
    return settings


@pytest.fixture
def store(settings: Settings) -> GenerationStore:
    return GenerationStore(context_of(settings.published / NEWEST))


def test_before_anything_is_published_there_is_no_generation(tmp_path: Path) -> None:
    store = GenerationStore(context_of(tmp_path / "none" / NEWEST))
    assert store.newest() is None
    assert store.numbered(1) is None


def test_the_newest_generation_is_found_and_stays_open(store: GenerationStore) -> None:
    newest = store.newest()
    assert newest
    assert newest.meta.generation == 1
    assert newest.frame(COUNT)["days"].to_list() == [3]
    assert store.newest() is newest


def test_a_new_generation_is_the_newest_and_the_old_one_is_still_there(
    store: GenerationStore, settings: Settings
) -> None:
    """A page that shows the old one goes on, from the same file."""
    old = store.newest()
    publish(settings, NOW + timedelta(hours=1))
    new = store.newest()
    assert old
    assert new
    assert (old.meta.generation, new.meta.generation) == (1, 2)
    assert store.numbered(1) is old
    assert old.frame(COUNT).height == 1


def test_no_more_generations_stay_open_than_pages_show(
    store: GenerationStore, settings: Settings
) -> None:
    for hour in range(1, 4):
        store.newest()
        publish(settings, NOW + timedelta(hours=hour))
    store.newest()
    assert len(store._open) == MAX_GENERATIONS


@pytest.mark.parametrize("number", [None, "1", "../../x", 1.0, [1], {"a": 1}])
def test_a_number_that_is_none_means_the_newest(store: GenerationStore, number: object) -> None:
    """A browser sends it, so it may be anything; a path is never made of it."""
    found = store.numbered(number)
    assert found
    assert found.meta.generation == 1


def test_a_generation_that_is_gone_is_none(store: GenerationStore) -> None:
    assert store.numbered(99) is None
    assert store.numbered(-1) is None


def test_the_same_query_is_run_once(store: GenerationStore) -> None:
    newest = store.newest()
    assert newest
    assert newest.frame(COUNT) is newest.frame(COUNT)


def test_a_table_that_stayed_is_not_asked_again(store: GenerationStore, settings: Settings) -> None:
    """The same rows serve the next generation; those of a table that changed are read."""
    with warehouse_of(settings) as con:
        for table in ("models", "market_days"):
            record_made(con, table, "one")
    publish(settings)
    before = store.newest()
    with warehouse_of(settings) as con:
        con.execute("update marts.market_days set platform_tokens = 1")
        record_made(con, "market_days", "two")
    publish(settings)
    after = store.newest()
    assert before
    assert after
    models = Query("from models")
    days = Query("select max(platform_tokens) as most from market_days")
    assert before.frame(models) is after.frame(models)
    assert before.frame(days)["most"][0] > 1
    assert after.frame(days)["most"].to_list() == [1]


def test_a_table_without_a_hash_is_asked_in_each_generation(
    store: GenerationStore, settings: Settings
) -> None:
    before = store.newest()
    publish(settings, NOW + timedelta(hours=1))
    after = store.newest()
    assert before
    assert after
    published_at = Query("select published_at from meta, models limit 1")
    assert before.frame(published_at)["published_at"][0] == NOW
    assert after.frame(published_at)["published_at"][0] == NOW + timedelta(hours=1)


def test_values_are_part_of_the_query(store: GenerationStore) -> None:
    newest = store.newest()
    assert newest
    asked = [Query("select $n as n", {"n": number}) for number in (1, 2)]
    assert [newest.frame(each)["n"][0] for each in asked] == [1, 2]


def test_a_generation_knows_its_tables(store: GenerationStore) -> None:
    newest = store.newest()
    assert newest
    assert {"market_days", "models", "meta"} <= newest.tables
    assert "hidden" not in newest.tables


def meta(hours: float | None, origin: str = "data_api") -> GenerationMeta:
    """Return the meta of a generation that was published so long ago."""
    at = None if hours is None else datetime.now(UTC) - timedelta(hours=hours)
    return GenerationMeta(1, at, at, None, origin, "A citation.")


def test_an_old_generation_is_stale() -> None:
    """A day and a half old: a pipeline that runs every day would have published another."""
    assert not meta(35).is_stale
    assert meta(37).is_stale
    assert meta(37).age_hours == 37


def test_an_unknown_age_is_not_stale() -> None:
    assert meta(None).age_seconds is None
    assert not meta(None).is_stale


def test_any_simulated_part_makes_a_generation_simulated() -> None:
    assert meta(1, "data_api, simulated").is_simulated
    assert not meta(1).is_simulated


@pytest.mark.slow
def test_many_queries_at_once_take_turns(tmp_path: Path) -> None:
    """Each needs a third of the memory: two at a time have enough, all at once would not."""
    path = tmp_path / "generation-000001.duckdb"
    with duckdb.connect(path) as con:
        con.execute("create schema marts")
        con.execute("create table marts.numbers as select hash(range) as n from range(1_000_000)")
    sql = (
        "select n, count(*) as c from numbers where n % 100 <> {} group by n order by c, n limit 5"
    )
    generation = OpenGeneration(path, lambda path: open_published(path, memory="130MB"))
    queries = [Query(sql.format(number)) for number in range(16)]
    with ThreadPoolExecutor(8) as viewers:
        found = list(viewers.map(generation.frame, queries))
    assert [rows.height for rows in found] == [5] * 16
