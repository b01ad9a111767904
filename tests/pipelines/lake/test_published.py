"""Generations in S3: whole or not there, the newest by epoch, compared with their hash."""

from pathlib import Path

import duckdb
import pytest

from pipelines.errors import ServiceFailed
from pipelines.lake.published import fetch, newest_pointer, upload
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


def value_of(settings: Settings) -> object:
    """Read the newest generation of a home."""
    with duckdb.connect(str(newest(settings)), read_only=True) as con:
        return con.sql("from figures").fetchall()[0][0]


def test_a_reader_follows_ten_generations(
    store: ObjectStore, lake_settings: Settings, tmp_path: Path
) -> None:
    """The last few stay in S3 and here."""
    for number in range(1, 11):
        upload(store, generation(tmp_path, number), epoch=1)
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
    upload(store, generation(tmp_path, 3), epoch=2)
    upload(store, generation(tmp_path, 9, "stale"), epoch=1)
    pointer = newest_pointer(store)
    assert pointer
    assert (pointer.epoch, pointer.number) == (2, 3)
    fetch(lake_settings, store)
    assert value_of(lake_settings) == 3


def test_a_file_with_other_bytes_does_not_take_its_place(
    store: ObjectStore, lake_settings: Settings, tmp_path: Path
) -> None:
    upload(store, generation(tmp_path, 1), epoch=1)
    fetch(lake_settings, store)
    pointer = upload(store, generation(tmp_path, 2), epoch=1)
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
