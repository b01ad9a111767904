"""Blocks of the key-value cache: their holders, and the prefixes that sequences may share.

Several sequences may hold one block. A block without holders is free but keeps its content until
it is allocated again, least recently used first, so that a later request may find the prefix. A
full block is known by a digest over all tokens up to its end.
"""

from array import array
from collections import OrderedDict
from collections.abc import Iterator
from hashlib import blake2b

ROOT = b""


def block_digest(parent: bytes, tokens: list[int]) -> bytes:
    """Return the digest of a full block: its tokens and all before them.

    The hash is cryptographic, because a collision would show one user another's prompt.
    """
    return blake2b(parent + array("I", tokens).tobytes(), digest_size=16).digest()


def prefix_digests(
    tokens: list[int], block_tokens: int, known: list[bytes] | None = None
) -> Iterator[bytes]:
    """Yield the digests of the blocks that a prompt may take from a cache, after the known ones.

    The last token is always computed, because its logits choose the next one.
    """
    parent = known[-1] if known else ROOT
    for first in range(len(known or ()) * block_tokens, len(tokens) - block_tokens, block_tokens):
        parent = block_digest(parent, tokens[first : first + block_tokens])
        yield parent


class BlockManager:
    """Allocator of all blocks of the cache."""

    def __init__(self, total_blocks: int, block_tokens: int, is_sharing: bool) -> None:
        self.total_blocks = total_blocks
        self.block_tokens = block_tokens
        self._is_sharing = is_sharing
        self._holders = [0] * total_blocks
        self._free = OrderedDict.fromkeys(range(total_blocks))
        self._by_digest: dict[bytes, int] = {}
        self._digest_of: dict[int, bytes] = {}

    @property
    def free_blocks(self) -> int:
        """Number of blocks without holders."""
        return len(self._free)

    @property
    def known_blocks(self) -> int:
        """Number of blocks whose content a later request may find."""
        return len(self._by_digest)

    @property
    def usage(self) -> float:
        """Share of blocks with holders, 0..1."""
        return 1 - len(self._free) / self.total_blocks

    def blocks_needed(self, tokens: int) -> int:
        """Return the number of blocks for this many tokens."""
        return -(-tokens // self.block_tokens)

    def find_prefix(self, tokens: list[int]) -> tuple[list[int], list[bytes]]:
        """Find the blocks of the longest cached prefix and their digests, without holding them."""
        blocks: list[int] = []
        digests: list[bytes] = []
        for digest in prefix_digests(tokens, self.block_tokens) if self._is_sharing else ():
            if digest not in self._by_digest:
                break
            blocks.append(self._by_digest[digest])
            digests.append(digest)
        return blocks, digests

    def free_excluding(self, blocks: list[int]) -> int:
        """Count the blocks that stay free once these are held."""
        return len(self._free) - sum(block in self._free for block in blocks)

    def hold(self, blocks: list[int]) -> None:
        """Add a holder to each of these blocks."""
        for block in blocks:
            self._holders[block] += 1
            self._free.pop(block, None)

    def allocate(self, count: int) -> list[int]:
        """Give free blocks to one sequence and forget their content. The caller checks `free`."""
        taken = [self._free.popitem(last=False)[0] for _ in range(count)]
        for block in taken:
            self._forget(block)
            self._holders[block] = 1
        return taken

    def register(self, block: int, digest: bytes) -> bool:
        """Let others find this full block, unless one with the same content is known already.

        Return True if it was not.
        """
        is_known = digest in self._by_digest or block in self._digest_of
        if not self._is_sharing or is_known:
            return False
        self._by_digest[digest] = block
        self._digest_of[block] = digest
        return True

    def reset_prefixes(self) -> None:
        """Forget the content of all blocks, so that later requests find none of it."""
        self._by_digest.clear()
        self._digest_of.clear()

    def release(self, blocks: list[int]) -> None:
        """Remove a holder from each of these blocks.

        A sequence's end is allocated again before its beginning, which more sequences may share.
        """
        for block in reversed(blocks):
            self._holders[block] -= 1
            if not self._holders[block]:
                self._free[block] = None
                if block not in self._digest_of:
                    self._free.move_to_end(block, last=False)

    def _forget(self, block: int) -> None:
        digest = self._digest_of.pop(block, None)
        if digest is not None:
            del self._by_digest[digest]
