"""The library of kernels: built once, found again, shipped, or the reason why there is none."""

import ctypes
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.inference.columns import COLUMNS

from models.ops.cpu_abi import cache_folder, load_library
from models.ops.cpu_library import NoLibrary, build, find_library, machine_columns

COLUMN = COLUMNS[0]


def test_kinds_of_machines_have_columns() -> None:
    """The fastest is first; an unknown machine has none."""
    assert machine_columns("x86_64") == ["avx512_bf16", "avx512", "avx2"]
    assert machine_columns("arm64") == machine_columns("aarch64") == ["neon"]
    assert machine_columns("riscv64") == []


def test_a_build_is_found_again() -> None:
    """The same source and flags are the same file, which is not built twice."""
    first = find_library(COLUMN, cache_folder())
    built_at = first.stat().st_mtime_ns
    assert find_library(COLUMN, cache_folder()) == first
    assert first.stat().st_mtime_ns == built_at
    beside = {path.suffix for path in first.parent.iterdir() if path.stem == first.stem}
    assert beside == {".so", ".sha256"}


def test_a_build_that_was_damaged_is_not_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a library passes for one, and ends the process that loads it; it is built again."""
    whole = find_library(COLUMN, cache_folder())
    for path in (whole, whole.with_suffix(".sha256")):
        shutil.copy(path, tmp_path / path.name)
    monkeypatch.setenv("PATH", "")
    assert load_library(COLUMN, tmp_path).lanes() in (4, 8, 16)
    half = tmp_path / whole.name
    half.unlink()  # what is loaded keeps its content
    half.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with pytest.raises(NoLibrary, match=r"no C\+\+ compiler"):
        find_library(COLUMN, tmp_path)


@pytest.mark.long
@pytest.mark.slow
def test_builds_at_the_same_time_leave_one_whole_file(tmp_path: Path) -> None:
    """Each is complete before it has the name."""
    with ThreadPoolExecutor(3) as pool:
        paths = set(pool.map(lambda _: find_library(COLUMN, tmp_path), range(3)))
    [path] = paths
    assert ctypes.CDLL(str(path)).lanes() in (4, 8, 16)
    assert set(tmp_path.iterdir()) == {path, path.with_suffix(".sha256")}


def test_a_wheels_file_comes_first(tmp_path: Path) -> None:
    """Then nothing is built."""
    shipped = tmp_path / f"{COLUMN}.so"
    shipped.touch()
    assert find_library(COLUMN, tmp_path / "never made", tmp_path) == shipped
    assert list(tmp_path.iterdir()) == [shipped]


def test_without_a_compiler_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason says what to install."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoLibrary, match=r"no C\+\+ compiler; install g\+\+"):
        find_library(COLUMN, tmp_path / "cache")


def test_a_compiler_that_fails_is_quoted(tmp_path: Path) -> None:
    """Nothing is left behind."""
    with pytest.raises(NoLibrary, match=r"failed: .*--no-such-option"):
        build(COLUMN, tmp_path / "cache" / "x.so", ("--no-such-option",))
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_cache_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """Here a file stands in its place."""
    (tmp_path / "cache").touch()
    with pytest.raises(NoLibrary, match="cache cannot be written"):
        find_library(COLUMN, tmp_path / "cache")


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    """It is no library at all."""
    (tmp_path / f"{COLUMN}.so").write_bytes(b"no library")
    with pytest.raises(NoLibrary, match="cannot be loaded"):
        load_library(COLUMN, tmp_path, tmp_path)
