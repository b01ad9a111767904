"""The network: rotation, caches, and independence of sequences in one step."""

import pytest
import torch
from support.tier import tiny_checkpoint

from models.architectures.loader import ModelLoader
from models.architectures.qwen3 import Qwen3, rotation_tables
from models.checkpoint import open_tensors, read_model_config
from models.ops.cpu_ops import CpuOps
from models.ops.ops import Batch

BLOCK = 16


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Qwen3:
    """Load a model with experts."""
    folder = tiny_checkpoint(tmp_path_factory.mktemp("model"))
    config, device = read_model_config(folder), torch.device("cpu")
    loader = ModelLoader(config, CpuOps(), device, torch.float32, 64)
    with open_tensors(folder) as tensors:
        return loader.load(tensors)


def batch_of(tokens: list[int], first: int, block: int, wanted: list[int]) -> Batch:
    """Make a step of one sequence that lies in one block."""
    positions = list(range(first, first + len(tokens)))
    slots = [block * BLOCK + position for position in positions]
    ends = [first + len(tokens)]
    return Batch(tokens, positions, slots, [len(tokens)], ends, [[block]], wanted)


@torch.inference_mode()
def test_rotation_tables_are_those_of_the_paper(network: Qwen3) -> None:
    """Position 0 is not rotated; both halves have the same angles; norms are kept."""
    cos, sin = rotation_tables(network.config, 64, torch.float32)
    assert cos.shape == sin.shape == (64, 1, 32)
    assert torch.equal(cos[0], torch.ones(1, 32))
    assert torch.equal(cos[..., :16], cos[..., 16:])
    assert torch.allclose(cos**2 + sin**2, torch.ones(64, 1, 32), atol=1e-6)
    assert torch.allclose(sin[1, 0, 0], torch.tensor(1.0).sin())


@torch.inference_mode()
def test_attention_depends_on_relative_positions(network: Qwen3) -> None:
    """The product of a rotated query and key changes only with their distance."""
    cos, sin = rotation_tables(network.config, 64, torch.float32)
    query, key = torch.randn(2, 1, 1, 32, generator=torch.Generator().manual_seed(0))

    def turned(head: torch.Tensor, at: int) -> torch.Tensor:
        return network.ops.turn(head, torch.ones(1, 32), 1, 1e-6, (cos[[at]], sin[[at]]))[0]

    def product(query_at: int, key_at: int) -> float:
        return float((turned(query, query_at) * turned(key, key_at)).sum())

    assert product(20, 15) == pytest.approx(product(45, 40), abs=1e-4)
    assert product(20, 15) != pytest.approx(product(20, 16), abs=1e-4)


@torch.inference_mode()
def test_only_wanted_rows_have_logits(network: Qwen3) -> None:
    """They are the same rows as if all were wanted."""
    tokens = [5, 80, 13, 250]
    every = network.forward(batch_of(tokens, 0, 0, [0, 1, 2, 3]), network.new_caches(2, BLOCK))
    some = network.forward(batch_of(tokens, 0, 0, [1, 3]), network.new_caches(2, BLOCK))
    assert every.dtype == torch.float32
    assert torch.allclose(some, every[[1, 3]], atol=1e-5)


@torch.inference_mode()
def test_a_step_without_wanted_rows_fills_the_cache(network: Qwen3) -> None:
    """The next step reads it."""
    tokens = [5, 80, 13, 250, 99]
    whole = network.forward(batch_of(tokens, 0, 1, [4]), network.new_caches(2, BLOCK))
    caches = network.new_caches(2, BLOCK)
    assert network.forward(batch_of(tokens[:3], 0, 1, []), caches).shape == (0, 384)
    rest = network.forward(batch_of(tokens[3:], 3, 1, [1]), caches)
    assert torch.allclose(rest, whole, atol=1e-4)


@torch.inference_mode()
def test_sequences_of_a_step_do_not_see_each_other(network: Qwen3) -> None:
    """Their logits are those of each alone."""
    first, second = [5, 80, 13], [7, 7, 250, 99]
    alone = [
        network.forward(batch_of(tokens, 0, 0, [len(tokens) - 1]), network.new_caches(2, BLOCK))
        for tokens in (first, second)
    ]
    positions = [*range(3), *range(4)]
    slots = [*range(3), *range(BLOCK, BLOCK + 4)]
    both = Batch(first + second, positions, slots, [3, 4], [3, 4], [[0], [1]], [2, 6])
    together = network.forward(both, network.new_caches(2, BLOCK))
    assert torch.allclose(together, torch.cat(alone), atol=1e-4)


def test_weight_bytes_count_every_part(network: Qwen3) -> None:
    """Embedding and layers; the tied head is the embedding."""
    layers = sum(layer.weight_bytes for layer in network.layers)
    assert network.weight_bytes == network.embedding.nbytes + layers
