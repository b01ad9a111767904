"""Transfers between ranks, at the speed of the wire or of a slower link which is emulated."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import torch
import torch.distributed as dist


class TransferHandle(Protocol):
    """What torch hands back for a transfer under way."""

    def wait(self) -> object:
        """Block until the transfer is complete."""


@dataclass
class PendingTransfer:
    """A transfer under way, complete when its bytes are here and not before `release` (perf_counter seconds)."""

    work: TransferHandle
    kept: torch.Tensor  # the sent rows live until the transfer is complete
    release: float = 0.0

    def wait(self) -> None:
        """Block until complete."""
        self.work.wait()
        remaining = self.release - time.perf_counter()
        if remaining > 0:
            time.sleep(remaining)


@dataclass
class Transport:
    """Real transfers; with a speed, each is held until max(now, link free) + bytes/speed + latency.

    bytes_per_second: one direction of one rank, None for the wire's own speed; latency: seconds.
    """

    bytes_per_second: float | None = None
    latency: float = 0.0
    _free: float = field(default=0.0, init=False)

    def exchange(
        self,
        out: torch.Tensor,
        sent: torch.Tensor,
        out_rows: Sequence[int],
        sent_rows: Sequence[int],
    ) -> PendingTransfer:
        """Start an all-to-all: sent [sum(sent_rows), h] by destination, out [sum(out_rows), h] by source."""
        leaving = sum(sent_rows) - sent_rows[dist.get_rank()]
        release = self._reserve(leaving * sent.shape[1] * sent.element_size())
        work = dist.all_to_all_single(out, sent, list(out_rows), list(sent_rows), async_op=True)
        return PendingTransfer(work, sent, release)

    def _reserve(self, size: int) -> float:
        """Queue bytes on the link, first in, first out; the second at which they have arrived."""
        if self.bytes_per_second is None:
            return 0.0
        self._free = max(time.perf_counter(), self._free) + size / self.bytes_per_second
        return self._free + self.latency
