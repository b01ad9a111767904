"""Files in S3: whole, listed below their folder, and errors without secrets."""

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from support.lake.services import SECRET

from pipelines.errors import ServiceFailed
from pipelines.services.addresses import S3Folder
from pipelines.services.object_store import ObjectStore, check_folder
from pipelines.settings import Settings


@pytest.fixture
def folder(lake_settings: Settings) -> S3Folder:
    """Return a fresh folder."""
    assert lake_settings.services.spool
    return lake_settings.services.spool


def test_files_are_written_moved_listed_and_removed(folder: S3Folder, tmp_path: Path) -> None:
    store = ObjectStore(folder)
    assert store.list_keys() == []
    assert store.read("a/b") is None
    local = tmp_path / "local"
    local.write_bytes(b"x" * 11_000_000)
    store.upload(local, "a/b")
    store.write("a/c", b"small")
    store.move("a/b", "d/e/f")
    assert store.list_keys() == ["a/c", "d/e/f"]
    assert store.list_keys("a") == ["a/c"]
    assert store.download("d/e/f", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == local.read_bytes()
    assert not store.download("a/b", tmp_path / "none")
    store.remove("a/c")
    store.remove("a/c")
    assert store.read("a/c") is None


def test_a_store_that_is_away_or_refuses_says_so_without_secrets(folder: S3Folder) -> None:
    nobody = replace(folder, access=replace(folder.access, endpoint="http://127.0.0.1:9"))
    with pytest.raises(ServiceFailed, match="tokentide doctor") as away:
        ObjectStore(nobody).write("a", b"")
    stranger = replace(folder, access=replace(folder.access, secret=SECRET[::-1]))
    with pytest.raises(ServiceFailed) as refused:
        ObjectStore(stranger).write("a", b"")
    for error in (away, refused):
        assert SECRET not in str(error.value)
        assert folder.access.key_id not in str(error.value)


def test_a_folder_is_checked_and_left_as_it_was(folder: S3Folder) -> None:
    """The last step before a failure says what the key may not do."""
    steps: list[str] = []
    check_folder(folder, "probe", steps.append)
    assert steps == ["write", "read", "list", "remove"]
    assert ObjectStore(folder).list_keys() == []
    steps.clear()
    stranger = replace(folder, access=replace(folder.access, secret=SECRET[::-1]))
    with pytest.raises(ServiceFailed):
        check_folder(stranger, "probe", steps.append)
    assert steps == ["write"]


def test_bytes_are_kept_as_they_are_under_any_name(folder: S3Folder, tmp_path: Path) -> None:
    """By its ending pyarrow would compress what is compressed already."""
    store, local = ObjectStore(folder), tmp_path / "body.zst"
    local.write_bytes(b"not zstandard" * 100)
    store.upload(local, "body.zst")
    store.write("small.gz", b"no gzip")
    assert store.read("body.zst") == local.read_bytes()
    assert store.read("small.gz") == b"no gzip"
    assert store.digest("body.zst") == sha256(local.read_bytes()).hexdigest()
    assert store.list_sizes() == {"body.zst": 1300, "small.gz": 7}
    assert (store.size("body.zst"), store.size("none"), store.digest("none")) == (1300, None, None)
