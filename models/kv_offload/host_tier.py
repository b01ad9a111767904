"""Blocks in host memory by their digest, the least recently used first out."""

from collections import OrderedDict
from collections.abc import Iterable

import torch
from torch import Tensor

from models.errors import BadConfig


class HostTier:
    """A pool of a fixed number of blocks. The system provides its memory as it fills."""

    def __init__(self, max_blocks: int, block_bytes: int) -> None:
        try:
            self._pool = torch.empty(max_blocks, block_bytes, dtype=torch.uint8)
        except RuntimeError as error:
            raise BadConfig(
                f"The system refuses {max_blocks * block_bytes / 2**30:.1f} GiB of host memory for "
                "the cache. Lower --host-cache-gib."
            ) from error
        self._rows: OrderedDict[bytes, int] = OrderedDict()

    def __contains__(self, digest: bytes) -> bool:
        return digest in self._rows

    @property
    def max_bytes(self) -> int:
        """Size of the whole pool."""
        return self._pool.nbytes

    @property
    def held_bytes(self) -> int:
        """Bytes of the blocks that are held."""
        return len(self._rows) * self._pool.shape[1]

    def put(self, digests: list[bytes], content: Tensor) -> None:
        """Hold blocks, uint8 [blocks, block bytes]. Of too many, the first are held.

        The digests differ, and none of them is held.
        """
        rows = []
        for digest in digests[: len(self._pool)]:
            rows.append(self._free_row())
            self._rows[digest] = rows[-1]
        chosen = torch.tensor(rows, dtype=torch.long)
        self._pool.index_copy_(0, chosen, content[: len(rows)])

    def take(self, digests: list[bytes]) -> Tensor:
        """Copy blocks that are held: uint8 [blocks, block bytes]."""
        chosen = torch.tensor([self._rows[each] for each in digests], dtype=torch.long)
        return self._pool.index_select(0, chosen)

    def touch(self, digests: Iterable[bytes]) -> None:
        """Mark blocks as used now, the last one most recently. Ignore those that are not held."""
        for digest in digests:
            if digest in self._rows:
                self._rows.move_to_end(digest)

    def _free_row(self) -> int:
        taken = len(self._rows)
        return taken if taken < len(self._pool) else self._rows.popitem(last=False)[1]
