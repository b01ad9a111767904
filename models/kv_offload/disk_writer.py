"""Writing of blocks to disk by a thread, which never keeps the engine waiting."""

from queue import Full, Queue
from threading import Thread

from torch import Tensor

from models.kv_offload.disk_tier import DiskTier

PENDING_BYTES = 256 * 2**20  # waiting to be written, at least one block
CLOSE_SECONDS = 5


class DiskWriter:
    """Thread that writes blocks in the order in which they were added."""

    def __init__(self, disk: DiskTier, block_bytes: int) -> None:
        self.dropped_blocks = 0  # the disk was full or slower than blocks came
        self._disk = disk
        self._pending: Queue[tuple[bytes, Tensor] | None] = Queue(
            max(PENDING_BYTES // block_bytes, 1)
        )
        self._thread = Thread(target=self._write_all, name="kv-disk-writer", daemon=True)
        self._thread.start()

    def add(self, digest: bytes, content: Tensor) -> None:
        """Let a block be written, uint8 [block bytes], or drop it if too many wait."""
        try:
            self._pending.put_nowait((digest, content))
        except Full:
            self.dropped_blocks += 1

    def close(self) -> None:
        """Write what waits, for some seconds at most."""
        try:
            self._pending.put(None, timeout=CLOSE_SECONDS)
        except Full:
            return
        self._thread.join(CLOSE_SECONDS)

    def _write_all(self) -> None:
        while pending := self._pending.get():
            digest, content = pending
            if not self._disk.write(digest, content.numpy().data):
                self.dropped_blocks += 1
