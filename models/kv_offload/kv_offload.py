"""The tiers of the prefix cache below the device: what is found, restored and kept there.

A block goes to all tiers when it is full (write-through): to host memory at once, to disk by a
thread. A prompt's blocks that the device lacks are copied back before the prompt is computed, a
bounded number a step, so that other sequences go on; files are read by another thread.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import takewhile

import torch
from torch import Tensor

from models.kv_offload.block_copier import BlockCopier
from models.kv_offload.disk_tier import DiskTier
from models.kv_offload.disk_writer import DiskWriter
from models.kv_offload.host_tier import HostTier
from models.protocol import KvTier, KvTierStats

STEP_BYTES = 8 * 2**20  # restored in a step, at least one block
WAIT_SECONDS = 0.005


@dataclass(eq=False)
class Restore:
    """Blocks of one sequence on their way back to the device."""

    blocks: list[int]  # on the device
    digests: list[bytes]
    done: int = 0  # blocks copied
    from_disk: int = 0  # of those done
    is_over: bool = False
    reading: "Future[bytearray] | None" = None
    asked: int = 0  # blocks that are being read


@dataclass
class TierCounts:
    """Prompt tokens looked up and found in one tier since the last report."""

    queries: int = 0
    hits: int = 0


class KvOffload:
    """Host and disk tier of one engine; at least one is there. Its owner calls it in turn."""

    def __init__(self, copier: BlockCopier, host: HostTier | None, disk: DiskTier | None) -> None:
        self._copier = copier
        self._host = host
        self._disk = disk
        self.block_bytes = copier.block_bytes
        self.step_blocks = max(STEP_BYTES // copier.block_bytes, 1)
        self._filled: list[tuple[int, bytes]] = []
        self._counts = _no_counts()
        self._reader = ThreadPoolExecutor(1, "kv-disk-reader")
        self._writer = DiskWriter(disk, copier.block_bytes) if disk else None

    def find(self, digests: Iterable[bytes]) -> list[bytes]:
        """Return the digests up to the first that no tier holds."""
        found = []
        for digest in digests:
            if not (self._is_in_host(digest) or self._is_on_disk(digest)):
                break
            found.append(digest)
        return found

    def advance(self, restores: Iterable[Restore]) -> None:
        """Copy some blocks of these to the device, at most `step_blocks` in all."""
        budget = self.step_blocks
        for restore in restores:
            while budget and not restore.is_over:
                rows = self._next_rows(restore, budget)
                if rows is None:
                    break
                budget -= len(rows)
                if len(rows):
                    self._put_back(restore, rows)
                restore.is_over |= restore.done == len(restore.digests)

    def wait(self, restores: list[Restore]) -> None:
        """Wait a moment for files, if all of these need them."""
        reading = [each.reading for each in restores if each.reading]
        if reading and len(reading) == len(restores):
            wait(reading, WAIT_SECONDS, FIRST_COMPLETED)

    def add_filled(self, block: int, digest: bytes) -> None:
        """Note a full block on the device, which `store` copies."""
        self._filled.append((block, digest))

    def store(self) -> None:
        """Copy the full blocks that are new to the tiers that lack them."""
        filled, self._filled = self._filled, []
        missing = [each for each in filled if self._is_missing(each[1])]
        if not missing:
            return
        rows = self._copier.read([block for block, _ in missing])
        if self._host:
            numbers = [at for at, (_, each) in enumerate(missing) if each not in self._host]
            self._host.put([missing[at][1] for at in numbers], rows[numbers])
        if self._writer:
            for (_, digest), row in zip(missing, rows, strict=True):
                if not self._is_on_disk(digest):
                    self._writer.add(digest, row)

    def touch(self, digests: list[bytes]) -> None:
        """Mark a sequence's blocks as used; its end is forgotten before its beginning."""
        for tier in (self._host, self._disk):
            if tier:
                tier.touch(reversed(digests))

    def count(self, missed_tokens: int, host_tokens: int, disk_tokens: int) -> None:
        """Count a prompt that the device lacked in part, and what the tiers gave of that."""
        self._counts["host"].queries += missed_tokens
        self._counts["host"].hits += host_tokens
        self._counts["disk"].queries += missed_tokens - host_tokens
        self._counts["disk"].hits += disk_tokens

    def stats(self) -> list[KvTierStats]:
        """Return each tier's state, and its counts since the last call."""
        return list(self._stats())

    def close(self) -> None:
        """Write what waits, for some seconds at most, and release the folder and the memory."""
        self._reader.shutdown(cancel_futures=True)
        if self._writer:
            self._writer.close()
        if self._disk:
            self._disk.close()
        self._host = self._disk = None

    def _put_back(self, restore: Restore, rows: Tensor) -> None:
        """Copy the next blocks to the device, and to host memory if they come from disk."""
        taken = slice(restore.done, restore.done + len(rows))
        restore.done = taken.stop
        self._copier.write(restore.blocks[taken], rows)
        digests = restore.digests[taken]
        # A read has no blocks that host memory held when it began; others may have come since.
        if self._host and not any(digest in self._host for digest in digests):
            self._host.put(digests, rows)

    def _next_rows(self, restore: Restore, budget: int) -> Tensor | None:
        """Return the next blocks' bytes, or None if there are none now."""
        if restore.reading:
            return self._rows_read(restore, budget)
        wanted = restore.digests[restore.done : restore.done + budget]
        if self._host and (held := _leading(wanted, self._is_in_host)):
            return self._host.take(held)
        if not self._start_reading(restore, restore.done):
            restore.is_over = True  # removed since they were found
        return None

    def _rows_read(self, restore: Restore, budget: int) -> Tensor | None:
        """Return what a thread has read, and let it read on."""
        if not restore.reading or not restore.reading.done():
            return None
        content = restore.reading.result()
        rows = torch.frombuffer(content, dtype=torch.uint8) if content else torch.empty(0)
        rows = rows.view(-1, self.block_bytes)
        if len(rows) > budget:
            return None
        restore.reading = None
        restore.from_disk += len(rows)
        if len(rows) < restore.asked:
            restore.is_over = True  # missing or damaged: computed instead, with all that follow
        else:
            self._start_reading(restore, restore.done + len(rows))
        return rows

    def _start_reading(self, restore: Restore, first: int) -> bool:
        wanted = restore.digests[first : first + self.step_blocks]
        asked = _leading(wanted, lambda each: not self._is_in_host(each) and self._is_on_disk(each))
        if self._disk and asked:
            restore.asked = len(asked)
            restore.reading = self._reader.submit(self._disk.read, asked)
        return bool(asked)

    def _is_in_host(self, digest: bytes) -> bool:
        return self._host is not None and digest in self._host

    def _is_on_disk(self, digest: bytes) -> bool:
        return self._disk is not None and digest in self._disk

    def _is_missing(self, digest: bytes) -> bool:
        lacks_host = self._host is not None and digest not in self._host
        return lacks_host or (self._disk is not None and digest not in self._disk)

    def _stats(self) -> Iterator[KvTierStats]:
        counts, self._counts = self._counts, _no_counts()
        if self._host:
            found = counts["host"]
            held, most = self._host.held_bytes, self._host.max_bytes
            yield KvTierStats("host", found.queries, found.hits, held, most)
        if self._disk and self._writer:
            found, lost = counts["disk"], self._disk.damaged_blocks
            held, most = self._disk.held_bytes, self._disk.max_bytes
            dropped = self._writer.dropped_blocks
            yield KvTierStats("disk", found.queries, found.hits, held, most, lost, dropped)


def _no_counts() -> dict[KvTier, TierCounts]:
    return {"host": TierCounts(), "disk": TierCounts()}


def _leading(digests: list[bytes], holds: Callable[[bytes], bool]) -> list[bytes]:
    return list(takewhile(holds, digests))
