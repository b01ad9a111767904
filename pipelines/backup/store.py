"""The folder of backups: files by their hash, each stored once, and a list of them for each backup.

    objects/ab/abcdef…                          a file, named by its SHA-256
    backups/20261129T130000123456Z/files.parquet  one row per file: path, hash, size, time of change
    backups/20261129T130000123456Z/backup.json    written last: a backup without it is none

A file is never changed once it has its name, so a backup that is interrupted leaves the others as
they are.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

import polars as pl

from pipelines.errors import BadBackup, DamagedBackup
from pipelines.files import durable_file, write_durably

FILES = {"path": pl.String, "sha256": pl.String, "bytes": pl.Int64, "changed_ns": pl.Int64}
FORMAT = 1
PIECE = 1 << 20
SCRATCH = ".scratch-"
LIST, SUMMARY = "files.parquet", "backup.json"
OnStep = Callable[[str, int, int], None]
"""Takes what is gone through, how many of it are done, and how many there are; 0 if not known."""


@dataclass(frozen=True)
class StoredFile:
    """One file of a backup: its path in the home, its hash and size, and when it was changed."""

    path: str
    sha256: str
    bytes: int
    changed_ns: int


@dataclass(frozen=True)
class BackupSummary:
    """A finished backup, without the list of its files."""

    name: str
    home: str
    version: str
    files: int
    bytes: int
    list_sha256: str
    format: int = FORMAT


class BackupStore:
    """All backups in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def create(self) -> None:
        """Make the folder, for its owner alone. Raise BadBackup where it holds other things."""
        is_used = self.folder.exists() and any(self.folder.iterdir())
        if is_used and not (self.folder / "backups").is_dir():
            raise BadBackup(f"{self.folder} holds other files. Name an empty or a new folder.")
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (self.folder / "backups").mkdir(exist_ok=True)

    def names(self) -> list[str]:
        """Return the names of the finished backups, oldest first."""
        found = sorted((self.folder / "backups").glob(f"*/{SUMMARY}"))
        return [path.parent.name for path in found]

    def summary(self, name: str) -> BackupSummary:
        """Return what a backup is. Raise DamagedBackup where it cannot be read."""
        path = self.folder / "backups" / name / SUMMARY
        try:
            found = BackupSummary(**json.loads(path.read_bytes()))
        except (OSError, ValueError, TypeError) as error:
            raise DamagedBackup(f"{path} cannot be read ({error}). Name an older one.") from error
        if found.format != FORMAT:
            raise BadBackup(
                f"{path} has format {found.format}: a newer version made it. Install that version."
            )
        return found

    def files(self, name: str) -> pl.DataFrame:
        """Return the files of a backup. Raise DamagedBackup where the list is not whole."""
        path = self.folder / "backups" / name / LIST
        summary = self.summary(name)
        try:
            content = path.read_bytes()
        except OSError as error:
            raise DamagedBackup(f"{path} cannot be read. Name an older backup.") from error
        if sha256(content).hexdigest() != summary.list_sha256:
            raise DamagedBackup(f"{path} is damaged. Name an older backup.")
        return pl.read_parquet(content)

    def finish(self, name: str, home: Path, version: str, files: pl.DataFrame) -> BackupSummary:
        """Make everything that was stored a backup, once all of it is on disk."""
        # One call for all files: thousands of them, each by itself, take minutes.
        os.sync()
        path = self.folder / "backups" / name / LIST
        with durable_file(path) as file:
            files.write_parquet(file)
        digest = sha256(path.read_bytes()).hexdigest()
        total = int(files["bytes"].sum())
        summary = BackupSummary(name, str(home), version, files.height, total, digest)
        write_durably(path.with_name(SUMMARY), json.dumps(asdict(summary), indent=1).encode())
        return summary

    def store(self, path: Path, length: int | None = None) -> tuple[str, int]:
        """Store a file, or only its first bytes, and return its hash and size."""
        aside = self.folder / f".{os.getpid()}.tmp"
        digest, size = sha256(), 0
        try:
            with path.open("rb") as reading, aside.open("wb") as writing:
                for piece in _pieces(reading.fileno(), length):
                    digest.update(piece)
                    size += writing.write(piece)
            place = self._object(digest.hexdigest())
            place.parent.mkdir(parents=True, exist_ok=True)
            # Even where there is one: a loss of power may have left a file without its bytes.
            aside.replace(place)
        finally:
            aside.unlink(missing_ok=True)
        return digest.hexdigest(), size

    def fetch(self, stored: StoredFile, target: Path) -> None:
        """Write a stored file to `target`. Raise DamagedBackup where it is not what it was."""
        target.parent.mkdir(parents=True, exist_ok=True)
        digest = sha256()
        try:
            with self._object(stored.sha256).open("rb") as reading, target.open("wb") as writing:
                for piece in _pieces(reading.fileno(), None):
                    digest.update(piece)
                    writing.write(piece)
        except FileNotFoundError as error:
            raise DamagedBackup(f"{stored.path}: the backup no longer has it") from error
        if digest.hexdigest() != stored.sha256:
            target.unlink()
            raise DamagedBackup(f"{stored.path}: the backup's copy is damaged")
        os.utime(target, ns=(stored.changed_ns, stored.changed_ns))

    def read(self, stored: StoredFile) -> bytes:
        """Return the bytes of a stored file. Raise DamagedBackup where they are others."""
        place = self._object(stored.sha256)
        content = place.read_bytes() if place.exists() else b""
        if sha256(content).hexdigest() != stored.sha256:
            raise DamagedBackup(f"{stored.path}: the backup's copy is damaged or gone")
        return content

    def has(self, stored: StoredFile) -> bool:
        """Tell whether a file is stored with its size; its bytes are not read."""
        place = self._object(stored.sha256)
        return place.exists() and place.stat().st_size == stored.bytes

    def tidy(self) -> None:
        """Remove what an interrupted backup left: unfinished files and lists without a summary."""
        for path in self.folder.glob(".*.tmp"):
            path.unlink(missing_ok=True)
        for path in self.folder.glob(f"{SCRATCH}*"):
            shutil.rmtree(path, ignore_errors=True)
        for path in (self.folder / "backups").iterdir():
            if not (path / SUMMARY).exists():
                for file in path.iterdir():
                    file.unlink(missing_ok=True)
                path.rmdir()

    def _object(self, digest: str) -> Path:
        return self.folder / "objects" / digest[:2] / digest


def as_files(files: pl.DataFrame) -> Iterator[StoredFile]:
    """Yield the rows of a list of files."""
    return (StoredFile(*row) for row in files.select(list(FILES)).iter_rows())


def _pieces(handle: int, length: int | None) -> Iterator[bytes]:
    position = 0
    while length is None or position < length:
        size = PIECE if length is None else min(PIECE, length - position)
        if not (piece := os.pread(handle, size, position)):
            return
        yield piece
        position += len(piece)
