"""Steps of ranks that are processes: who waits for whom, and who notices whose end."""

import subprocess
import sys
from dataclasses import replace
from multiprocessing import active_children
from pathlib import Path

import pytest
import torch
from support.inference.engine import greedy, open_engine
from support.tier import tiny_checkpoint
from torch import Tensor

from models.architectures.loader import ModelLoader
from models.checkpoint import read_model_config
from models.config import EngineConfig, ModelConfig
from models.expert_parallel.rank_link import ProcessLink
from models.ops.cpu_ops import CpuOps
from models.ops.ops import DispatchedRows, ExpertExchange

ROOT = Path(__file__).resolve().parents[3]
OTHER_RANK = """
import sys
from pathlib import Path
from test_rank_link import config_of, loader_of
from models.expert_parallel.rank_link import ProcessLink

config = config_of(Path(sys.argv[1]))
link = ProcessLink(1, Path(sys.argv[2]), config)
link.join(loader_of(config))
print("joined", flush=True)
try:
    while True:
        link.step()
        print("step", flush=True)
except RuntimeError:
    print("rank 0 is gone", flush=True)
"""


class UnusedExchange:
    """An exchange that is joined, and not used."""

    def dispatch(self, x: Tensor, chosen: Tensor, weights: Tensor) -> DispatchedRows:
        """Exchange nothing."""
        raise AssertionError

    def combine(self, rows: Tensor, sent: DispatchedRows) -> Tensor:
        """Exchange nothing."""
        raise AssertionError


class JoinedOps(CpuOps):
    """Operations whose fused exchange can be joined."""

    def join_exchange(
        self, config: EngineConfig, model: ModelConfig, device: torch.device
    ) -> ExpertExchange:
        """Join at once."""
        return UnusedExchange()


def config_of(checkpoint: Path) -> EngineConfig:
    """Return the settings of two ranks with the fused schedule."""
    return EngineConfig(
        model=checkpoint, device="cpu", dtype="float32", expert_ranks=2, expert_schedule="fused"
    )


def loader_of(config: EngineConfig) -> ModelLoader:
    """Return a loader that names device and operations."""
    return ModelLoader(
        read_model_config(config.model), JoinedOps(), torch.device("cpu"), torch.float32, 64
    )


def test_a_fused_step_begins_with_rank_0(tmp_path: Path) -> None:
    """The other rank waits on its host, takes each step once, and ends with rank 0."""
    checkpoint, store = tiny_checkpoint(tmp_path / "model"), tmp_path / "store"
    config = config_of(checkpoint)
    with subprocess.Popen(
        [sys.executable, "-c", OTHER_RANK, str(checkpoint), str(store)],
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}:{Path(__file__).parent}"},
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout
        link = ProcessLink(0, store, config)
        link.join(loader_of(config))
        assert other.stdout.readline() == "joined\n"
        for _ in range(3):
            link.step()
        link.close()
        assert other.stdout.read() == "step\nstep\nstep\nrank 0 is gone\n"


def test_the_engine_notices_a_rank_that_ended(tmp_path: Path) -> None:
    """The error names the rank; without this a fused kernel would wait on the device."""
    config = replace(config_of(tiny_checkpoint(tmp_path)), expert_schedule="waves")
    with open_engine(config) as engine:
        engine.add(greedy("one", [1, 2, 3], 20))
        engine.step()
        (other,) = (each for each in active_children() if each.name == "experts-1")
        other.kill()
        other.join(5)
        with pytest.raises(RuntimeError, match="The process experts-1 has ended with -9"):
            engine.step()
