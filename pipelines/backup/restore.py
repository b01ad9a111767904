"""Restoring of a home from a backup: whole into an empty one, or piece by piece into a damaged one.

HOME/restoring/       files on their way; whole and compared with their hashes before any of
                      them gets its place
HOME/restoring.done   all of them are there, so that an interrupted restore only moves them
"""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import polars as pl

from pipelines.backup.log_repair import repair_log
from pipelines.backup.store import BackupStore, BackupSummary, OnStep, StoredFile, as_files
from pipelines.errors import BadBackup, DamagedBackup, HomeInUse
from pipelines.files import move_durably, sync_folder, write_durably
from pipelines.locks import file_lock
from pipelines.publish.generations import NEWEST
from pipelines.publish.teams import TEAMS_PUBLISHED
from pipelines.settings import Settings

LOCK, ASIDE, DONE = "restoring.lock", "restoring", "restoring.done"
# The archive comes last: without it nothing takes the home for a whole one.
LAST = "raw"
FIXED = ("raw/bodies/", "raw/telemetry/")
MAX_LISTED = 20


@dataclass(frozen=True)
class Restored:
    """A restored home: the backup it came from, its number of files, and what was damaged in it."""

    summary: BackupSummary
    files: int
    missing: Sequence[str] = field(default_factory=list)


def choose_backup(store: BackupStore, name: str | None) -> str:
    """Return the name of a backup, of the newest without one. Raise BadBackup for none."""
    names = store.names()
    if not names:
        raise BadBackup(f"{store.folder} holds no backup. `tokentide backup FOLDER` makes one.")
    if name and name not in names:
        raise BadBackup(f"{store.folder} holds no backup {name!r}, only {', '.join(names[-9:])}.")
    return name or names[-1]


def restore(
    settings: Settings,
    folder: Path,
    name: str | None = None,
    on_step: OnStep = lambda *_: None,
    *,
    allow_missing: bool = False,
) -> Restored:
    """Fill an empty home from a backup. Until all of it is there, whole, the home stays empty.

    The newest generation can be read at once. The warehouse is not in a backup; `rebuild` makes it,
    and the next generation. Raise HomeInUse where the home holds
    anything, DamagedBackup where the backup is not whole and that is not allowed.
    """
    store = BackupStore(folder)
    summary = store.summary(choose_backup(store, name))
    files = store.files(summary.name)
    home = settings.home
    home.mkdir(parents=True, exist_ok=True)
    with file_lock(home / LOCK, blocking=False):
        if (home / DONE).exists() and (home / DONE).read_text() == summary.name:
            # Another call was interrupted while it moved the files.
            _put_in_place(home)
            return Restored(summary, files.height)
        _check_empty(home)
        missing = _fetch_all(store, files, home, on_step)
        if missing and not allow_missing:
            shutil.rmtree(home / ASIDE)
            raise DamagedBackup(_in_words(missing, folder))
        os.sync()
        write_durably(home / DONE, summary.name.encode())
        _put_in_place(home)
    return Restored(summary, files.height - len(missing), missing)


def repair(
    settings: Settings, folder: Path, name: str | None = None, on_step: OnStep = lambda *_: None
) -> list[str]:
    """Take answers and segments that are damaged or gone from a backup; return what was taken.

    Nothing that is whole is changed, and what is newer than the backup stays. Lines that logs have
    lost are appended. Raise DamagedBackup where the backup does not have one of them whole.
    """
    store = BackupStore(folder)
    files = store.files(choose_backup(store, name))
    is_fixed = pl.any_horizontal(pl.col("path").str.starts_with(p) for p in FIXED)
    fixed = files.filter(is_fixed & ~pl.col("path").str.ends_with(".jsonl"))
    taken = []
    for done, stored in enumerate(as_files(fixed), start=1):
        path = _inside(settings.home, stored.path)
        if not _is_whole(path, stored):
            aside = path.with_name(f".{path.name}.tmp")
            store.fetch(stored, aside)
            move_durably(aside, path)
            taken.append(stored.path)
        on_step("files", done, fixed.height)
    for stored in as_files(files.filter(pl.col("path").str.ends_with(".jsonl"))):
        if lines := repair_log(_inside(settings.home, stored.path), store.read(stored)):
            taken.append(f"{lines} lines of {stored.path}")
    return taken


def _fetch_all(store: BackupStore, files: pl.DataFrame, home: Path, on_step: OnStep) -> list[str]:
    """Write all files aside; return those that the backup no longer has whole."""
    aside = home / ASIDE
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir()
    needed, free = int(files["bytes"].sum()), shutil.disk_usage(home).free
    if needed > free:
        aside.rmdir()
        raise BadBackup(
            f"The backup has {needed >> 20} MiB, and {home} has room for {free >> 20} MiB. "
            "Make room, or set TOKENTIDE_HOME to a folder on another disk."
        )
    missing = []
    for done, stored in enumerate(as_files(files), start=1):
        try:
            store.fetch(stored, _inside(aside, stored.path))
        except DamagedBackup as error:
            missing.append(str(error))
        on_step("files", done, files.height)
    for published in [aside / "published", *aside.glob(TEAMS_PUBLISHED)]:
        for path in published.glob("generation-*.duckdb"):
            (published / NEWEST).symlink_to(path.name)
    return missing


def _inside(aside: Path, name: str) -> Path:
    """Return the place of a file, which must lie in the home: a list may come from anybody."""
    path = aside / name
    if ".." in Path(name).parts or not path.is_relative_to(aside):
        raise BadBackup(f"The backup has a file outside of the home: {name!r}. Do not use it.")
    return path


def _check_empty(home: Path) -> None:
    held = [
        path.name
        for path in sorted(home.iterdir())
        if path.suffix != ".lock" and path.name not in (ASIDE, DONE)
    ]
    if held:
        raise HomeInUse(
            f"{home} holds {', '.join(held[:5])}. Move it away, or set TOKENTIDE_HOME to an empty "
            "folder. `--repair` takes only what is damaged or gone. If a restore ended there, "
            "`tokentide rebuild` makes the warehouse."
        )


def _put_in_place(home: Path) -> None:
    aside = home / ASIDE
    for path in (
        sorted(aside.iterdir(), key=lambda each: each.name == LAST) if aside.exists() else ()
    ):
        path.rename(home / path.name)
    sync_folder(home)
    (home / DONE).unlink()
    shutil.rmtree(aside, ignore_errors=True)


def _is_whole(path: Path, stored: StoredFile) -> bool:
    try:
        with path.open("rb") as file:
            digest = sha256()
            while piece := file.read(1 << 20):
                digest.update(piece)
    except OSError:
        return False
    return digest.hexdigest() == stored.sha256


def _in_words(missing: Sequence[str], folder: Path) -> str:
    more = [f"  and {len(missing) - MAX_LISTED} more"] if len(missing) > MAX_LISTED else []
    return "\n".join(
        [
            f"{folder} has lost {len(missing)} files of this backup, so nothing was restored:",
            *(f"  {each}" for each in missing[:MAX_LISTED]),
            *more,
            "Name an older one with `--backup`, or take what is left with `--allow-missing`.",
        ]
    )
