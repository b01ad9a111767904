"""Transfers between ranks, at the wire's speed or at that of an emulated, slower link."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import torch
import torch.distributed as dist


class TransferHandle(Protocol):
    """Handle that torch returns for a running transfer."""

    def wait(self) -> object:
        """Block until the transfer is complete."""


@dataclass
class PendingTransfer:
    """A running transfer, complete when its bytes are here and not before `release`."""

    handle: TransferHandle
    sent: torch.Tensor  # keeps the sent rows alive until the transfer is complete
    release: float = 0.0  # perf_counter seconds

    def wait(self) -> None:
        """Block until complete."""
        self.handle.wait()
        remaining = self.release - time.perf_counter()
        if remaining > 0:
            time.sleep(remaining)


@dataclass
class Transport:
    """All-to-all transfers of one rank.

    With a speed, each transfer is held until max(now, link free) + bytes/speed + latency.
    """

    bytes_per_second: float | None = None  # in one direction; None: the wire's own speed
    latency: float = 0.0  # seconds
    _free_at: float = field(default=0.0, init=False)

    def exchange(
        self,
        out: torch.Tensor,
        sent: torch.Tensor,
        out_rows: Sequence[int],
        sent_rows: Sequence[int],
    ) -> PendingTransfer:
        """Start an all-to-all.

        sent [sum(sent_rows), h] is ordered by destination, out [sum(out_rows), h] by source.
        """
        leaving = sum(sent_rows) - sent_rows[dist.get_rank()]
        release = self._reserve(leaving * sent.shape[1] * sent.element_size())
        handle = dist.all_to_all_single(out, sent, list(out_rows), list(sent_rows), async_op=True)
        return PendingTransfer(handle, sent, release)

    def _reserve(self, size: int) -> float:
        """Queue bytes on the link, first in, first out. Return the second of their arrival."""
        if self.bytes_per_second is None:
            return 0.0
        self._free_at = max(time.perf_counter(), self._free_at) + size / self.bytes_per_second
        return self._free_at + self.latency
