"""Making of a backup: what is new since the last one is copied, all else is listed.

HOME/last_backup.json    when and where the last backup was made
"""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from models.server.usage_journal import SUFFIX as JOURNAL
from pipelines.archive import Answer, Archive, utc_now
from pipelines.backup.home_files import HomeFile, list_files
from pipelines.backup.store import (
    FILES,
    SCRATCH,
    BackupStore,
    BackupSummary,
    OnStep,
    StoredFile,
    as_files,
)
from pipelines.errors import BadBackup, DamagedBackup, DamagedBody, NothingArchived
from pipelines.files import write_durably
from pipelines.locks import file_lock
from pipelines.services.object_store import ObjectStore
from pipelines.settings import Settings

LOCK = "backup.lock"
STAMP = "%Y%m%dT%H%M%S%fZ"


@dataclass(frozen=True)
class Backup:
    """A backup that was made: how much of it is new, and what the home no longer had whole."""

    summary: BackupSummary
    new_files: int
    new_bytes: int
    damaged: Sequence[str]


@dataclass(frozen=True)
class LastBackup:
    """Record of the last backup: its instant and its folder."""

    made_at: datetime
    folder: Path


class _Copier:
    """Stores files that the last backup of this home does not have."""

    def __init__(self, settings: Settings, store: BackupStore, scratch: Path) -> None:
        self._home, self._store, self._scratch = settings.home, store, scratch
        self._archive = Archive(settings.archive)
        spool = settings.services.spool
        self._segments = ObjectStore(spool) if spool else None
        self._before = _files_before(store, settings.home)
        self.new_files = self.new_bytes = 0
        self.damaged: list[str] = []

    def copy(self, file: HomeFile) -> StoredFile | None:
        """Return a file as it is stored now; None where it is gone, or damaged for good."""
        path = str(file.path.relative_to(self._home))
        known = self._before.get(path)
        try:
            if file.kind == "stored":
                return self._copy_stored(file, path, known)
            found = file.path.stat()
            if known and self._is_unchanged(file, known, found.st_size, found.st_mtime_ns):
                return known
            if not self._is_whole(file):
                self.damaged.append(path)
                return None
            digest, size = self._store_file(file)
        except FileNotFoundError:
            # Loaded and moved, which comes later in the list; or dropped or removed.
            return None
        if not known or known.sha256 != digest:
            self.new_files += 1
            self.new_bytes += size
        return StoredFile(path, digest, size, found.st_mtime_ns)

    def _copy_stored(
        self, file: HomeFile, path: str, known: StoredFile | None
    ) -> StoredFile | None:
        """Copy a segment that is in S3 alone."""
        if known and self._store.has(known):
            return known
        copy = self._scratch / file.path.name
        if not (self._segments and self._segments.download(file.key, copy)):
            return None
        digest, size = self._store.store(copy)
        copy.unlink()
        self.new_files += 1
        self.new_bytes += size
        return StoredFile(path, digest, size, 0)

    def _is_unchanged(self, file: HomeFile, known: StoredFile, size: int, changed_ns: int) -> bool:
        is_same = file.kind == "fixed" or (known.bytes, known.changed_ns) == (size, changed_ns)
        # One that is fixed and was damaged in the home stays as it was when it was stored.
        return file.kind != "database" and is_same and self._store.has(known)

    def _is_whole(self, file: HomeFile) -> bool:
        """Check an answer's bytes against its name; other files have none to check against."""
        if file.path.suffix != ".zst":
            return True
        try:
            self._archive.read(file.path.stem)
        except DamagedBody:
            return False
        return True

    def _store_file(self, file: HomeFile) -> tuple[str, int]:
        if file.kind == "database":
            copy = self._scratch / file.path.name
            with (
                closing(sqlite3.connect(file.path, timeout=30)) as con,
                closing(sqlite3.connect(copy)) as other,
            ):
                con.backup(other)
            return self._store.store(copy)
        if file.kind == "log":
            # The last line may be half written at this moment.
            return self._store.store(file.path, file.path.read_bytes().rfind(b"\n") + 1)
        return self._store.store(file.path)


def back_up(settings: Settings, folder: Path, on_step: OnStep = lambda *_: None) -> Backup:
    """Add a backup to a folder. Nobody has to stop for it, and others may be made meanwhile.

    Raise BadBackup where the folder cannot hold one, LockHeld where another backup goes on there.
    """
    if not settings.archive.exists():
        raise NothingArchived(f"{settings.home} holds nothing. Is TOKENTIDE_HOME the right folder?")
    if folder.resolve().is_relative_to(settings.home.resolve()):
        raise BadBackup(f"{folder} lies in the home itself. Name a folder on another disk.")
    store = BackupStore(folder)
    store.create()
    try:
        with file_lock(folder / LOCK, blocking=False):
            store.tidy()
            with TemporaryDirectory(prefix=SCRATCH, dir=folder) as scratch:
                backup = _back_up(settings, store, Path(scratch), on_step)
    except sqlite3.Error as error:
        raise BadBackup(
            f"The state of {settings.home} cannot be read ({error}). "
            "`tokentide verify` names the file."
        ) from error
    record = {"made_at": utc_now().isoformat(), "folder": str(folder.resolve())}
    write_durably(_record(settings), json.dumps(record).encode())
    return backup


def last_backup(settings: Settings) -> LastBackup | None:
    """Return when and where this home was backed up last, None where that is not known."""
    try:
        record = json.loads(_record(settings).read_bytes())
        return LastBackup(datetime.fromisoformat(record["made_at"]), Path(record["folder"]))
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _back_up(settings: Settings, store: BackupStore, scratch: Path, on_step: OnStep) -> Backup:
    copier = _Copier(settings, store, scratch)
    # Before anything is copied: the bodies of answers that come later are none of this backup.
    named = {answer.sha256: answer for answer in Archive(settings.archive).answers()}
    stored: list[StoredFile] = []
    for done, file in enumerate(list_files(settings), start=1):
        if kept := copier.copy(file):
            stored.append(kept)
        on_step("files", done, 0)
    files = _without_sealed(pl.DataFrame(stored, schema=FILES, orient="row"))
    missing = _missing_bodies(named, {Path(path).stem for path in files["path"]})
    name = f"{utc_now():{STAMP}}"
    summary = store.finish(name, settings.home, version("tokentide"), files)
    return Backup(summary, copier.new_files, copier.new_bytes, [*copier.damaged, *missing])


def _without_sealed(files: pl.DataFrame) -> pl.DataFrame:
    """Leave out each journal that became a segment while the files were copied."""
    stem = pl.col("path").str.split("/").list.last().str.split(".").list.slice(0, 2).list.join(".")
    is_journal = pl.col("path").str.ends_with(JOURNAL)
    segments = files.filter(pl.col("path").str.ends_with(".arrow")).select(stem).to_series()
    return files.filter(~(is_journal & stem.is_in(segments.implode())))


def _missing_bodies(named: Mapping[str, Answer], stored: set[str]) -> list[str]:
    """Return the answers that the log names and whose bytes are not in the backup."""
    gone = (answer for digest, answer in named.items() if digest not in stored)
    return [f"answer {answer.answer_id} of {answer.source}" for answer in gone]


def _files_before(store: BackupStore, home: Path) -> dict[str, StoredFile]:
    """Return the files of the last backup of this home that can be read, by path."""
    for name in reversed(store.names()):
        try:
            if store.summary(name).home == str(home):
                return {stored.path: stored for stored in as_files(store.files(name))}
        except DamagedBackup:
            continue
    return {}


def _record(settings: Settings) -> Path:
    return settings.home / "last_backup.json"
