"""The draft network's cache: rejected tokens, chunks, and blocks."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support.tier import tiny_checkpoint

from models.architectures.loader import ModelLoader
from models.architectures.qwen3 import Qwen3
from models.checkpoint import open_tensors, read_model_config
from models.ops.cpu_ops import CpuOps
from models.spec_decode.draft_network import DraftCache, DraftInput, DraftNetwork

CONTEXT = 128
TOKENS = [7, 80, 13, 250, 99, 4, 61, 18, 200, 5, 31, 77] * 3


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Qwen3:
    """Load a dense model of two layers."""
    folder = tiny_checkpoint(
        tmp_path_factory.mktemp("draft"), model_type="qwen3", num_hidden_layers=2
    )
    config, device = read_model_config(folder), torch.device("cpu")
    loader = ModelLoader(config, CpuOps(), device, torch.float32, CONTEXT)
    with open_tensors(folder) as tensors:
        return loader.load(tensors)


def draft_network(network: Qwen3, blocks: int = 16, max_batch_tokens: int = 64) -> DraftNetwork:
    """Make a draft network with an empty cache."""
    return DraftNetwork(network, CONTEXT, blocks, max_batch_tokens)


def read(network: DraftNetwork, cache: DraftCache, tokens: list[int]) -> torch.Tensor:
    """Reserve blocks and return the logits after the last token."""
    assert network.reserve(cache, len(tokens))
    return network.read([DraftInput(cache, tokens, 1)])


@given(st.lists(st.integers(0, 2), max_size=12), st.lists(st.integers(0, 2), min_size=1))
def test_the_cache_keeps_the_common_beginning(cached: list[int], tokens: list[int]) -> None:
    """It never keeps the last token, whose logits are wanted, nor more than agrees."""
    cache = DraftCache(list(cached))
    cache.rewind(tokens)
    assert cache.tokens == tokens[: len(cache.tokens)]
    assert len(cache.tokens) < len(tokens)
    assert cache.verified == len(cache.tokens)
    if len(cached) > len(cache.tokens) < len(tokens) - 1:
        assert cached[len(cache.tokens)] != tokens[len(cache.tokens)]


def test_verified_tokens_are_not_compared_again() -> None:
    """Verified tokens stay, though the caller passes the whole sequence."""
    cache = DraftCache([1, 2, 3, 8], verified=3)
    cache.rewind([1, 2, 3, 4, 5])
    assert (cache.tokens, cache.verified) == ([1, 2, 3], 3)


def test_logits_do_not_depend_on_the_cache(network: Qwen3) -> None:
    """A sequence read piece by piece, with a rejected draft, gives the logits of one pass."""
    whole = read(draft_network(network), DraftCache(), TOKENS)
    mine, cache = draft_network(network), DraftCache()
    read(mine, cache, TOKENS[:10])
    read(mine, cache, [*TOKENS[:10], 300, 301])
    cache.rewind(TOKENS[:20])
    pieces = read(mine, cache, TOKENS[:20])
    assert pieces.shape == (1, 384)
    cache.rewind(TOKENS)
    assert (read(mine, cache, TOKENS) - whole).abs().max() < 1e-4


def test_a_prefix_of_an_earlier_sequence_is_not_read_again(network: Qwen3) -> None:
    """Its blocks hold the sequence's own tokens, no drafts; without sharing there are none."""
    mine, first, second = draft_network(network), DraftCache(), DraftCache()
    first.rewind(TOKENS[:33])
    read(mine, first, [*TOKENS[:33], *range(20)])
    mine.release(first)
    mine.adopt(second, TOKENS)
    assert (second.tokens, second.verified) == (TOKENS[:32], 32)
    second.rewind(TOKENS)
    whole = read(draft_network(network), DraftCache(), TOKENS)
    assert (read(mine, second, TOKENS) - whole).abs().max() < 1e-4
    drafted = DraftCache()
    mine.adopt(drafted, [*TOKENS[:33], *range(20)])
    assert len(drafted.tokens) == 32
    lonely, cache = DraftNetwork(network, CONTEXT, 16, 64, is_sharing=False), DraftCache()
    cache.rewind(TOKENS)
    read(lonely, cache, TOKENS)
    lonely.release(cache)
    lonely.adopt(cache := DraftCache(), TOKENS)
    assert cache.tokens == []


def test_a_prefix_is_left_where_the_rest_has_no_room(network: Qwen3) -> None:
    """Held blocks without a draft would only keep others out."""
    mine, first, second = draft_network(network, blocks=3), DraftCache(), DraftCache()
    first.rewind(TOKENS[:17])
    read(mine, first, TOKENS[:17])
    mine.adopt(second, TOKENS)
    assert second.blocks == []
    assert not mine.reserve(second, len(TOKENS))


def test_long_inputs_are_read_in_chunks(network: Qwen3) -> None:
    """A small step size changes no logits."""
    whole = read(draft_network(network), DraftCache(), TOKENS)
    chunked = read(draft_network(network, max_batch_tokens=5), DraftCache(), TOKENS)
    assert (chunked - whole).abs().max() < 1e-4


def test_inputs_of_several_sequences_are_read_together(network: Qwen3) -> None:
    """Each has as many rows of logits as it wants."""
    mine, caches = draft_network(network), [DraftCache(), DraftCache()]
    for cache in caches:
        assert mine.reserve(cache, 12)
    first, second = DraftInput(caches[0], TOKENS[:12], 3), DraftInput(caches[1], TOKENS[1:6], 1)
    logits = mine.read([first, second])
    assert logits.shape == (4, 384)
    alone = read(draft_network(network), DraftCache(), TOKENS[1:6])
    assert (logits[3] - alone[0]).abs().max() < 1e-4


def test_a_sequence_without_blocks_is_not_drafted_for(network: Qwen3) -> None:
    """Blocks are given back when another sequence ends."""
    mine, first, second = draft_network(network, blocks=2), DraftCache(), DraftCache()
    assert mine.reserve(first, 17)
    assert not mine.reserve(second, 1)
    mine.release(first)
    assert mine.reserve(second, 32)
    assert not mine.reserve(second, 33)


def test_copied_blocks_continue_like_their_source(network: Qwen3) -> None:
    """A branch reads its beginning from a copy."""
    mine, cache = draft_network(network), DraftCache()
    expected = read(mine, cache, TOKENS[:9])
    branch = DraftCache(TOKENS[:8], blocks=mine.block_manager.allocate(1))
    mine.copy(cache.blocks, branch.blocks)
    logits = mine.read([DraftInput(branch, TOKENS[:9], 1)])
    assert (logits - expected).abs().max() < 1e-4
