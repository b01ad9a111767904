"""Blocks on disk: bounded, whole or absent, of one model, and there after a restart."""

import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import BadConfig
from models.kv_offload.disk_tier import HEADER_BYTES, DiskTier

BLOCK_BYTES = 40
FILE_BYTES = HEADER_BYTES + BLOCK_BYTES
OURS, OTHERS = b"o" * 16, b"x" * 16


@contextmanager
def opened(folder: Path, blocks: int = 4, fingerprint: bytes = OURS) -> Iterator[DiskTier]:
    """Open a tier with room for some blocks and close it at the end."""
    disk = DiskTier(folder, blocks * FILE_BYTES + 1, fingerprint, BLOCK_BYTES)
    try:
        yield disk
    finally:
        disk.close()


def digest(number: int) -> bytes:
    """Return the digest of a block."""
    return bytes([number]) * 16


def content(number: int) -> bytes:
    """Return the bytes of a block."""
    return bytes(range(number, number + BLOCK_BYTES))


def write(disk: DiskTier, *numbers: int) -> None:
    """Write blocks."""
    for number in numbers:
        assert disk.write(digest(number), memoryview(content(number)))


def held(disk: DiskTier, *numbers: int) -> list[bool]:
    """Say of each block whether it is held."""
    return [digest(number) in disk for number in numbers]


def files(folder: Path) -> dict[str, int]:
    """Return the sizes of the files of blocks, by name."""
    return {each.name: each.stat().st_size for each in folder.glob("*/*") if each.is_file()}


def test_blocks_are_there_after_a_restart_for_their_model_only(tmp_path: Path) -> None:
    """Another model's blocks count, are not read, and give way."""
    with opened(tmp_path) as disk:
        write(disk, 1, 2, 3)
    with opened(tmp_path, fingerprint=OTHERS) as other:
        assert held(other, 1, 2, 3) == [False] * 3
        assert not other.read([digest(1)])
        assert other.held_bytes == 3 * FILE_BYTES
        write(other, 7, 8, 9)
    with opened(tmp_path) as disk:
        assert held(disk, 1, 2, 3) == [False, False, True]
        assert disk.read([digest(3)]) == content(3)


def test_only_the_owner_may_read_blocks(tmp_path: Path) -> None:
    """They tell of prompts."""
    with opened(tmp_path / "new") as disk:
        write(disk, 1)
    modes = {stat.S_IMODE(each.stat().st_mode) for each in (tmp_path / "new").rglob("*")}
    assert modes == {0o700, 0o600}
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


@pytest.mark.parametrize("place", [0, 10, 30, 50, HEADER_BYTES, FILE_BYTES - 1])
def test_a_damaged_block_is_a_miss_and_removed(tmp_path: Path, place: int) -> None:
    """Wherever one bit is wrong; what was read before it counts."""
    with opened(tmp_path) as disk:
        write(disk, 1, 2, 3)
        [path] = tmp_path.glob(f"*/{digest(2).hex()}.kv")
        damaged = bytearray(path.read_bytes())
        damaged[place] ^= 1
        path.write_bytes(damaged)
        assert disk.read([digest(1), digest(2), digest(3)]) == content(1)
        assert held(disk, 1, 2, 3) == [True, False, True]
        assert (disk.damaged_blocks, disk.held_bytes) == (1, 2 * FILE_BYTES)
        assert not path.exists()
        write(disk, 2)
        assert disk.read([digest(2)]) == content(2)


@pytest.mark.parametrize("size", [0, 5, HEADER_BYTES, FILE_BYTES - 1, FILE_BYTES + 1])
def test_a_file_of_another_length_is_a_miss(tmp_path: Path, size: int) -> None:
    """A disk that loses power may leave a part of it; it is found after the restart."""
    with opened(tmp_path) as disk:
        write(disk, 1)
    [path] = tmp_path.glob("*/*.kv")
    path.write_bytes(path.read_bytes()[:size] + b"?" * max(size - FILE_BYTES, 0))
    with opened(tmp_path) as disk:
        assert not disk.read([digest(1)])
        assert (disk.held_bytes, files(tmp_path)) == (0, {})


