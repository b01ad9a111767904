"""The builder's warehouse, fed from the lake: the tables of the embedded form, in any order."""

from pathlib import Path

from support.lake.homes import contents, embedded_home, lake_home, ship_and_load
from support.telemetry_facts import stretch

from pipelines.ingest.telemetry import load
from pipelines.lake.connection import open_lake
from pipelines.lake.feeding import feed_warehouse
from pipelines.lake.spool import ship
from pipelines.loading.telemetry.segment_files import SpoolFolders
from pipelines.services.object_store import ObjectStore
from pipelines.settings import Settings
from pipelines.telemetry.collector.segments import SegmentWriter
from warehouse.connection import session


def test_facts_are_those_of_the_embedded_form(lake_settings: Settings, tmp_path: Path) -> None:
    """Raw tables, too. Another host that begins with nothing comes to the same."""
    embedded = embedded_home(tmp_path / "embedded")
    ours = lake_home(embedded, lake_settings, tmp_path / "ours")
    load(embedded)
    with open_lake(lake_settings) as lake:
        assert ship_and_load(ours, lake) == 5  # with the record of the tier
        assert feed_warehouse(ours, lake).segments == 4
        assert feed_warehouse(ours, lake).segments == 0
        expected = contents(embedded)
        assert len(expected["ledger.counter_minutes"]) > 3
        assert contents(ours) == expected
        successor = lake_home(ours, lake_settings, tmp_path / "successor")
        successor.warehouse.unlink()
        assert feed_warehouse(successor, lake).segments == 4
        assert contents(successor) == expected


def test_a_build_reads_what_is_new_and_what_waits_in_its_home(lake_settings: Settings) -> None:
    """A segment of the builder's host goes into the lake before it comes back from there."""
    assert lake_settings.services.spool
    store = ObjectStore(lake_settings.services.spool)
    writer = SegmentWriter(lake_settings.telemetry_spool)
    with open_lake(lake_settings) as lake:
        writer.write(stretch((10, 100), (20, 110)))
        assert feed_warehouse(lake_settings, lake).samples == 6
        writer.write(stretch((30, 120)))
        ship(SpoolFolders.of(lake_settings), store)
        assert feed_warehouse(lake_settings, lake).samples == 0
        assert ship_and_load(lake_settings, lake) == 1
        assert feed_warehouse(lake_settings, lake).samples == 3


def test_a_damaged_segment_is_known_to_the_builder(lake_settings: Settings) -> None:
    """The published list of segments has it with its reason."""
    lake_settings.telemetry_spool.mkdir(parents=True)
    name = "20260822T071016123456Z-9f2c61d0-000004.parquet"
    (lake_settings.telemetry_spool / name).write_bytes(b"no Parquet")
    with open_lake(lake_settings) as lake:
        ship_and_load(lake_settings, lake)
        feed_warehouse(lake_settings, lake)
    with session(lake_settings.warehouse) as con:
        [(found, outcome, reason)] = con.sql(
            "select segment_id, outcome, reason from raw.telemetry_segments"
        ).fetchall()
    assert (found, outcome) == (name, "unreadable")
    assert "ArrowInvalid" in reason
