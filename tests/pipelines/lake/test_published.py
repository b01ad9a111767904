"""Generations in S3: whole or not there, the newest by epoch, compared with their hash."""

from pathlib import Path

import duckdb
import pytest

from pipelines.errors import ServiceFailed
from pipelines.lake.published import (
    Pointer,
    fence,
    fetch,
    newest_pointer,
    point_to,
    take_back,
    upload,
)
from pipelines.publish.generations import MAX_KEPT, Generation, generations, newest
from pipelines.services.object_store import ObjectStore
from pipelines.settings import Settings


@pytest.fixture
def store(lake_settings: Settings) -> ObjectStore:
    """Return the folder of generations in S3."""
    assert lake_settings.services.published
    return ObjectStore(lake_settings.services.published)


def generation(folder: Path, number: int, value: str = "") -> Generation:
    """Make a published file that has one value."""
    path = folder / f"made-{number}-{value}.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute("create table figures as select $value as value", {"value": value or number})
    return Generation(number, path)


def publish(store: ObjectStore, made: Generation, epoch: int) -> Pointer:
    """Upload a generation and make it the newest one of its epoch."""
    pointer = upload(store, made, epoch)
    point_to(store, pointer)
    return pointer


def value_of(settings: Settings) -> object:
    """Read the newest generation of a home."""
    with duckdb.connect(str(newest(settings)), read_only=True) as con:
        return con.sql("from figures").fetchall()[0][0]


def test_a_reader_follows_ten_generations(
    store: ObjectStore, lake_settings: Settings, tmp_path: Path
) -> None:
    """The last few stay in S3 and here."""
    for number in range(1, 11):
        publish(store, generation(tmp_path, number), epoch=1)
        found = fetch(lake_settings, store)
        assert found
        assert (found.number, value_of(lake_settings)) == (number, number)
        assert fetch(lake_settings, store) is None
    assert len(generations(lake_settings)) == MAX_KEPT
    assert len(store.list_keys("generations")) == MAX_KEPT


def test_what_a_builder_without_the_lease_uploads_is_never_the_newest(
    store: ObjectStore, lake_settings: Settings, tmp_path: Path
) -> None:
    """It has an older epoch, whatever number it gives."""
    publish(store, generation(tmp_path, 3), epoch=2)
    publish(store, generation(tmp_path, 9, "stale"), epoch=1)
    pointer = newest_pointer(store)
    assert pointer
    assert (pointer.epoch, pointer.number) == (2, 3)
    fetch(lake_settings, store)
    assert value_of(lake_settings) == 3


def test_from_its_fence_on_an_earlier_builder_moves_nothing(
    store: ObjectStore, lake_settings: Settings, tmp_path: Path
) -> None:
    """Not even before the successor has published; what the earlier one left is removed then."""
    publish(store, generation(tmp_path, 1), epoch=1)
    publish(store, generation(tmp_path, 2), epoch=1)
    adopted = fence(store, 2)
    assert adopted == newest_pointer(store)
    fetch(lake_settings, store)
    publish(store, generation(tmp_path, 3, "stale"), epoch=1)
    assert newest_pointer(store) == adopted
    assert fetch(lake_settings, store) is None
    # The next one takes over too, before this one has published anything.
    assert fence(store, 3) == adopted
    publish(store, generation(tmp_path, 4, "stale"), epoch=2)
    assert newest_pointer(store) == adopted
    publish(store, generation(tmp_path, 3, "true"), epoch=3)
    assert fetch(lake_settings, store)
    assert value_of(lake_settings) == "true"
    assert [Path(key).stem for key in store.list_keys("generations")] == [
        "00000001-000001", "00000001-000002", "00000003-000003",
    ]  # fmt: skip
    assert len(store.list_keys("pointers")) == 5  # with both fences
    for number in range(4, 9):
        publish(store, generation(tmp_path, number), epoch=3)
    assert [Path(key).stem[:8] for key in store.list_keys("pointers")] == ["00000003"] * MAX_KEPT


def test_a_fence_whose_builder_died_hides_nothing_for_good(
    store: ObjectStore, tmp_path: Path
) -> None:
    """It was killed between its two writes; the next one takes what was the newest."""
    assert fence(store, 1) is None
    assert newest_pointer(store) is None
    first = publish(store, generation(tmp_path, 1), epoch=1)
    store.write("pointers/00000002-000000.json", b"")
    assert newest_pointer(store) is None
    assert fence(store, 3) == first
    assert newest_pointer(store) == first


def test_what_is_taken_back_is_gone_unless_a_pointer_names_it(
    store: ObjectStore, tmp_path: Path
) -> None:
    """A write whose answer was lost may have moved the pointer."""
    first = publish(store, generation(tmp_path, 1), epoch=1)
    take_back(store, upload(store, generation(tmp_path, 2), epoch=1))
    take_back(store, first)
    assert newest_pointer(store) == first
    assert store.list_keys("generations") == [first.key]


def test_a_file_with_other_bytes_does_not_take_its_place(
    store: ObjectStore, lake_settings: Settings, tmp_path: Path
) -> None:
    publish(store, generation(tmp_path, 1), epoch=1)
    fetch(lake_settings, store)
    pointer = publish(store, generation(tmp_path, 2), epoch=1)
    store.write(pointer.key, b"something else")
    with pytest.raises(ServiceFailed, match="other bytes than were published"):
        fetch(lake_settings, store)
    assert value_of(lake_settings) == 1
    assert not list(lake_settings.published.glob(".*.fetched"))


def test_a_file_without_its_pointer_is_not_seen(
    store: ObjectStore, lake_settings: Settings, tmp_path: Path
) -> None:
    """As where a builder is killed between the two."""
    store.upload(generation(tmp_path, 1).path, "generations/00000001-000001.duckdb")
    assert fetch(lake_settings, store) is None
