"""Writing by a thread: in order, bounded, and finished at the end."""

from pathlib import Path
from threading import Event

import torch

from models.kv_offload.disk_tier import DiskTier
from models.kv_offload.disk_writer import PENDING_BYTES, DiskWriter


class SlowDisk(DiskTier):
    """A disk that writes nothing until it may."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, 1000, b"o" * 16, 8)
        self.may_write = Event()

    def write(self, digest: bytes, content: memoryview) -> bool:
        """Wait, then write."""
        self.may_write.wait()
        return super().write(digest, content)


def test_blocks_that_wait_are_written_at_the_end(tmp_path: Path) -> None:
    """Closing waits for them; one that does not fit is counted as dropped."""
    disk = DiskTier(tmp_path, 200, b"o" * 16, 8)
    writer = DiskWriter(disk, 8)
    digests = [bytes([number]) * 16 for number in range(5)]
    for number, digest in enumerate(digests):
        writer.add(digest, torch.full((8,), number, dtype=torch.uint8))
    writer.close()
    assert [each in disk for each in digests] == [False, False, False, True, True]
    assert disk.read(digests[3:]) == bytes([3] * 8 + [4] * 8)
    assert writer.dropped_blocks == 0
    disk.close()


def test_a_slow_disk_drops_blocks_and_delays_nobody(tmp_path: Path) -> None:
    """At most so much waits in memory."""
    disk = SlowDisk(tmp_path)
    writer = DiskWriter(disk, PENDING_BYTES // 2)  # room for two that wait
    for number in range(9):
        writer.add(bytes([number]) * 16, torch.zeros(8, dtype=torch.uint8))
    assert writer.dropped_blocks >= 6
    disk.may_write.set()
    writer.close()
    disk.close()
