"""State of the lake: what waits, what was loaded, who builds, what is the newest generation."""

from datetime import timedelta

from support.lake.homes import ship_and_load
from support.telemetry_facts import stretch

from pipelines.lake.connection import open_lake
from pipelines.lake.lease import builder_lease
from pipelines.lake.maintenance import maintain
from pipelines.lake.spool import list_waiting, ship, waiting_key
from pipelines.lake.status import describe_status, read_status
from pipelines.loading.telemetry.segment_files import SpoolFolders
from pipelines.services.object_store import ObjectStore
from pipelines.settings import Settings
from pipelines.telemetry.collector.segments import SegmentWriter


def test_what_waits_and_what_was_loaded_is_known(lake_settings: Settings) -> None:
    """With a damaged segment, which goes on waiting."""
    assert lake_settings.services.spool
    store = ObjectStore(lake_settings.services.spool)
    assert read_status(lake_settings)["waiting"]["segments"] == 0
    store.write(waiting_key("scrapes", "20260822T071016123456Z-9f2c61d0-000004.parquet"), b"no")
    SegmentWriter(lake_settings.telemetry_spool).write(stretch((1, 5), (2, 6)))
    with open_lake(lake_settings) as lake:
        ship_and_load(lake_settings, lake)
    SegmentWriter(lake_settings.telemetry_spool).write(stretch((3, 7)))
    ship(SpoolFolders.of(lake_settings), store)
    found = read_status(lake_settings)
    assert found["waiting"]["by_kind"] == {"scrapes": 2}
    assert found["waiting"]["oldest_at"] == list_waiting(store)[0].closed_at
    lake_row = found["lake"]
    assert (lake_row["segments"], lake_row["rows"], lake_row["unreadable"]) == (1, 6, 1)
    assert found["published"] is None
    with open_lake(lake_settings) as lake:
        maintain(lake, lambda: None, timedelta(0))
    assert read_status(lake_settings)["lake"]["last_load_at"] == lake_row["last_load_at"]
    shown = "\n".join(describe_status(found))
    assert "2 segments (2 scrapes), the oldest for" in shown
    assert "1 segments, 6 rows the last one at" in shown


def test_who_has_the_lease_is_known(lake_settings: Settings) -> None:
    def builder() -> str:
        lines = describe_status(read_status(lake_settings))
        return next(line for line in lines if line.startswith("builder"))

    assert lake_settings.services.lake
    assert "nobody had the lease yet" in builder()
    with builder_lease(lake_settings.services.lake.catalog):
        assert builder().endswith("has the lease")
    assert builder().endswith("gave it back")
