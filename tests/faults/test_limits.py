"""A full disk, a folder that can only be read: one line each, and nothing confirmed is lost."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.faults.forks import Forks
from support.loading import AS_OF, DAY, keep_answer, rankings_body

from pipelines.archive import Archive
from pipelines.publish.generations import newest
from pipelines.settings import Settings
from pipelines.verification.verify import verify
from warehouse.connection import open_published

pytestmark = pytest.mark.slow
ERROR = re.compile(r"^Error: .{20,}", re.MULTILINE)
QUERY = "select sum(total_tokens) as tokens from market_tokens_daily"
WRITERS = {
    "build": ("build",),
    "publish": ("publish",),
    "rebuild": ("rebuild",),
    "ingest telemetry": ("ingest", "telemetry"),
    "backup": ("backup", "{folder}"),
}
READERS = {
    "sql": ("sql", "--csv", QUERY),
    "verify": ("verify", "--quick"),
    "status": ("status", "--json"),
}


@pytest.fixture
def home(copied_home: Settings) -> Settings:
    """Return a home with an answer that is not loaded yet, so that each verb has work."""
    at = AS_OF + 16 * DAY
    keep_answer(Archive(copied_home.archive), rankings_body(14, at, {4: 10**6}), at)
    return copied_home


@pytest.fixture
def read_only(home: Settings) -> Iterator[Settings]:
    """Take away the right to write to every file and folder of it."""
    paths = [home.home, *home.home.rglob("*")]
    modes = {path: path.lstat().st_mode for path in paths if not path.is_symlink()}
    for path, mode in modes.items():
        path.chmod(mode & ~0o222)
    yield home
    for path, mode in modes.items():
        if path.exists():
            path.chmod(mode)


def tokens(settings: Settings) -> int:
    with closing(open_published(newest(settings))) as con:
        [(found,)] = con.sql(QUERY).fetchall()
    return int(found)


def run(
    forks: Forks, action: str, home: Settings, tmp_path: Path, verb: tuple[str, ...]
) -> tuple[str, str]:
    output = tmp_path / "output"
    arguments = [part.replace("{folder}", str(tmp_path / "backups")) for part in verb]
    ended = forks.run(action, home.home, output, *arguments)
    return output.read_text(errors="replace"), ended.confirmed[0] if ended.confirmed else "killed"


@pytest.mark.parametrize("name", WRITERS)
def test_a_home_that_takes_no_bytes_loses_nothing(
    forks: Forks, home: Settings, tmp_path: Path, name: str
) -> None:
    """Nothing is damaged, and all that was published stays.

    DuckDB 1.5 ends the process where it cannot undo a transaction for want of room; it says so.
    """
    before = tokens(home)
    text, code = run(forks, "command_on_full_disk", home, tmp_path, WRITERS[name])
    assert "Traceback" not in text, text
    is_said = code == "1" and ERROR.search(text)
    assert is_said or (code == "killed" and "duckdb::FatalException" in text), text
    assert tokens(home) == before
    assert verify(home).damages == []


@pytest.mark.parametrize("name", [name for name in WRITERS if name != "backup"])
def test_a_home_that_can_only_be_read_is_said(
    forks: Forks, read_only: Settings, tmp_path: Path, name: str
) -> None:
    text, code = run(forks, "command_as_a_guest", read_only, tmp_path, WRITERS[name])
    assert "Traceback" not in text, text
    assert code == "1", text
    assert ERROR.search(text), text


@pytest.mark.parametrize("name", READERS)
def test_readers_need_no_right_to_write(
    forks: Forks, read_only: Settings, tmp_path: Path, name: str
) -> None:
    """A home on a read-only disk is read as any other."""
    text, code = run(forks, "command_as_a_guest", read_only, tmp_path, READERS[name])
    assert (code, "Traceback" in text) == ("0", False), text


def test_permissions_count_for_root_too(forks: Forks, tmp_path: Path) -> None:
    """Else the tests above would show nothing where root runs them."""
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o555)
    shutil.copyfile(os.devnull, tmp_path / "output")
    ended = forks.run("command_as_a_guest", folder, folder / "output", "--version")
    assert "PermissionError" in ended.error
