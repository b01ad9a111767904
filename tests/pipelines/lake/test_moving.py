"""Moving of a home into the lake and back: every row, once, however often it is killed."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from support.lake.homes import TIER_NAME, contents, moved_home
from support.lake.processes import ending, start_move
from support.lake.rig import settings_of
from support.lake.services import LakeServices

from pipelines.errors import BadSetting, LockHeld, ServiceFailed
from pipelines.ingest.market import load_archive
from pipelines.ingest.telemetry import load
from pipelines.lake.archive import share_archive
from pipelines.lake.connection import open_lake
from pipelines.lake.feeding import feed_warehouse
from pipelines.lake.lease import builder_lease
from pipelines.lake.loading import LakeLoadResult, load_waiting, read_rows
from pipelines.lake.maintenance import maintain
from pipelines.lake.moving import MoveResult, move_back, move_to_lake
from pipelines.lake.spool import list_waiting, waiting_key
from pipelines.lake.status import read_status
from pipelines.lake.tables import with_id
from pipelines.loading.telemetry.segment_files import SpoolFolders, stored_key
from pipelines.loading.telemetry.segments import SegmentResult, segment_record
from pipelines.services.object_store import ObjectStore
from pipelines.settings import Settings

KILLED = -9


def store_of(settings: Settings) -> ObjectStore:
    """Return the spool in S3."""
    assert settings.services.spool
    return ObjectStore(settings.services.spool)


@pytest.fixture
def home(lake_settings: Settings, tmp_path: Path) -> Settings:
    """Return the settings of an embedded home that was loaded, now with the lake's services."""
    return moved_home(tmp_path / "embedded", lake_settings)


def rows_of(result: MoveResult) -> dict[str, tuple[int, int]]:
    """Return the rows of each table in files and in the lake."""
    return {each.table: (each.files.rows, each.lake.rows) for each in result.tables}


def test_a_home_moves_row_for_row_and_a_second_time_changes_nothing(home: Settings) -> None:
    expected = contents(home)
    first = move_to_lake(home)
    assert first.is_whole, first
    assert (first.segments, first.known, first.answers.bodies) == (6, 0, 1)
    rows = rows_of(first)
    assert all(files == lake for files, lake in rows.values())
    assert rows["telemetry_samples"][0] == len(expected["raw.telemetry_samples"])
    assert (rows["pilots"][0], rows["tier_documents"][0]) == (1, 1)
    with open_lake(home) as lake:
        snapshot, keys = lake.snapshot(), store_of(home).list_sizes()
        again = move_to_lake(home)
        assert again.is_whole
        assert (again.segments, again.known, again.answers.bodies) == (0, 6, 0)
        assert (lake.snapshot(), store_of(home).list_sizes()) == (snapshot, keys)
    assert contents(home) == expected


def test_a_loader_that_comes_later_doubles_nothing(home: Settings) -> None:
    """The catalog knows each moved segment by its name, in whichever commit it is."""
    before = rows_of(move_to_lake(home))
    store = store_of(home)
    for segment in SpoolFolders.of(home).list_archived():
        store.upload(segment.path, waiting_key(segment.kind, segment.name))
    with open_lake(home) as lake:
        assert load_waiting(lake, list_waiting(store)) == LakeLoadResult(repeated=6)
        assert feed_warehouse(home, lake).segments == 0
    assert rows_of(move_to_lake(home)) == before


def test_what_was_moved_is_known_after_its_snapshot_expired(
    home: Settings, lake_settings: Settings, tmp_path: Path
) -> None:
    """Nothing is doubled or lost, and a builder with an empty home reads all of it."""
    before = rows_of(move_to_lake(home))
    store = store_of(home)
    for segment in SpoolFolders.of(home).list_archived():
        store.upload(segment.path, waiting_key(segment.kind, segment.name))
    with open_lake(home) as lake:
        listed = lake.segments_between(0, lake.snapshot())
        assert maintain(lake, lambda: None, timedelta(0)).expired_snapshots
        assert load_waiting(lake, list_waiting(store)) == LakeLoadResult(repeated=6)
        assert lake.segments_between(0, lake.snapshot()) == listed
        # Not even a move that asks nobody doubles one.
        name, kind = listed[-1][0], listed[-1][2]
        record = [name, "", kind, 0, None, None, None, "loaded", None]
        with pytest.raises(ServiceFailed):
            lake.append_moved([record], kind, with_id(lake.rows(kind, name), name))
        status = read_status(home)["lake"]
        assert (status["segments"], status["unreadable"]) == (6, 0)
    with open_lake(home, is_new=True) as lake:
        assert lake.segments_between(0, lake.snapshot()) == listed
    again = move_to_lake(home)
    assert (again.is_whole, again.segments, rows_of(again)) == (True, 0, before)
    successor = replace(lake_settings, home=tmp_path / "successor", tier=home.tier)
    with open_lake(successor) as lake:
        fed = feed_warehouse(successor, lake)
    assert (fed.segments, fed.tier_records) == (5, 1)
    assert contents(successor)["raw.telemetry_samples"] == contents(home)["raw.telemetry_samples"]


