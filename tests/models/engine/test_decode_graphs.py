"""Padding of decoding steps and choice among graphs, on a CPU with a pool that only takes notes.

tests/models/ops/test_npu_graph.py replays graphs.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from support.tier import tiny_checkpoint
from torch import Tensor

from models.architectures.loader import ModelLoader
from models.checkpoint import open_tensors, read_model_config
from models.engine.decode_graphs import bucket_sizes
from models.engine.model_runner import LocalRunner
from models.ops.cpu_ops import CpuOps
from models.ops.ops import Batch

BLOCK = 16
BLOCKS = [[3], [1], [0]]
PROMPTS = Batch([7, 8, 9], [0, 0, 0], [48, 16, 0], [1] * 3, [1] * 3, BLOCKS, [0, 1, 2])
DECODING = Batch([4, 5, 6], [1, 1, 1], [49, 17, 1], [1] * 3, [2] * 3, BLOCKS, [0, 1, 2])
DRAFT = Batch([4, 5], [1, 2], [49, 50], [2], [3], [[3]], [0, 1])
UNFINISHED = Batch([4, 5], [1, 1], [49, 17], [1, 1], [2, 2], BLOCKS[:2], [1])


class Notes:
    """Pool and graph in one. As on a device, nothing is computed by a capture."""

    def __init__(self) -> None:
        self.captures = 0
        self.lengths: list[list[int]] = []
        self.replays = 0

    def capture(self, step: Callable[[], Tensor]) -> tuple["Notes", Tensor]:
        """Count. The result is for as many sequences as the graph may have."""
        self.captures += 1
        return self, torch.zeros(4, 384)

    def update(self, context_tokens: list[int]) -> None:
        """Note the lengths."""
        self.lengths.append(context_tokens)

    def replay(self) -> None:
        """Count."""
        self.replays += 1


class NotingOps(CpuOps):
    """Column with such a pool."""

    def __init__(self) -> None:
        self.notes = Notes()

    def graph_pool(self) -> Notes:
        return self.notes


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a model with experts in every layer."""
    return tiny_checkpoint(tmp_path_factory.mktemp("model"))


def runner_of(checkpoint: Path, ops: CpuOps, graph_sequences: int) -> LocalRunner:
    """Make a runner with four blocks, and a spare one where there are graphs."""
    config = read_model_config(checkpoint)
    loader = ModelLoader(config, ops, torch.device("cpu"), torch.float32, 64)
    with open_tensors(checkpoint) as tensors:
        network = loader.load(tensors)
    return LocalRunner(network, 4, BLOCK, graph_sequences=graph_sequences)


def test_sizes_are_few_and_end_with_the_maximum() -> None:
    """The list of vLLM."""
    assert list(bucket_sizes(1)) == [1]
    assert list(bucket_sizes(20)) == [1, 2, 4, 8, 16, 20]
    assert list(bucket_sizes(300))[-5:] == [248, 256, 272, 288, 300]
    assert len(list(bucket_sizes(64))) == 11


def test_a_padded_step_is_the_same_step(checkpoint: Path) -> None:
    """Logits of its sequences; padding is in no sequence's block and in no expert's count."""
    plain, padded = runner_of(checkpoint, CpuOps(), 4), runner_of(checkpoint, NotingOps(), 4)
    assert (plain.has_graphs, padded.has_graphs) == (False, True)
    for batch in (PROMPTS, DRAFT):
        torch.testing.assert_close(padded.forward(batch), plain.forward(batch))
    assert len(padded.caches[0].keys) == len(plain.caches[0].keys) + 1
    for found, expected in zip(padded.caches, plain.caches, strict=True):
        torch.testing.assert_close(found.keys[:4], expected.keys)
        torch.testing.assert_close(found.values[:4], expected.values)
    assert padded.forward(UNFINISHED).shape == plain.forward(UNFINISHED).shape == (1, 384)


def test_steps_of_decoding_are_captured_once_and_replayed(checkpoint: Path) -> None:
    """Lengths of padding are 1. The smallest size is captured at the start."""
    ops = NotingOps()
    runner = runner_of(checkpoint, ops, 4)
    for batch in (PROMPTS, DECODING, UNFINISHED, DRAFT, DECODING):
        runner.forward(batch)
    assert ops.notes.captures == 2
    assert ops.notes.lengths == [[2, 2, 2, 1]] * 2
    assert ops.notes.replays == 2


def test_more_sequences_than_a_graph_has_are_no_graphs(checkpoint: Path) -> None:
    """A runner for at most two."""
    ops = NotingOps()
    assert runner_of(checkpoint, ops, 2).forward(DECODING).shape == (3, 384)
    assert ops.notes.captures == 1
