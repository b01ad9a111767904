"""Batches from chunks, and the counts of experts."""

from pathlib import Path

import pytest
import torch
from support.tier import tiny_checkpoint

from models.architectures.loader import ModelLoader
from models.checkpoint import open_tensors, read_model_config
from models.engine.model_runner import LocalRunner, make_batch
from models.engine.sequence import ScheduledChunk, Sequence
from models.ops.cpu_ops import CpuOps
from models.protocol import EngineRequest, SamplingParams


def sequence(tokens: list[int], computed: int, blocks: list[int], draft: list[int]) -> Sequence:
    """Make a sequence in the middle of its life."""
    request = EngineRequest("one", tokens, SamplingParams(9))
    return Sequence(request, 0, tokens, computed, blocks, draft=draft)


def test_a_batch_is_the_chunks_one_after_another() -> None:
    """Slots follow the blocks; only complete chunks want logits, also those of draft tokens."""
    decoding = ScheduledChunk(sequence([10, 11, 12, 13, 14], 4, [6, 2], [50, 51]), 3, 2)
    prompt = ScheduledChunk(sequence([20, 21, 22, 23, 24], 0, [9, 1], []), 3, 0)
    batch = make_batch([decoding, prompt], block_tokens=4)
    assert batch.token_ids == [14, 50, 51, 20, 21, 22]
    assert batch.positions == [4, 5, 6, 0, 1, 2]
    assert batch.slots == [8, 9, 10, 36, 37, 38]
    assert (batch.query_tokens, batch.context_tokens) == ([3, 3], [7, 3])
    assert batch.blocks == [[6, 2], [9, 1]]
    assert batch.wanted == [0, 1, 2]


def test_an_empty_step_is_an_empty_batch() -> None:
    """Nothing is wanted."""
    batch = make_batch([], block_tokens=4)
    assert (batch.token_ids, batch.wanted, batch.blocks) == ([], [], [])


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a model with experts in every layer."""
    return tiny_checkpoint(tmp_path_factory.mktemp("model"))


def runner_of(checkpoint: Path) -> LocalRunner:
    """Make a runner with eight blocks of 16 tokens."""
    config, device = read_model_config(checkpoint), torch.device("cpu")
    loader = ModelLoader(config, CpuOps(), device, torch.float32, 64)
    with open_tensors(checkpoint) as tensors:
        return LocalRunner(loader.load(tensors), blocks=8, block_tokens=16)


def test_rows_of_experts_are_counted_by_layer(checkpoint: Path) -> None:
    """Every token has two experts in each layer; a call starts the count again."""
    runner = runner_of(checkpoint)
    chunk = ScheduledChunk(sequence(list(range(5, 17)), 0, [0], []), 12, 0)
    assert runner.forward(make_batch([chunk], 16)).shape == (1, 384)
    counts = runner.expert_tokens()
    assert [sum(layer) for layer in counts] == [24, 24, 24]
    assert runner.expert_tokens() == [[0] * 4] * 3


def test_a_local_runner_has_no_times_of_exchange(checkpoint: Path) -> None:
    """Its experts are all in this process."""
    runner = runner_of(checkpoint)
    assert runner.layer_times() is None
    assert runner.weight_bytes > 0
    runner.close()
