"""Operations on a CPU against definitions, one token and one head at a time."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from models.ops.cpu_ops import MAX_GROUPED_TOKENS, CpuOps
from models.ops.ops import Batch, KeyValues
from models.ops.staging import stage

OPS = CpuOps()
BLOCK, HEADS, SHARED, SIZE = 4, 4, 2, 8


def random(*size: int, seed: int = 0) -> Tensor:
    """Draw a tensor."""
    return torch.randn(*size, generator=torch.Generator().manual_seed(seed))


def test_rms_norm_divides_by_the_root_mean_square() -> None:
    """Over the last dimension, then times the weight."""
    x, weight = random(3, 8), random(8, seed=1)
    expected = x / (x.square().mean(-1, keepdim=True) + 1e-6).sqrt() * weight
    assert torch.allclose(OPS.rms_norm(x, weight, 1e-6), expected, atol=1e-6)


def test_each_head_is_normalised_alone() -> None:
    """By its own weight; an angle of 0 turns nothing."""
    x, weight = random(3, 2, 8), random(2, 8, seed=1)
    expected = torch.stack([OPS.rms_norm(x[:, head], weight[head], 1e-6) for head in range(2)], 1)
    still = torch.ones(3, 1, 8), torch.zeros(3, 1, 8)
    queries, keys = OPS.turn(x, weight, 1, 1e-6, still)
    assert torch.allclose(torch.cat([queries, keys], 1), expected, atol=1e-6)


def test_rotation_turns_pairs_of_the_two_halves() -> None:
    """Element i of the first half turns with element i of the second."""
    angle = torch.tensor(0.3)
    x = torch.tensor([[[1.0, 0.0, 0.0, 2.0]]])
    weight = x.square().mean().sqrt().expand(1, 4)  # so that the norm changes nothing
    rotation = angle.cos().expand(1, 1, 4), angle.sin().expand(1, 1, 4)
    rotated, _ = OPS.turn(x, weight, 1, 0, rotation)
    expected = torch.stack([angle.cos(), -2 * angle.sin(), angle.sin(), 2 * angle.cos()])
    assert torch.allclose(rotated[0, 0], expected, atol=1e-6)


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 12), st.integers(1, 3), st.integers(1, 6), st.integers(0, 99))
def test_routed_rows_find_back_to_their_tokens(
    tokens: int, choices: int, experts: int, seed: int
) -> None:
    """Rows are sorted by expert; a weighted sum of untouched rows is the token itself."""
    choices = min(choices, experts)
    x = random(tokens, 4, seed=seed)
    weights, chosen = OPS.gate_top_k(random(tokens, experts, seed=seed + 1), choices, True)
    routed = OPS.route(x, chosen, experts)
    assert routed.counts.tolist() == [int((chosen == each).sum()) for each in range(experts)]
    assert torch.equal(routed.rows[routed.position], x.repeat_interleave(choices, 0))
    owners = chosen.flatten()[routed.position.argsort()]
    assert torch.equal(owners, owners.sort().values)
    assert torch.allclose(OPS.unroute(routed.rows, routed.position, weights), x, atol=1e-5)


def test_gate_weights_are_probabilities_or_rescaled_to_1() -> None:
    """Both choose the same experts."""
    logits = random(5, 8)
    (raw, experts), (scaled, same) = (OPS.gate_top_k(logits, 3, each) for each in (False, True))
    assert torch.equal(experts, same)
    assert torch.allclose(raw, logits.softmax(-1).gather(1, experts), atol=1e-6)
    assert torch.allclose(scaled, raw / raw.sum(-1, keepdim=True), atol=1e-6)


def test_grouped_matmul_allows_experts_without_rows() -> None:
    """Also if no expert has any."""
    weight = random(3, 4, 5)
    rows, counts = random(3, 4, seed=1), torch.tensor([1, 0, 2])
    expected = torch.cat([rows[:1] @ weight[0], rows[1:] @ weight[2]])
    assert torch.allclose(OPS.grouped_matmul(rows, weight, counts), expected, atol=1e-6)
    assert OPS.grouped_matmul(rows[:0], weight, torch.zeros(3, dtype=torch.long)).shape == (0, 5)


def step(lengths: list[tuple[int, int]]) -> Batch:
    """Make a step: tokens of each sequence in it, and after it. Blocks are in reverse order."""
    batch = Batch([], [], [], [], [], [], [])
    next_block = sum(-(-context // BLOCK) for _, context in lengths) - 1
    for tokens, context in lengths:
        count = -(-context // BLOCK)
        blocks = list(range(next_block, next_block - count, -1))
        next_block -= count
        positions = range(context - tokens, context)
        batch.positions.extend(positions)
        batch.slots.extend(blocks[at // BLOCK] * BLOCK + at % BLOCK for at in positions)
        batch.query_tokens.append(tokens)
        batch.context_tokens.append(context)
        batch.blocks.append(blocks)
    return batch


def attended_one_by_one(queries: Tensor, cache: KeyValues, batch: Batch) -> Tensor:
    """Attend with one query and one head at a time."""
    out, row = torch.empty_like(queries), 0
    for tokens, context, blocks in zip(
        batch.query_tokens, batch.context_tokens, batch.blocks, strict=True
    ):
        keys, values = (each[blocks].flatten(0, 1) for each in cache)
        for position in range(context - tokens, context):
            for head in range(HEADS):
                shared = head // (HEADS // SHARED)
                scores = keys[: position + 1, shared] @ queries[row, head] * SIZE**-0.5
                out[row, head] = scores.softmax(0) @ values[: position + 1, shared]
            row += 1
    return out


STEPS = {
    "decoding together": [(1, 3), (1, 9), (1, 4)],
    "one prompt": [(5, 5)],
    "drafts beside decoding": [(3, 7), (1, 9), (3, 12)],
    "a chunk beside all else": [(MAX_GROUPED_TOKENS + 3, 30), (1, 2), (2, 8)],
    "two long chunks": [(MAX_GROUPED_TOKENS + 1, 18), (MAX_GROUPED_TOKENS + 1, 25)],
}


@pytest.mark.parametrize("lengths", STEPS.values(), ids=STEPS.keys())
def test_attention_is_causal_over_each_sequences_blocks(lengths: list[tuple[int, int]]) -> None:
    """Blocks may be in any order, and sequences at any stage."""
    batch = step(lengths)
    blocks = sum(map(len, batch.blocks))
    cache = KeyValues(*(random(blocks, BLOCK, SHARED, SIZE, seed=each) for each in (1, 2)))
    rows = len(batch.slots)
    queries = random(rows, HEADS, SIZE, seed=3)
    plan = OPS.plan(stage(batch, BLOCK, torch.device("cpu"), OPS.index_dtype))
    keys, values = random(rows, SHARED, SIZE, seed=4), random(rows, SHARED, SIZE, seed=5)
    OPS.store(cache, keys, values, plan)
    for row, slot in enumerate(batch.slots):
        assert torch.equal(cache.keys[slot // BLOCK, slot % BLOCK], keys[row])
    attended = OPS.attention(queries, cache, plan, SIZE**-0.5)
    assert torch.allclose(attended, attended_one_by_one(queries, cache, batch), atol=1e-5)
