"""Tiers together: a bounded number of blocks a step, from wherever they are."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from models.kv_offload.block_copier import BlockCopier
from models.kv_offload.disk_tier import DiskTier
from models.kv_offload.host_tier import HostTier
from models.kv_offload.kv_offload import KvOffload, Restore
from models.ops.ops import KeyValues

DIGESTS = [bytes([number]) * 16 for number in range(10)]
BLOCKS = list(range(10))
WAIT_SECONDS = 10


@contextmanager
def offload(
    folder: Path | None, host_blocks: int, step_blocks: int = 3
) -> Iterator[tuple[KvOffload, KeyValues]]:
    """Make tiers of a cache of 20 blocks, of which the first 10 are random."""
    cache = KeyValues(torch.randn(20, 4, 1, 2), torch.randn(20, 4, 1, 2))
    for each in cache:
        each[10:] = 0
    copier = BlockCopier([cache])
    size = copier.block_bytes
    tiers = KvOffload(
        copier,
        HostTier(host_blocks, size) if host_blocks else None,
        DiskTier(folder, 10**6, b"o" * 16, size) if folder else None,
    )
    tiers.step_blocks = step_blocks
    try:
        yield tiers, cache
    finally:
        tiers.close()


def store(tiers: KvOffload, count: int) -> None:
    """Store the first blocks of the cache."""
    for block, digest in zip(BLOCKS[:count], DIGESTS, strict=False):
        tiers.add_filled(block, digest)
    tiers.store()


def wait_for_disk(tiers: KvOffload, blocks: int) -> None:
    """Wait until so much is on disk."""
    deadline = time.monotonic() + WAIT_SECONDS
    while len(tiers.find(DIGESTS)) < blocks:
        assert time.monotonic() < deadline
        time.sleep(0.005)


def run(tiers: KvOffload, restore: Restore) -> list[int]:
    """Advance to the end. Return the blocks that each step copied."""
    copied = []
    deadline = time.monotonic() + WAIT_SECONDS
    while not restore.is_over:
        assert time.monotonic() < deadline
        before = restore.done
        tiers.wait([restore])
        tiers.advance([restore])
        if restore.done > before:
            copied.append(restore.done - before)
    return copied


def test_blocks_come_back_from_host_memory_some_in_each_step() -> None:
    """A prefix is found as far as it is whole."""
    with offload(None, host_blocks=8) as (tiers, cache):
        store(tiers, 8)
        assert tiers.find(DIGESTS) == DIGESTS[:8]
        restore = Restore(list(range(10, 18)), tiers.find(DIGESTS))
        assert run(tiers, restore) == [3, 3, 2]
        assert torch.equal(cache.keys[10:18], cache.keys[:8])
        assert torch.equal(cache.values[10:18], cache.values[:8])
        assert (restore.done, restore.from_disk) == (8, 0)


def test_two_restores_share_the_blocks_of_a_step() -> None:
    """The first one in the batch comes first."""
    with offload(None, host_blocks=8) as (tiers, _):
        store(tiers, 4)
        first, second = (Restore(list(range(at, at + 4)), DIGESTS[:4]) for at in (10, 14))
        tiers.advance([first, second])
        assert (first.done, second.done) == (3, 0)
        tiers.advance([first, second])
        assert (first.done, second.done) == (4, 2)


def test_blocks_come_back_from_both_tiers(tmp_path: Path) -> None:
    """Files have the rest, and go back to host memory too."""
    with offload(tmp_path, host_blocks=4) as (tiers, cache):
        store(tiers, 8)
        wait_for_disk(tiers, 8)
        restore = Restore(list(range(10, 18)), tiers.find(DIGESTS))
        assert max(run(tiers, restore)) <= 3
        assert torch.equal(cache.keys[10:18], cache.keys[:8])
        assert (restore.done, restore.from_disk) == (8, 4)
        host, disk = tiers.stats()
        assert host.held_bytes == host.max_bytes == 4 * tiers.block_bytes
        assert disk.held_bytes > 8 * tiers.block_bytes


def test_a_damaged_file_ends_a_restore(tmp_path: Path) -> None:
    """The blocks before it count, those after it are computed."""
    with offload(tmp_path, host_blocks=0) as (tiers, cache):
        store(tiers, 8)
        wait_for_disk(tiers, 8)
        [path] = tmp_path.glob(f"*/{DIGESTS[4].hex()}.kv")
        path.write_bytes(b"?" * path.stat().st_size)
        restore = Restore(list(range(10, 18)), tiers.find(DIGESTS))
        run(tiers, restore)
        assert (restore.done, restore.from_disk) == (4, 4)
        assert torch.equal(cache.keys[10:14], cache.keys[:4])
        assert not cache.keys[14:].any()
        [disk] = tiers.stats()
        assert disk.damaged_blocks == 1


def test_tokens_are_counted_by_tier() -> None:
    """Each tier is asked for what the faster ones lack; a report begins at 0 again."""
    with offload(None, host_blocks=2) as (tiers, _):
        tiers.count(missed_tokens=40, host_tokens=16, disk_tokens=0)
        tiers.count(missed_tokens=10, host_tokens=0, disk_tokens=0)
        [host] = tiers.stats()
        assert (host.tier, host.queries, host.hits) == ("host", 50, 16)
        assert [each.queries for each in tiers.stats()] == [0]
