"""Maintenance of the lake: fewer files, the same rows, and a segment is still loaded once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Barrier

import pytest
from support.lake.homes import ship_and_load
from support.telemetry_facts import stretch

from pipelines.errors import LeaseLost, LockHeld, ServiceFailed
from pipelines.lake.building import maintain_lake
from pipelines.lake.connection import Lake, open_lake
from pipelines.lake.feeding import feed_warehouse
from pipelines.lake.lease import builder_lease
from pipelines.lake.loading import LakeLoadResult, load_waiting
from pipelines.lake.maintenance import Maintained, maintain
from pipelines.lake.spool import list_waiting, waiting_key
from pipelines.lake.tables import SEGMENTS_TABLE
from pipelines.services.object_store import ObjectStore
from pipelines.services.postgres import connect
from pipelines.settings import Settings
from pipelines.telemetry.collector.segments import SegmentWriter
from warehouse.connection import session

NOW = timedelta(0)
NUMBER = 6
END_ONE = "select pg_terminate_backend(%s)"
LOADED = "select count(*), count(distinct segment_id) from raw.telemetry_segments"


@pytest.fixture
def lake(lake_settings: Settings) -> Iterator[Lake]:
    """Open a lake with some segments."""
    put(lake_settings, 0)
    with open_lake(lake_settings) as opened:
        ship_and_load(lake_settings, opened)
        yield opened


def put(settings: Settings, start: int) -> None:
    """Write segments that wait in the home."""
    writer = SegmentWriter(settings.telemetry_spool)
    for number in range(start, start + NUMBER):
        writer.write(stretch((2.0 * number, 100.0 + number), (2.0 * number + 1, 101.0 + number)))


def nothing() -> None:
    """Hold the lease, as the only one at work."""


def segments(lake: Lake) -> list[str]:
    """Return the names of all segments."""
    found = lake.con.sql(f"select segment_id from {SEGMENTS_TABLE} order by all").fetchall()
    return [name for (name,) in found]


def test_files_are_merged_and_nothing_young_is_removed(lake: Lake, lake_settings: Settings) -> None:
    """A query that began before may still read the small ones."""
    before = lake.segments_between(0, lake.snapshot())
    assert maintain_lake(lake_settings) == Maintained(2 * NUMBER, 0, 0, 0)
    assert lake.segments_between(0, lake.snapshot()) == before
    assert len(before) == NUMBER


def test_a_segment_is_loaded_once_after_its_snapshot_expired(
    lake: Lake, lake_settings: Settings
) -> None:
    """Its name is kept apart from snapshots. The loader asks for it, the catalog insists on it."""
    name = segments(lake)[0]
    rows = lake.rows("scrapes", name)
    assert lake_settings.services.spool
    store = ObjectStore(lake_settings.services.spool)
    content = store.read(f"archive/scrapes/{name[:8]}/{name}")
    assert content
    done = maintain(lake, nothing, NOW)
    assert done.expired_snapshots > NUMBER
    assert done.removed_files == 2 * NUMBER
    assert lake.rows("scrapes", name).equals(rows)
    store.write(waiting_key("scrapes", name), content)
    assert load_waiting(lake, list_waiting(store)) == LakeLoadResult(repeated=1)
    record = [name, "", "scrapes", 1, None, None, None, "loaded", None]
    with pytest.raises(ServiceFailed):
        lake.append(name, record, "scrapes", rows)
    assert len(segments(lake)) == NUMBER


def test_a_builder_reads_on_where_snapshots_expired(lake: Lake, lake_settings: Settings) -> None:
    """One that begins with nothing too; what a killed loader left is removed."""
    feed_warehouse(lake_settings, lake)
    put(lake_settings, NUMBER)
    ship_and_load(lake_settings, lake)
    data = ObjectStore(lake.address.data)
    data.write("raw/telemetry_samples/left.parquet", b"of a killed loader")
    assert maintain(lake, nothing, NOW).removed_orphans == 1
    assert len(data.list_keys()) == 2
    assert feed_warehouse(lake_settings, lake).segments == NUMBER
    lake_settings.warehouse.unlink()
    assert feed_warehouse(lake_settings, lake).segments == 2 * NUMBER


def test_the_lake_is_maintained_under_the_lease_alone(lake: Lake, lake_settings: Settings) -> None:
    """Not while another has it; one that loses it between two steps goes no step further."""
    files = ObjectStore(lake.address.data).list_keys()
    with builder_lease(lake.address.catalog), pytest.raises(LockHeld, match="has the lease"):
        maintain_lake(lake_settings)
    steps = iter(range(4))
    with builder_lease(lake.address.catalog) as lease:

        def check() -> None:
            if next(steps) == 1:  # merged, nothing removed
                with connect(lake.address.catalog) as other:
                    other.execute(END_ONE, [lease._session.info.backend_pid])
            lease.check()

        with pytest.raises(LeaseLost):
            maintain(lake, check, NOW)
    assert set(files) < set(ObjectStore(lake.address.data).list_keys())
    assert len(segments(lake)) == NUMBER


@pytest.mark.long
def test_two_builders_and_merges_double_and_lose_nothing(
    lake: Lake, lake_settings: Settings, tmp_path: Path
) -> None:
    """Both begin at once, five times; whoever has the lease feeds its home and maintains."""
    homes = [replace(lake_settings, home=tmp_path / f"builder-{each}") for each in range(2)]
    begin, refused = Barrier(2), 0

    def work(home: Settings) -> None:
        begin.wait(60)
        with builder_lease(lake.address.catalog) as lease, open_lake(home) as opened:
            feed_warehouse(home, opened)
            maintain(opened, lease.check, NOW)

    for number in range(1, 6):
        put(lake_settings, number * NUMBER)
        ship_and_load(lake_settings, lake)
        with ThreadPoolExecutor(2) as pool:
            errors = [each.exception() for each in [pool.submit(work, home) for home in homes]]
        assert {type(error) for error in errors} <= {LockHeld, type(None)}
        refused += sum(error is not None for error in errors)
    assert refused
    for home in homes:
        feed_warehouse(home, lake)
        with session(home.warehouse) as con:
            assert con.sql(LOADED).fetchall() == [(6 * NUMBER, 6 * NUMBER)]


@pytest.mark.long
def test_loaders_go_on_while_files_are_merged(lake: Lake, lake_settings: Settings) -> None:
    """Each round merges what the one before it loaded, and another connection loads meanwhile."""
    assert lake_settings.services.spool
    store = ObjectStore(lake_settings.services.spool)
    with open_lake(lake_settings) as loader:
        for number in range(1, 4):
            put(lake_settings, number * NUMBER)
            step = iter(range(4))

            def load(start: int = number * NUMBER, step: Iterator[int] = step) -> None:
                if next(step) == 1:
                    ship_and_load(lake_settings, loader)

            maintain(lake, load, NOW)
        assert list_waiting(store) == []
        assert len(set(segments(loader))) == len(segments(loader)) == 4 * NUMBER
