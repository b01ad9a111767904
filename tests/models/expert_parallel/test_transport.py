"""Transfers: the rows arrive, and not before an emulated link would have carried them."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
import torch.distributed as dist

from models.expert_parallel.transport import PendingTransfer, Transport


@pytest.fixture
def lone_rank(tmp_path: Path) -> Iterator[None]:
    """Join a process group of one rank."""
    store = tmp_path / "store"
    dist.init_process_group("gloo", init_method=f"file://{store}", rank=0, world_size=1)
    yield
    dist.destroy_process_group()


class FinishedTransfer:
    """A handle whose bytes are here already."""

    def wait(self) -> None:
        """Return at once."""


def test_rows_to_this_rank_arrive(lone_rank: None) -> None:
    """A rank also sends rows to itself."""
    sent, out = torch.randn(3, 8), torch.empty(3, 8)
    Transport().exchange(out, sent, [3], [3]).wait()
    assert torch.equal(out, sent)


def test_rows_to_this_rank_cost_no_time_on_the_link(lone_rank: None) -> None:
    """Only rows that leave occupy it."""
    sent, out = torch.randn(3, 8), torch.empty(3, 8)
    transfer = Transport(bytes_per_second=1.0, latency=0.0).exchange(out, sent, [3], [3])
    started = time.perf_counter()
    transfer.wait()
    assert time.perf_counter() - started < 0.5


def test_a_transfer_is_held_until_its_release() -> None:
    """A faster wire waits for the emulated link."""
    release = time.perf_counter() + 0.05
    PendingTransfer(FinishedTransfer(), torch.empty(0), release).wait()
    assert time.perf_counter() >= release


def test_a_released_transfer_is_not_held() -> None:
    """Its release may be long past."""
    started = time.perf_counter()
    PendingTransfer(FinishedTransfer(), torch.empty(0), release=started - 9).wait()
    assert time.perf_counter() - started < 0.5


def test_transfers_queue_on_the_link() -> None:
    """The second one is released after both have been carried."""
    transport = Transport(bytes_per_second=1e6, latency=0.5)
    started = time.perf_counter()
    first, second = transport._reserve(500_000), transport._reserve(500_000)
    assert first - started == pytest.approx(1.0, abs=0.05)
    assert second - first == pytest.approx(0.5, abs=1e-6)
    assert Transport()._reserve(500_000) == 0.0
