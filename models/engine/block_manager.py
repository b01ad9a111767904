"""Blocks of the key-value cache: who holds which, and which hold a prefix that others may share.

A block is held by as many sequences as share it. One that nobody holds is free, but keeps what it has until it is taken, the one
unused for longest first, so a prefix may be found again. A full block is known by a digest over all tokens up to its end.
"""

from array import array
from collections import OrderedDict
from hashlib import blake2b

ROOT = b""


def block_digest(parent: bytes, tokens: list[int]) -> bytes:
    """Names a full block by its tokens and all before them. Cryptographic, because a collision would show one user another's prompt."""
    return blake2b(parent + array("I", tokens).tobytes(), digest_size=16).digest()


class BlockManager:
    """All blocks of the cache."""

    def __init__(self, blocks: int, block_tokens: int, sharing: bool) -> None:
        self.blocks = blocks
        self.block_tokens = block_tokens
        self._sharing = sharing
        self._holders = [0] * blocks
        self._free = OrderedDict.fromkeys(range(blocks))
        self._by_digest: dict[bytes, int] = {}
        self._digest_of: dict[int, bytes] = {}

    @property
    def free(self) -> int:
        return len(self._free)

    @property
    def usage(self) -> float:
        """The share of blocks that somebody holds, 0..1."""
        return 1 - len(self._free) / self.blocks

    def needed(self, tokens: int) -> int:
        """Blocks that hold so many tokens."""
        return -(-tokens // self.block_tokens)

    def find(self, tokens: list[int]) -> tuple[list[int], list[bytes]]:
        """The blocks that hold the longest known prefix of these tokens, and their digests; nobody holds them by that."""
        found: list[int] = []
        digests: list[bytes] = []
        parent = ROOT
        # The last token is computed in any case: its logits are wanted.
        for end in range(self.block_tokens, len(tokens) if self._sharing else 0, self.block_tokens):
            parent = block_digest(parent, tokens[end - self.block_tokens : end])
            if parent not in self._by_digest:
                break
            found.append(self._by_digest[parent])
            digests.append(parent)
        return found, digests

    def free_beside(self, found: list[int]) -> int:
        """Blocks that could still be taken once these are held."""
        return len(self._free) - sum(block in self._free for block in found)

    def hold(self, blocks: list[int]) -> None:
        """One more sequence holds these."""
        for block in blocks:
            self._holders[block] += 1
            self._free.pop(block, None)

    def take(self, count: int) -> list[int]:
        """So many blocks for one sequence, their content forgotten; the caller has seen that they are free."""
        taken = [self._free.popitem(last=False)[0] for _ in range(count)]
        for block in taken:
            self._forget(block)
            self._holders[block] = 1
        return taken

    def share(self, block: int, name: bytes) -> None:
        """This full block may be found by its digest. If another has the same content already, that one stays the one to find."""
        if self._sharing and name not in self._by_digest and block not in self._digest_of:
            self._by_digest[name] = block
            self._digest_of[block] = name

    def release(self, blocks: list[int]) -> None:
        """One sequence fewer holds these. The end of a sequence is taken again before its beginning, which more may share."""
        for block in reversed(blocks):
            self._holders[block] -= 1
            if not self._holders[block]:
                self._free[block] = None
                if block not in self._digest_of:
                    self._free.move_to_end(block, last=False)

    def _forget(self, block: int) -> None:
        name = self._digest_of.pop(block, None)
        if name is not None:
            del self._by_digest[name]
