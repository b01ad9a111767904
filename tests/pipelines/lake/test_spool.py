"""The spool in S3: durable there before it is forgotten here."""

import pytest
from support.lake.services import LakeServices
from support.telemetry_facts import stretch

from pipelines.errors import ServiceFailed
from pipelines.lake.spool import list_waiting, ship
from pipelines.loading.telemetry.segment_files import SpoolFolders
from pipelines.services.object_store import ObjectStore
from pipelines.settings import Settings
from pipelines.telemetry.collector.segments import SegmentWriter


def test_segments_wait_here_while_the_store_is_away(
    services: LakeServices, lake_settings: Settings
) -> None:
    folders = SpoolFolders.of(lake_settings)
    written = SegmentWriter(lake_settings.telemetry_spool).write(stretch((1, 5)))
    assert written
    content = written.read_bytes()
    assert lake_settings.services.spool
    store = ObjectStore(lake_settings.services.spool)
    services.stop_store()
    try:
        with pytest.raises(ServiceFailed, match="s3://tokentide/"):
            ship(folders, store)
        assert written.read_bytes() == content
    finally:
        services.start_store()
    assert ship(folders, store) == 1
    assert not written.exists()
    [waiting] = list_waiting(store)
    assert store.read(waiting.key) == content


def test_a_segment_that_was_uploaded_and_not_removed_is_uploaded_again(
    lake_settings: Settings,
) -> None:
    """As after a kill between the two; it is one segment all the same."""
    folders = SpoolFolders.of(lake_settings)
    written = SegmentWriter(lake_settings.telemetry_spool).write(stretch((1, 5)))
    assert written
    content = written.read_bytes()
    assert lake_settings.services.spool
    store = ObjectStore(lake_settings.services.spool)
    ship(folders, store)
    written.write_bytes(content)
    assert ship(folders, store) == 1
    assert len(list_waiting(store)) == 1