def test_what_was_half_written_is_removed_at_the_start(tmp_path: Path) -> None:
    """And files that are not ours are left alone."""
    with opened(tmp_path) as disk:
        write(disk, 1)
    [path] = tmp_path.glob("*/*.kv")
    path.with_suffix(".part").write_bytes(b"half")
    (tmp_path / "notes.txt").write_text("mine")
    (path.parent / "other.kv").write_text("mine too")
    with opened(tmp_path, blocks=1) as disk:
        write(disk, 2)
    assert set(files(tmp_path)) == {f"{digest(2).hex()}.kv", "other.kv"}
    assert (tmp_path / "notes.txt").exists()


def test_a_folder_has_one_server_at_a_time(tmp_path: Path) -> None:
    """Its bound would not hold otherwise."""
    with opened(tmp_path), pytest.raises(BadConfig, match="another server"):
        DiskTier(tmp_path, 1, OURS, BLOCK_BYTES, lock_seconds=0)
    with opened(tmp_path):
        pass


def test_a_folder_that_cannot_be_made_is_said_at_the_start(tmp_path: Path) -> None:
    """With the option that names another."""
    (tmp_path / "file").touch()
    with pytest.raises(BadConfig, match="--disk-cache"):
        DiskTier(tmp_path / "file", 1, OURS, BLOCK_BYTES)


def test_a_folder_of_others_is_refused(tmp_path: Path) -> None:
    """A block that another user wrote would answer this user's prompts."""
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared").chmod(0o770)
    with pytest.raises(BadConfig, match="chmod go-w"):
        DiskTier(tmp_path / "shared", 1, OURS, BLOCK_BYTES)


def test_a_folder_that_is_lost_costs_blocks_not_requests(tmp_path: Path) -> None:
    """Writing fails, reading misses, nothing is counted as held."""
    with opened(tmp_path) as disk:
        write(disk, 1)
        for path in tmp_path.glob("*/*"):
            path.unlink()
        (tmp_path / OURS.hex()).rmdir()
        assert not disk.write(digest(2), memoryview(content(2)))
        assert not disk.read([digest(1)])
        assert disk.held_bytes == 0


STEP = st.tuples(st.sampled_from(["write", "read", "touch", "damage"]), st.integers(0, 7))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 3), st.lists(st.lists(STEP, max_size=15), max_size=3))
def test_the_bound_holds_and_a_block_read_is_one_written(
    blocks: int, runs: list[list[tuple[str, int]]]
) -> None:
    """Any order of writing, reading, damage and restarts will do."""
    with tempfile.TemporaryDirectory() as name:
        whole: set[int] = set()
        for steps in [*runs, []]:
            with opened(Path(name), blocks) as disk:
                for kind, number in steps:
                    _apply(disk, Path(name), kind, number, whole)
                    assert sum(files(Path(name)).values()) == disk.held_bytes <= disk.max_bytes
                assert sum(files(Path(name)).values()) == disk.held_bytes


def _apply(disk: DiskTier, folder: Path, kind: str, number: int, whole: set[int]) -> None:
    path = folder / OURS.hex() / f"{digest(number).hex()}.kv"
    was_held = digest(number) in disk
    if kind == "write":
        # What is held is not written again, damaged or not.
        if disk.write(digest(number), memoryview(content(number))) and not was_held:
            whole.add(number)
    elif kind == "touch":
        disk.touch([digest(number)])
    elif kind == "damage" and path.exists():
        damaged = bytearray(path.read_bytes())
        damaged[number] ^= 1
        path.write_bytes(damaged)
        whole ^= {number}  # the same bit wrong twice is right
    elif kind == "read":
        found = disk.read([digest(number)])
        assert found in (b"", content(number))
        assert bool(found) == (was_held and number in whole)