@pytest.mark.long
def test_a_builder_without_a_home_has_the_same_tables(
    home: Settings, lake_settings: Settings, tmp_path: Path
) -> None:
    """Answers come from S3, facts from the lake; what is archived there later comes back too."""
    move_to_lake(home)
    successor = replace(lake_settings, home=tmp_path / "successor", tier=home.tier)
    assert share_archive(successor, store_of(home)) == 1
    with open_lake(successor) as lake:
        feed_warehouse(successor, lake)
    assert contents(successor) == contents(home)


@pytest.mark.long
def test_a_home_comes_back_as_it_was(
    home: Settings, lake_settings: Settings, tmp_path: Path
) -> None:
    """Also into a home that has half of it; the embedded form then has the same tables."""
    move_to_lake(home)
    back = replace(lake_settings, home=tmp_path / "back", tier=home.tier)
    moved = move_back(back)
    assert moved.is_whole, moved
    assert (moved.segments, moved.known, moved.answers.bodies) == (6, 0, 1)
    assert rows_of(moved) == rows_of(move_to_lake(home))
    next(back.telemetry_archive.glob("scrapes/*/*.parquet")).unlink()
    again = move_back(back)
    assert (again.is_whole, again.segments, again.known) == (True, 1, 5)
    embedded = Settings(home=back.home, tier=back.tier)
    load(embedded)
    load_archive(embedded)
    assert contents(embedded) == contents(home)


@pytest.mark.long
@pytest.mark.parametrize("step", ["files in S3", "segments in the lake", "segments compared"])
def test_a_move_that_is_killed_goes_on(step: str, home: Settings) -> None:
    assert ending(start_move(home, step)) == KILLED
    moved = move_to_lake(home)
    assert moved.is_whole, moved
    assert all(files == lake for files, lake in rows_of(moved).values())


@pytest.mark.long
def test_names_of_a_commit_that_never_came_are_not_known(home: Settings) -> None:
    """A move was killed between both: the segments are moved by the next one."""
    segment = SpoolFolders.of(home).list_archived()[0]
    rows = with_id(read_rows(segment), segment.name)
    result = SegmentResult(segment, segment.name, "loaded", rows.num_rows)
    record = segment_record(result, segment.digest())
    with open_lake(home) as lake:
        with pytest.raises(ServiceFailed):
            lake.append_moved(
                [record], segment.kind, rows.append_column("not_there", rows["segment_id"])
            )
        assert not lake.has(segment.name)
        assert not lake.select_committed([segment.name])
        assert move_to_lake(home).segments == 6
        assert lake.has(segment.name)


@pytest.mark.long
def test_what_differs_is_named_and_nothing_is_replaced(home: Settings) -> None:
    """Another file under the name of a segment, in S3 and in the home."""
    move_to_lake(home)
    first, second = SpoolFolders.of(home).list_archived()[-2:]
    store_of(home).upload(first.path, stored_key(second.kind, second.name))
    found = move_to_lake(home)
    assert not found.is_whole
    assert [second.name in problem for problem in found.problems] == [True]
    second.path.write_bytes(first.path.read_bytes())
    found = move_to_lake(home)
    assert any("than were loaded into the lake" in problem for problem in found.problems)
    assert [each.differing for each in found.tables if not each.is_same] == [(second.name,)]


@pytest.mark.long
def test_a_move_needs_both_services_and_the_lease(home: Settings) -> None:
    services = home.services
    assert services.lake
    for left in (replace(services, lake=None), replace(services, spool=None)):
        with pytest.raises(BadSetting, match="is not set"):
            move_to_lake(replace(home, services=left))
    with builder_lease(services.lake.catalog), pytest.raises(LockHeld):
        move_to_lake(home)


@pytest.mark.long
def test_the_lake_is_created_where_there_is_none(services: LakeServices, tmp_path: Path) -> None:
    services.create_database("moved")
    settings = settings_of(services, "moved", tmp_path / "home")
    home = moved_home(settings.home, settings)
    assert home.tier.name == TIER_NAME
    assert move_to_lake(home).is_whole
