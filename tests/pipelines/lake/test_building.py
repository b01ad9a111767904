"""Builds from the lake: the figures of the embedded form, one builder at a time."""

import shutil
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from support.homes.whole_home import TIER, TIER_NAME, publish_all
from support.lake.loaders import start
from support.loading import AS_OF, DAY, keep_answer, rankings_body
from support.telemetry_facts import STRETCHES

from pipelines.archive import Archive
from pipelines.errors import LockHeld
from pipelines.ingest.market import load_archive
from pipelines.lake.building import build_from_lake
from pipelines.lake.connection import open_lake
from pipelines.lake.lease import builder_lease
from pipelines.lake.loading import load_waiting
from pipelines.lake.published import fetch
from pipelines.lake.spool import list_waiting, ship
from pipelines.loading.telemetry.segment_files import SpoolFolders
from pipelines.publish.generations import newest
from pipelines.services.object_store import ObjectStore
from pipelines.settings import Settings
from pipelines.telemetry.collector.segments import SegmentWriter
from warehouse.connection import open_published

# Columns that say when something was done here, and on which host.
OF_THE_RUN = frozenset({"loaded_at", "published_at", "built_at", "run_id", "generation"})
TABLES = (
    "select table_name, list(column_name order by column_index) from duckdb_columns() "
    "where schema_name = 'marts' group by table_name order by table_name"
)


@pytest.fixture
def embedded(tmp_path: Path) -> Settings:
    """Make a home of today's form with answers and segments that wait."""
    home = tmp_path / "embedded"
    home.mkdir()
    (home / TIER_NAME).write_text(TIER)
    settings = Settings(home=home, tier=home / TIER_NAME)
    keep_answer(Archive(settings.archive), rankings_body(14, AS_OF + 14 * DAY), AS_OF + 14 * DAY)
    writer = SegmentWriter(settings.telemetry_spool)
    # The last stretch comes before the one that it follows, as from a slower host.
    for scrapes in (STRETCHES[0], STRETCHES[2], STRETCHES[1], STRETCHES[3]):
        writer.write(scrapes)
    return settings


def copied(settings: Settings, lake_settings: Settings, home: Path) -> Settings:
    """Copy a home that was not loaded yet, for the lake."""
    shutil.copytree(settings.home, home)
    return replace(lake_settings, home=home, tier=home / TIER_NAME)


def marts(settings: Settings) -> dict[str, list[tuple[Any, ...]]]:
    """Return the rows of every published table, without what is of the run."""
    with closing(open_published(newest(settings))) as con:
        tables = con.sql(TABLES).fetchall()
        return {
            table: con.sql(f"select {picked(columns)} from marts.{table} order by all").fetchall()
            for table, columns in tables
            if table != "meta"
        }


def picked(columns: list[str]) -> str:
    """Return the columns of a table that do not depend on the run."""
    return ", ".join(f'"{name}"' for name in columns if name not in OF_THE_RUN) or "1"


def test_every_mart_is_the_same_in_both_forms_and_for_every_reader(
    embedded: Settings, lake_settings: Settings, tmp_path: Path
) -> None:
    """Segments go over S3 and the lake; a builder killed at its upload is taken over elsewhere."""
    collector = copied(embedded, lake_settings, tmp_path / "collector")
    publish_all(embedded)
    spool, published = collector.services.spool, collector.services.published
    assert spool
    assert published
    assert ship(SpoolFolders.of(collector), ObjectStore(spool)) == len(STRETCHES)
    with open_lake(collector) as lake:
        load_waiting(lake, reversed(list_waiting(ObjectStore(spool))))
    load_archive(collector)
    assert start("build", collector, "published").wait() < 0
    reader = replace(collector, home=tmp_path / "reader")
    assert fetch(reader, ObjectStore(published)) is None
    built = build_from_lake(collector)
    assert built.epoch == 2
    fetched = fetch(reader, ObjectStore(published))
    assert fetched
    assert fetched.number == built.generation.number
    assert fetch(reader, ObjectStore(published)) is None
    expected = marts(embedded)
    found = marts(reader)
    assert sorted(found) == sorted(expected)
    assert len(found) > 50
    assert [name for name in expected if found[name] != expected[name]] == []
    assert any(row for name, row in found.items() if name == "served_tokens_minutely")


def test_a_builder_without_the_lease_builds_nothing(lake_settings: Settings) -> None:
    """Its message names the one that has it."""
    assert lake_settings.services.lake
    with (
        builder_lease(lake_settings.services.lake.catalog),
        pytest.raises(LockHeld, match=r"Another builder has the lease: .* process"),
    ):
        build_from_lake(lake_settings)
    assert not lake_settings.warehouse.exists()


def test_the_embedded_form_needs_no_lake(embedded: Settings) -> None:
    """Without settings of services nothing of the lake is opened."""
    assert embedded.services.lake is None
    assert embedded.services.folders == {}
    assert duckdb.sql("select count(*) from duckdb_secrets()").fetchall() == [(0,)]
