"""The journal: bodies that were accepted and are in no segment yet, as they came.

    20261130T071016123456Z-9f2c61d0-000004.journal

A sender gets its answer once its body is on disk. Requests that wait at the same time share one
sync. A file is removed once every sample of it is in a segment; what a killed receiver leaves is
read by the next one. A record has its length, a checksum and a form; one that was cut was never
confirmed.
"""

import asyncio
import os
import secrets
import struct
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

from pipelines.files import make_private, sync_folder
from pipelines.telemetry.receiver.bodies import (
    MAX_BODY,
    BodyEncoding,
    BodyFormat,
    PushedBody,
)

FORMATS: tuple[BodyFormat, ...] = get_args(BodyFormat)
ENCODINGS: tuple[BodyEncoding, ...] = get_args(BodyEncoding)
HEAD = struct.Struct("<IIBB")  # length of the body, checksum, format, encoding
SUFFIX = ".journal"


class BodyJournal:
    """Journals of one receiver, each in a file; bodies are appended to the newest."""

    def __init__(self, folder: Path) -> None:
        make_private(folder)
        self._folder = folder
        self._writer = secrets.token_hex(4)
        self._files: dict[int, Path] = {}
        self.number = 0
        self.size = 0
        self._waiting: list[tuple[asyncio.Future[None], int]] = []
        self._syncing: asyncio.Task[None] | None = None
        self._handle = self._open()

    @property
    def is_empty(self) -> bool:
        """True if no file of this receiver has a body."""
        return self.size == 0 and len(self._files) == 1

    def left(self) -> list[Path]:
        """List the journals of receivers that are gone, oldest first."""
        own = set(self._files.values())
        return [path for path in sorted(self._folder.glob(f"*{SUFFIX}")) if path not in own]

    def append(self, pushed: PushedBody) -> None:
        """Append a body; raise OSError, with nothing of it left, where the disk refuses."""
        forms = FORMATS.index(pushed.format), ENCODINGS.index(pushed.encoding)
        record = HEAD.pack(len(pushed.body), zlib.crc32(pushed.body), *forms) + pushed.body
        try:
            if os.write(self._handle, record) < len(record):
                raise OSError("no space left on the device")
        except OSError:
            os.ftruncate(self._handle, self.size)
            raise
        self.size += len(record)

    async def sync(self) -> None:
        """Return once all that was appended is on disk; raise OSError where that fails."""
        await self._synced(self._handle)

    async def rotate(self) -> None:
        """Begin another file, and finish this one once it is on disk."""
        handle, self._handle = self._handle, self._open()
        try:
            await self._synced(handle)
        finally:
            os.close(handle)

    def remove_before(self, number: int) -> None:
        """Remove the files before one, whose samples are all in segments."""
        for each in [each for each in self._files if each < number]:
            self._files.pop(each).unlink(missing_ok=True)

    def close(self) -> None:
        """Close the newest file, and remove it if it has nothing."""
        os.close(self._handle)
        if not self.size:
            self._files.pop(self.number).unlink(missing_ok=True)

    def _open(self) -> int:
        stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}"
        path = self._folder / f"{stamp}-{self._writer}-{self.number + 1:06d}{SUFFIX}"
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        try:
            sync_folder(self._folder)
        except OSError:
            os.close(handle)
            path.unlink(missing_ok=True)
            raise
        # Only now: until here bodies are appended to the one before.
        self.number += 1
        self.size = 0
        self._files[self.number] = path
        return handle

    async def _synced(self, handle: int) -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((done, handle))
        if self._syncing is None:
            self._syncing = asyncio.create_task(self._sync_all())
        await done

    async def _sync_all(self) -> None:
        """Sync for those who wait, and again for those who came meanwhile."""
        try:
            while self._waiting:
                waiting, self._waiting = self._waiting, []
                for handle in {handle for _, handle in waiting}:
                    error = await asyncio.to_thread(_sync, handle)
                    for done in [done for done, of in waiting if of == handle and not done.done()]:
                        done.set_exception(error) if error else done.set_result(None)
        finally:
            self._syncing = None


def _sync(handle: int) -> OSError | None:
    try:
        os.fdatasync(handle)
    except OSError as error:
        return error
    return None


def read_journal(path: Path) -> Iterator[PushedBody]:
    """Yield the bodies of a journal, up to its end or to one that was cut."""
    with path.open("rb") as file:
        while len(head := file.read(HEAD.size)) == HEAD.size:
            length, checksum, form, encoding = HEAD.unpack(head)
            if length > MAX_BODY or form >= len(FORMATS) or encoding >= len(ENCODINGS):
                return
            body = file.read(length)
            if len(body) < length or zlib.crc32(body) != checksum:
                return
            yield PushedBody(FORMATS[form], ENCODINGS[encoding], body)
