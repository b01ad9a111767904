"""Processes of expert parallelism.

Rank 0 is the engine: it schedules, attends and keeps the cache. The other ranks hold experts only
and take part in each layer without tokens of their own. MegaScale-Infer separates attention and
experts in the same way.
"""

import multiprocessing
import tempfile
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import torch
import torch.distributed as dist

from models.architectures.loader import ModelLoader, torch_dtype
from models.checkpoint import open_tensors, read_model_config
from models.config import EngineConfig, ModelConfig
from models.device import choose_device
from models.engine.model_runner import LocalRunner
from models.errors import BadConfig
from models.expert_parallel.moe import EpExperts, ExchangeState
from models.expert_parallel.schedules import experts_per_rank
from models.layers.experts import Experts
from models.ops.ops import Batch, Ops
from models.ops.registry import ops_for
from models.protocol import LayerTimes

BACKENDS = {"cpu": "gloo", "npu": "hccl", "cuda": "nccl"}
FOREVER = timedelta(days=365)  # ranks wait for the next step as long as no request comes
STOP_SECONDS = 5


def check_expert_ranks(config: EngineConfig, model: ModelConfig) -> None:
    """Raise if the model's experts cannot be shared by the configured ranks."""
    if config.expert_ranks == 1:
        return
    if not model.num_experts:
        raise BadConfig(
            f"{config.model} has no experts to share among {config.expert_ranks} ranks. "
            "Leave out --expert-ranks."
        )
    local = experts_per_rank(model.num_experts, config.expert_ranks)
    if local % config.expert_waves:
        raise BadConfig(
            f"{local} experts per rank cannot be cut into {config.expert_waves} equal waves. "
            f"Choose --expert-waves that divides {local}."
        )


class EpRunner(LocalRunner):
    """Runner on rank 0: the network here, its experts here and on other ranks."""

    def __init__(self, config: EngineConfig, loader: ModelLoader, blocks: int) -> None:
        self._state = ExchangeState(config.expert_schedule, config.expert_waves)
        loader = replace(
            loader,
            kept_experts=rank_experts(0, config, loader.config),
            make_moe_block=partial(_make_block, self._state),
        )
        with open_tensors(config.model) as tensors:
            network = loader.load(tensors)
            super().__init__(network, blocks, config.block_tokens, config.kv_cache_dtype)
        self._folder = tempfile.TemporaryDirectory(prefix="tokentide-ranks-")
        store = Path(self._folder.name) / "store"
        context = multiprocessing.get_context("spawn")
        self._processes = [
            context.Process(
                target=run_expert_rank,
                args=(rank, store, config),
                name=f"experts-{rank}",
                daemon=True,
            )
            for rank in range(1, config.expert_ranks)
        ]
        for process in self._processes:
            process.start()
        join_group(0, store, config, loader.device.type)
        self._times: LayerTimes | None = None

    def forward(self, batch: Batch) -> torch.Tensor:
        """Compute logits, and keep the times of the layers."""
        logits = super().forward(batch)
        self._times = _sum_times(self._state)
        self._state.next_step()
        return logits

    def layer_times(self) -> LayerTimes | None:
        """Return the last step's times."""
        return self._times

    def close(self) -> None:
        """Kill the other ranks, which hold nothing that could be lost."""
        for process in self._processes:
            process.kill()
            process.join(STOP_SECONDS)
        dist.destroy_process_group()
        self._folder.cleanup()
        super().close()


def run_expert_rank(rank: int, store: Path, config: EngineConfig) -> None:
    """Serve the experts of another rank, layer after layer, until rank 0 is gone."""
    torch.set_num_threads(config.threads)
    model = read_model_config(config.model)
    device = torch.device("cpu")
    if config.device != "cpu":
        device = torch.device(choose_device(config.device).type, rank)
    loader = ModelLoader(
        model,
        ops_for(device),
        device,
        torch_dtype(config.dtype),
        context_tokens=1,
        quantisation=config.quantisation,
        kept_experts=rank_experts(rank, config, model),
    )
    state = ExchangeState(config.expert_schedule, config.expert_waves)
    with open_tensors(config.model) as tensors:
        blocks = [
            EpExperts(state, loader.load_experts(tensors, f"model.layers.{layer}.mlp"))
            for layer in model.sparse_layers
        ]
    join_group(rank, store, config, device.type)
    no_tokens = torch.empty(0, model.hidden_size, dtype=loader.dtype, device=device)
    no_weights = torch.empty(0, model.num_experts_per_tok, device=device)
    try:
        with torch.inference_mode():
            while True:
                for block in blocks:
                    block(no_tokens, no_weights, no_weights.long())
                state.next_step()
    except RuntimeError:
        # The connection closes when rank 0 ends; any other failure is an error.
        if (engine := multiprocessing.parent_process()) and engine.is_alive():
            raise


def rank_experts(rank: int, config: EngineConfig, model: ModelConfig) -> range:
    """Return the experts of a rank."""
    local = experts_per_rank(model.num_experts, config.expert_ranks)
    return range(rank * local, (rank + 1) * local)


def join_group(rank: int, store: Path, config: EngineConfig, device: str) -> None:
    """Join the process group as one of the ranks. Wait for all others."""
    dist.init_process_group(
        BACKENDS[device],
        init_method=f"file://{store}",
        rank=rank,
        world_size=config.expert_ranks,
        timeout=FOREVER,
    )


def _make_block(state: ExchangeState, ops: Ops, experts: Experts) -> EpExperts:
    return EpExperts(state, experts)


def _sum_times(state: ExchangeState) -> LayerTimes:
    timings = state.timings
    return LayerTimes(
        layers=len(timings),
        compute=sum(each.compute for each in timings),
        dispatch=sum(each.dispatch for each in timings),
        combine=sum(each.combine for each in timings),
        exposed_wait=sum(each.exposed_wait for each in timings),
        total=sum(each.total for each in timings),
        schedule=state.current_schedule,
        rows=state.rows,
    )
