"""Builds from the lake: the figures of the embedded form, one builder at a time."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.homes.whole_home import publish_all
from support.lake.homes import embedded_home, lake_home, ship_and_load
from support.lake.processes import END_OTHERS, ending, start_builder
from support.telemetry_facts import stretch

from pipelines.errors import LeaseLost, LockHeld
from pipelines.ingest.market import load_archive
from pipelines.lake.building import build_from_lake
from pipelines.lake.connection import open_lake
from pipelines.lake.lease import builder_lease
from pipelines.lake.published import fence, fetch, newest_pointer
from pipelines.publish.generations import newest
from pipelines.services.object_store import ObjectStore
from pipelines.services.postgres import connect
from pipelines.settings import Settings
from pipelines.telemetry.collector.segments import SegmentWriter
from warehouse.connection import open_published

# Columns that say when something was done here, and on which host.
OF_THE_RUN = frozenset({"loaded_at", "published_at", "built_at", "run_id", "generation"})
# A verdict begins and ends with the generation that has it first.
OF_GENERATIONS = {"claim_verdicts": frozenset({"began_at", "ended_at"})}
KILLED = -9
TABLES = (
    "select table_name, list(column_name order by column_index) from duckdb_columns() "
    "where schema_name = 'marts' group by table_name order by table_name"
)


def marts(settings: Settings) -> dict[str, list[tuple[Any, ...]]]:
    """Return the rows of every published table, without what is of the run."""
    with closing(open_published(newest(settings))) as con:
        tables = con.sql(TABLES).fetchall()
        return {
            table: con.sql(
                f"select {picked(table, columns)} from marts.{table} order by all"
            ).fetchall()
            for table, columns in tables
            if table != "meta"
        }


def picked(table: str, columns: list[str]) -> str:
    """Return the columns of a table that do not depend on the run."""
    left_out = OF_THE_RUN | OF_GENERATIONS.get(table, frozenset())
    return ", ".join(f'"{name}"' for name in columns if name not in left_out) or "1"


def test_every_mart_is_the_same_in_both_forms_and_for_every_reader(
    lake_settings: Settings, tmp_path: Path
) -> None:
    """Segments go over S3 and the lake, marts over S3 to a reader; audits hold in both forms."""
    embedded = embedded_home(tmp_path / "embedded")
    builder = lake_home(embedded, lake_settings, tmp_path / "builder")
    reader = replace(lake_settings, home=tmp_path / "reader")
    publish_all(embedded)
    with open_lake(lake_settings) as lake:
        ship_and_load(builder, lake)
    load_archive(builder)
    built = build_from_lake(builder)
    assert built.pointer
    published = reader.services.published
    assert published
    fetched = fetch(reader, ObjectStore(published))
    assert fetched
    assert fetched.number == built.generation.number
    expected, found = marts(embedded), marts(reader)
    assert sorted(found) == sorted(expected)
    assert len(found) > 50
    assert [name for name in expected if found[name] != expected[name]] == []
    assert found["served_tokens_minutely"]


@pytest.mark.long
def test_where_nothing_came_nothing_is_published(lake_settings: Settings, tmp_path: Path) -> None:
    """Neither in the home nor in S3. A generation that did not get to S3 gets there, once."""
    builder = lake_home(embedded_home(tmp_path / "e"), lake_settings, tmp_path / "builder")
    load_archive(builder)
    first = build_from_lake(builder)
    assert (first.is_new, bool(first.pointer), first.loaded.segments) == (True, True, 4)
    again = build_from_lake(builder)
    assert (again.is_new, again.pointer, again.generation) == (False, None, first.generation)
    published = builder.services.published
    assert published
    store = ObjectStore(published)
    store.remove(f"pointers/{first.pointer.name if first.pointer else ''}.json")
    missing = build_from_lake(builder)
    assert (missing.is_new, missing.generation) == (False, first.generation)
    assert missing.pointer == newest_pointer(store)
    SegmentWriter(builder.telemetry_spool).write(stretch((9000, 900), (9001, 901)))
    news = build_from_lake(builder)
    assert (news.is_new, news.generation.number) == (True, first.generation.number + 1)


@pytest.mark.long
def test_a_builder_that_lost_its_lease_moves_nothing(
    lake_settings: Settings, tmp_path: Path
) -> None:
    """It loses it while it builds; the successor has begun, and has nothing to publish yet."""
    stale = lake_home(embedded_home(tmp_path / "e"), lake_settings, tmp_path / "stale")
    assert stale.services.lake
    assert stale.services.published
    address, store = stale.services.lake.catalog, ObjectStore(stale.services.published)

    def lose(step: str) -> None:
        if step == "published":
            with connect(address) as session:
                session.execute(END_OTHERS)
            with builder_lease(address) as successor:
                assert successor.is_takeover
                assert fence(store, successor.epoch) is None

    with pytest.raises(LeaseLost, match="may be started again"):
        build_from_lake(stale, on_step=lose)
    assert newest_pointer(store) is None
    assert store.list_keys("generations") == []


@pytest.mark.long
@pytest.mark.parametrize("step", ["leased", "fed", "built", "published"])
def test_a_builder_killed_at_a_step_is_taken_over(
    step: str, lake_settings: Settings, tmp_path: Path
) -> None:
    """Readers see nothing of it; a builder in another home publishes all."""
    first = lake_home(embedded_home(tmp_path / "e"), lake_settings, tmp_path / "first")
    with open_lake(lake_settings) as lake:
        ship_and_load(first, lake)
    load_archive(first)
    second = lake_home(first, lake_settings, tmp_path / "second")
    second.warehouse.unlink()
    load_archive(second)
    assert ending(start_builder(first, step)) == KILLED
    reader = replace(lake_settings, home=tmp_path / "reader")
    assert reader.services.published
    assert fetch(reader, ObjectStore(reader.services.published)) is None
    assert build_from_lake(second).epoch == 2
    assert fetch(reader, ObjectStore(reader.services.published))


def test_a_builder_without_the_lease_builds_nothing(lake_settings: Settings) -> None:
    """Its message names the one that has it."""
    assert lake_settings.services.lake
    with (
        builder_lease(lake_settings.services.lake.catalog),
        pytest.raises(LockHeld, match=r"Another builder has the lease: .* process"),
    ):
        build_from_lake(lake_settings)
    assert not lake_settings.warehouse.exists()
