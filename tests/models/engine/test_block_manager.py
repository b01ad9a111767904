"""Blocks of the cache: allocation, shared prefixes, and the order of reuse."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from models.engine.block_manager import ROOT, BlockManager, block_digest

TOKENS = list(range(100, 120))


def digests_of(tokens: list[int], size: int) -> list[bytes]:
    """Return the digests of all full blocks."""
    parent, digests = ROOT, []
    for end in range(size, len(tokens) + 1, size):
        parent = block_digest(parent, tokens[end - size : end])
        digests.append(parent)
    return digests


def fill(manager: BlockManager, tokens: list[int]) -> list[int]:
    """Allocate and register the blocks of a sequence."""
    blocks = manager.allocate(manager.blocks_needed(len(tokens)))
    for block, digest in zip(blocks, digests_of(tokens, manager.block_tokens), strict=False):
        manager.register(block, digest)
    return blocks


def test_a_digest_depends_on_all_tokens_before() -> None:
    """Equal blocks after different beginnings differ."""
    assert block_digest(ROOT, [1, 2]) == block_digest(ROOT, [1, 2])
    assert block_digest(ROOT, [1, 2]) != block_digest(ROOT, [2, 1])
    assert block_digest(b"a", [1, 2]) != block_digest(b"b", [1, 2])


@pytest.mark.parametrize(("tokens", "blocks"), [(0, 0), (1, 1), (4, 1), (5, 2), (8, 2)])
def test_blocks_needed_are_rounded_up(tokens: int, blocks: int) -> None:
    """A partly filled block counts."""
    assert BlockManager(8, 4, is_sharing=True).blocks_needed(tokens) == blocks


def test_a_prefix_is_found_in_whole_blocks() -> None:
    """The last token is never found, because its logits are wanted."""
    manager = BlockManager(8, 4, is_sharing=True)
    blocks = fill(manager, TOKENS[:12])
    assert manager.find_prefix(TOKENS[:12])[0] == blocks[:2]
    assert manager.find_prefix(TOKENS[:13])[0] == blocks
    assert manager.find_prefix([*TOKENS[:4], 7, *TOKENS[5:]])[0] == blocks[:1]
    assert manager.find_prefix([7, *TOKENS]) == ([], [])


def test_a_released_prefix_is_found_until_it_is_overwritten() -> None:
    """A free block keeps its content as long as it is not allocated."""
    manager = BlockManager(4, 4, is_sharing=True)
    blocks = fill(manager, TOKENS[:8])
    manager.release(blocks)
    assert manager.free_blocks == 4
    assert manager.find_prefix(TOKENS[:9])[0] == blocks
    manager.allocate(4)
    assert manager.find_prefix(TOKENS[:9])[0] == []


def test_the_end_of_a_sequence_is_overwritten_first() -> None:
    """More sequences may share its beginning."""
    manager = BlockManager(3, 4, is_sharing=True)
    blocks = fill(manager, TOKENS[:12])
    manager.release(blocks)
    manager.allocate(1)
    assert manager.find_prefix(TOKENS)[0] == blocks[:2]


def test_blocks_without_known_content_are_overwritten_before_others() -> None:
    """A partly filled block is of no use to anyone."""
    manager = BlockManager(3, 4, is_sharing=True)
    blocks = fill(manager, TOKENS[:9])
    manager.release(blocks)
    assert manager.allocate(1) == [blocks[2]]


def test_the_first_block_of_equal_content_stays_the_one_found() -> None:
    """A second one is registered nowhere."""
    manager = BlockManager(4, 4, is_sharing=True)
    first, second = fill(manager, TOKENS[:4]), fill(manager, TOKENS[:4])
    assert manager.find_prefix(TOKENS[:5])[0] == first
    manager.release(first)
    manager.release(second)
    assert manager.find_prefix(TOKENS[:5])[0] == first


def test_without_sharing_nothing_is_found() -> None:
    """Prefix caching can be off."""
    manager = BlockManager(4, 4, is_sharing=False)
    fill(manager, TOKENS[:8])
    assert manager.find_prefix(TOKENS) == ([], [])


def test_free_blocks_without_those_to_hold() -> None:
    """Found blocks that are free cannot be allocated as well."""
    manager = BlockManager(4, 4, is_sharing=True)
    blocks = fill(manager, TOKENS[:8])
    manager.release(blocks)
    assert manager.free_excluding(blocks) == 2
    manager.hold(blocks)
    assert (manager.free_blocks, manager.usage) == (2, 0.5)


class BlockLife(RuleBasedStateMachine):
    """Sequences that start with a shared prefix and end, in any order."""

    sequences = Bundle("sequences")

    def __init__(self) -> None:
        super().__init__()
        self.manager = BlockManager(12, 2, is_sharing=True)
        self.held: list[list[int]] = []

    @rule(target=sequences, tokens=st.lists(st.integers(0, 1), min_size=1, max_size=9))
    def start(self, tokens: list[int]) -> list[int]:
        """Start a sequence if there is room, as the scheduler does."""
        found, digests = self.manager.find_prefix(tokens)
        missing = self.manager.blocks_needed(len(tokens)) - len(found)
        if missing > self.manager.free_excluding(found):
            return []
        self.manager.hold(found)
        blocks = found + self.manager.allocate(missing)
        assert len(set(blocks)) == len(blocks)
        assert digests == digests_of(tokens, 2)[: len(digests)]
        for block, digest in zip(blocks, digests_of(tokens, 2), strict=False):
            self.manager.register(block, digest)
        self.held.append(blocks)
        return blocks

    @rule(blocks=consumes(sequences))
    def end(self, blocks: list[int]) -> None:
        """End a sequence."""
        if blocks:
            self.manager.release(blocks)
            self.held.remove(blocks)

    @invariant()
    def held_blocks_are_not_free(self) -> None:
        """Each block is either held or free."""
        held = {block for blocks in self.held for block in blocks}
        assert self.manager.free_blocks == 12 - len(held)


TestBlockLife = BlockLife.TestCase


@given(st.lists(st.integers(0, 3), max_size=30))
def test_a_found_prefix_is_shorter_than_the_prompt(tokens: list[int]) -> None:
    """Some token always remains to be computed."""
    manager = BlockManager(16, 4, is_sharing=True)
    fill(manager, tokens)
    blocks, digests = manager.find_prefix(tokens)
    assert len(blocks) == len(digests) == max(len(tokens) - 1, 0) // 4


def test_prefixes_that_are_reset_are_found_no_more() -> None:
    """Blocks that sequences hold stay theirs."""
    manager = BlockManager(8, 4, is_sharing=True)
    fill(manager, TOKENS)
    assert manager.known_blocks == 5
    manager.reset_prefixes()
    assert manager.find_prefix(TOKENS) == ([], [])
    assert (manager.known_blocks, manager.free_blocks) == (0, 3)
    assert manager.register(0, digests_of(TOKENS, 4)[0])
    assert not manager.register(0, digests_of(TOKENS, 4)[0])
