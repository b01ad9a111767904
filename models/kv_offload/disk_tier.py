"""Blocks in files by their digest, the least recently used first out. They outlive the process.

A file has a header (magic, fingerprint, digest, checksum) and the bytes of one block. It is written
aside and renamed, so a process that is killed leaves whole files or none under their names; what a
disk damages, the checksum shows. Blocks of another fingerprint are counted and removed when room is
needed, never read.
"""

import fcntl
import os
import re
import time
from collections import OrderedDict
from collections.abc import Iterable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from threading import Lock

from models.errors import BadConfig

MAGIC = b"TTKVBLK1"
HEADER_BYTES = len(MAGIC) + 16 + 16 + 32
NAME = re.compile(r"[0-9a-f]{32}/[0-9a-f]{32}\.(kv|part)")
AHEAD_BLOCKS = 32
LOCK_SECONDS = 10  # a server that was just killed may still be ending


class DiskTier:
    """Folder of blocks, bounded by the bytes of its files. Several threads may use it."""

    def __init__(
        self,
        folder: Path,
        max_bytes: int,
        fingerprint: bytes,
        block_bytes: int,
        lock_seconds: float = LOCK_SECONDS,
    ) -> None:
        self.max_bytes = max_bytes
        self.block_bytes = block_bytes
        self.damaged_blocks = 0
        self._fingerprint = fingerprint
        self._root = folder
        self._file_bytes = HEADER_BYTES + block_bytes
        self._mutex = Lock()
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _check_owner(folder)
            (folder / fingerprint.hex()).mkdir(mode=0o700, exist_ok=True)
            (folder / fingerprint.hex()).chmod(0o700)
            self._lock = _lock(folder / "lock", lock_seconds)
            self._sizes = _scan(folder)  # by the file's name below the folder
        except OSError as error:
            raise BadConfig(
                f"The disk cache {folder} cannot be used ({error.strerror}). Name a folder that "
                "this user can write with --disk-cache."
            ) from error
        self._held_bytes = sum(self._sizes.values())
        self._make_room(0)

    def __contains__(self, digest: bytes) -> bool:
        return self._name(digest) in self._sizes

    @property
    def held_bytes(self) -> int:
        """Bytes of all files, those of other fingerprints included."""
        return self._held_bytes

    def write(self, digest: bytes, content: memoryview) -> bool:
        """Write the bytes of a block, unless it is held. Return False if it cannot be."""
        name = self._name(digest)
        with self._mutex:
            if name in self._sizes:
                return True
            if self._file_bytes > self.max_bytes:
                return False
            self._make_room(self._file_bytes)
            self._held_bytes += self._file_bytes
        header = MAGIC + self._fingerprint + digest + _checksum(digest, content)
        aside = (self._root / name).with_suffix(".part")
        try:
            with open(aside, "wb", opener=_private) as file:
                file.write(header)
                file.write(content)
            aside.rename(self._root / name)
        except OSError:  # a full disk, or a folder that is gone: serving goes on without it
            _remove(aside)
            with self._mutex:
                self._held_bytes -= self._file_bytes
            return False
        with self._mutex:
            self._sizes[name] = self._file_bytes
        return True

    def read(self, digests: list[bytes]) -> bytearray:
        """Read the bytes of the first blocks of these that are whole.

        A block that is missing or damaged ends the reading, and its file is removed.
        """
        content = bytearray(len(digests) * self.block_bytes)
        for number, digest in enumerate(digests):
            if number % AHEAD_BLOCKS == 0:
                self._read_ahead(digests[number : number + AHEAD_BLOCKS])
            first = number * self.block_bytes
            if not self._read(digest, memoryview(content)[first : first + self.block_bytes]):
                self._forget(digest)
                return content[:first]
        return content

    def touch(self, digests: Iterable[bytes]) -> None:
        """Mark blocks as used now, the last one most recently. Ignore those that are not held."""
        with self._mutex:
            for digest in digests:
                if (name := self._name(digest)) in self._sizes:
                    self._sizes.move_to_end(name)

    def close(self) -> None:
        """Let other servers use the folder."""
        os.close(self._lock)

    def _name(self, digest: bytes) -> str:
        return f"{self._fingerprint.hex()}/{digest.hex()}.kv"

    def _read_ahead(self, digests: list[bytes]) -> None:
        """Let the system fetch files side by side: one by one each costs the disk's latency."""
        if hasattr(os, "posix_fadvise"):
            for digest in digests:
                with suppress(OSError), (self._root / self._name(digest)).open("rb") as file:
                    os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_WILLNEED)

    def _read(self, digest: bytes, content: memoryview) -> bool:
        path = self._root / self._name(digest)
        try:
            with path.open("rb", buffering=0) as file:
                header = file.read(HEADER_BYTES)
                is_whole = file.readinto(content) == self.block_bytes
                is_whole &= not file.read(1)
            # The order of use outlives the process as times of change.
            os.utime(path)
        except OSError:
            return False
        expected = MAGIC + self._fingerprint + digest + _checksum(digest, content)
        is_whole &= header == expected
        self.damaged_blocks += not is_whole
        return is_whole

    def _forget(self, digest: bytes) -> None:
        name = self._name(digest)
        with self._mutex:
            self._held_bytes -= self._sizes.pop(name, 0)
            _remove(self._root / name)

    def _make_room(self, wanted: int) -> None:
        while self._sizes and self._held_bytes + wanted > self.max_bytes:
            name, size = self._sizes.popitem(last=False)
            self._held_bytes -= size
            _remove(self._root / name)


def _check_owner(folder: Path) -> None:
    """Refuse a folder in which other users could put blocks of their making."""
    state = folder.stat()
    if state.st_uid != os.getuid() or state.st_mode & 0o022:
        raise BadConfig(
            f"Other users can write to the disk cache {folder}. Run `chmod go-w` on it, or name a "
            "folder of this user with --disk-cache."
        )


def _scan(folder: Path) -> "OrderedDict[str, int]":
    """Return the sizes of all blocks, longest unused first. Remove what was half written."""
    found: list[tuple[int, str, int]] = []
    for inner in os.scandir(folder):
        if not inner.is_dir(follow_symlinks=False):
            continue
        for file in os.scandir(inner.path):
            name = f"{inner.name}/{file.name}"
            if NAME.fullmatch(name) and file.is_file(follow_symlinks=False):
                state = file.stat(follow_symlinks=False)
                found.append((state.st_mtime_ns, name, state.st_size))
    for _, name, _ in found:
        if name.endswith(".part"):
            _remove(folder / name)
    return OrderedDict((name, size) for _, name, size in sorted(found) if name.endswith(".kv"))


def _lock(path: Path, seconds: float) -> int:
    """Lock the folder for this process, so that its bound holds. The lock ends with the process."""
    file = _private(str(path), os.O_CREAT | os.O_RDWR)
    deadline = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > deadline:
                os.close(file)
                raise BadConfig(
                    f"The disk cache {path.parent} is used by another server. End that server or "
                    "name another folder with --disk-cache."
                ) from error
            time.sleep(0.1)
        else:
            return file


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _checksum(digest: bytes, content: memoryview) -> bytes:
    summed = sha256(digest)
    summed.update(content)
    return summed.digest()


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink(missing_ok=True)
