"""Files on a real disk: whole or not there, whoever writes, reads or crashes meanwhile."""

import os
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from pipelines.files import (
    append_durably,
    claim_durably,
    durable_file,
    make_private,
    move_durably,
    remove_unfinished,
    write_durably,
)

APPEND = """
import sys
from pathlib import Path
from pipelines.files import append_durably
for number in range(50):
    append_durably(Path(sys.argv[1]), f"{sys.argv[2]} {number}")
"""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_has_its_name_only_when_it_is_whole(tmp_path: Path) -> None:
    """While it is being written a reader finds nothing, or the file before it."""
    path = tmp_path / "folder" / "file"
    with durable_file(path) as file:
        file.write(b"first")
        assert not path.exists()
    with durable_file(path) as file:
        file.write(b"sec")
        file.flush()
        assert path.read_bytes() == b"first"
        file.write(b"ond")
    assert (path.read_bytes(), names(path.parent)) == (b"second", ["file"])


def test_an_error_leaves_the_old_file_and_no_half_one(tmp_path: Path) -> None:
    """Half a file would make a full disk only fuller."""
    path = tmp_path / "file"
    write_durably(path, b"old")
    with pytest.raises(TypeError), durable_file(path) as file:
        file.writelines([b"half", "no bytes"])  # type: ignore[list-item]  # fails half way
    assert (path.read_bytes(), names(tmp_path)) == (b"old", ["file"])


def test_the_first_of_several_claims_stays(tmp_path: Path) -> None:
    """Each of them writes a whole file, and one is kept."""
    path = tmp_path / "folder" / "origin"
    for content in (b"real\n", b"simulated\n"):
        claim_durably(path, content)
    assert (path.read_bytes(), names(path.parent)) == (b"real\n", ["origin"])


def test_lines_of_several_processes_stay_whole(tmp_path: Path) -> None:
    """Each line is appended under a lock."""
    path = tmp_path / "log"
    command = [sys.executable, "-c", APPEND, str(path)]
    processes = [subprocess.Popen([*command, name]) for name in ("a", "b")]
    assert [process.wait(60) for process in processes] == [0, 0]
    lines = path.read_text().splitlines()
    expected = [f"{name} {number}" for name in ("a", "b") for number in range(50)]
    assert sorted(lines) == sorted(expected)


def test_a_line_that_a_crash_cut_short_stays_alone(tmp_path: Path) -> None:
    """The next line does not join it."""
    path = tmp_path / "log"
    path.write_bytes(b"one\ntw")
    append_durably(path, "three")
    assert path.read_bytes() == b"one\ntw\nthree\n"


def test_a_file_moves_to_another_folder(tmp_path: Path) -> None:
    """The folder is made, and what was there before is replaced."""
    aside, path = tmp_path / "aside", tmp_path / "folder" / "file"
    for content in (b"old", b"new"):
        aside.write_bytes(content)
        move_durably(aside, path)
    assert (path.read_bytes(), names(tmp_path)) == (b"new", ["folder"])


def test_a_reader_sees_the_old_bytes_or_the_new_ones(tmp_path: Path) -> None:
    """Never a mixture, and never none."""
    path, over = tmp_path / "file", threading.Event()
    contents = {bytes([65 + number]) * 50_000 for number in range(4)}
    write_durably(path, min(contents))

    def rewrite() -> None:
        while not over.is_set():
            for content in contents:
                write_durably(path, content)

    writer = threading.Thread(target=rewrite)
    writer.start()
    seen = {path.read_bytes() for _ in range(300)}
    over.set()
    writer.join()
    assert seen <= contents


def test_a_new_folder_is_for_its_user_alone(tmp_path: Path) -> None:
    """An existing folder keeps its rights; the missing ones above get the same."""
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o755)
    make_private(shared / "home" / "raw")
    rights = [shared, shared / "home", shared / "home" / "raw"]
    assert [stat.S_IMODE(each.stat().st_mode) for each in rights] == [0o755, 0o700, 0o700]


def test_files_that_a_kill_left_unfinished_are_removed(tmp_path: Path) -> None:
    """Once nobody can be writing them any more."""
    folder = tmp_path / "ab"
    folder.mkdir()
    fresh, old, whole = folder / ".a.zst.1.tmp", folder / ".b.zst.1.tmp", folder / "c.zst"
    for each in (fresh, old, whole):
        each.touch()
        os.utime(each, (0, time.time() - (0 if each == fresh else 7200)))
    remove_unfinished(tmp_path, "*")
    assert names(folder) == [fresh.name, whole.name]
