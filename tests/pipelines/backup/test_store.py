"""The folder of backups: files by hash, whole or not there."""

from pathlib import Path

import polars as pl
import pytest

from pipelines.backup.store import FILES, BackupStore, StoredFile, as_files
from pipelines.errors import DamagedBackup


@pytest.fixture
def store(tmp_path: Path) -> BackupStore:
    store = BackupStore(tmp_path / "backups")
    store.create()
    return store


def test_the_same_bytes_are_stored_once_and_come_back(store: BackupStore, tmp_path: Path) -> None:
    """A prefix is another file; the time of the last change comes back as well."""
    path = tmp_path / "a"
    path.write_bytes(b"line\nhalf")
    digest, size = store.store(path)
    assert (size, store.store(path)) == (9, (digest, 9))
    prefix, size = store.store(path, 5)
    assert size == 5
    assert len(list(store.folder.glob("objects/*/*"))) == 2
    kept = StoredFile("raw/a", prefix, 5, 1_000_000_007)
    store.fetch(kept, tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == store.read(kept) == b"line\n"
    assert (tmp_path / "b").stat().st_mtime_ns == 1_000_000_007
    assert store.has(kept)
    assert not store.has(StoredFile("raw/a", prefix, 6, 0))


def test_a_file_that_is_gone_or_other_is_never_given_out(
    store: BackupStore, tmp_path: Path
) -> None:
    """Nor is half of it left at its target."""
    missing = StoredFile("raw/a", "ab" * 32, 1, 0)
    (tmp_path / "c").write_bytes(b"whole")
    digest, size = store.store(tmp_path / "c")
    (store.folder / "objects" / digest[:2] / digest).write_bytes(b"other")
    for stored in (missing, StoredFile("raw/c", digest, size, 0)):
        with pytest.raises(DamagedBackup, match=stored.path):
            store.fetch(stored, tmp_path / "d")
        with pytest.raises(DamagedBackup, match=stored.path):
            store.read(stored)
    assert not (tmp_path / "d").exists()


def test_a_list_comes_back_as_it_was(store: BackupStore) -> None:
    """Only a finished backup has a name."""
    files = [StoredFile("raw/a", "ab" * 32, 1, 2), StoredFile("raw/b", "cd" * 32, 3, 4)]
    assert store.names() == []
    store.finish("one", Path("home"), "1.0", pl.DataFrame(files, schema=FILES, orient="row"))
    assert store.names() == ["one"]
    assert list(as_files(store.files("one"))) == files
    assert (store.summary("one").bytes, store.summary("one").files) == (4, 2)
