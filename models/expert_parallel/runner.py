"""The processes of expert parallelism.

Rank 0 is the engine: it schedules, attends and keeps the cache. The others hold experts only, and take part in each layer with no tokens
of their own (attention and experts apart, as MegaScale-Infer serves).
"""

import multiprocessing
import tempfile
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import torch
import torch.distributed as dist

from models.architectures.loader import ModelLoader
from models.checkpoint import open_tensors, read_model_config
from models.config import EngineConfig, ModelConfig
from models.engine.model_runner import LocalRunner
from models.errors import BadConfig
from models.expert_parallel.moe import ExchangeState, EpExperts
from models.expert_parallel.schedules import experts_per_rank
from models.layers.experts import Experts
from models.ops.ops import Batch, Ops
from models.protocol import LayerTimes

BACKENDS = {"cpu": "gloo", "npu": "hccl", "cuda": "nccl"}
FOREVER = timedelta(days=365)  # a rank waits for the next step as long as nobody asks anything
STOP_SECONDS = 5


def check_expert_ranks(config: EngineConfig, shape: ModelConfig) -> None:
    """Whether this model's experts can be spread as configured."""
    if config.expert_ranks == 1:
        return
    if not shape.num_experts:
        raise BadConfig(
            f"{config.model} has no experts to spread over {config.expert_ranks} ranks. Leave out --expert-ranks."
        )
    local = experts_per_rank(shape.num_experts, config.expert_ranks)
    if local % config.expert_waves:
        raise BadConfig(
            f"{local} experts a rank make no {config.expert_waves} equal waves; choose --expert-waves that divides {local}."
        )


class EpRunner(LocalRunner):
    """Rank 0: the network here, its experts here and in other processes."""

    def __init__(self, config: EngineConfig, build: ModelLoader, blocks: int) -> None:
        self._spread = ExchangeState(config.expert_schedule, config.expert_waves)
        mine = replace(
            build,
            kept_experts=rank_experts(0, config, build.shape),
            make_block=partial(_spread_block, self._spread),
        )
        with open_tensors(config.model) as tensors:
            super().__init__(mine.network(tensors), blocks, config.block_tokens)
        self._folder = tempfile.TemporaryDirectory(prefix="tokentide-ranks-")
        store = Path(self._folder.name) / "store"
        context = multiprocessing.get_context("spawn")
        self._others = [
            context.Process(
                target=run_expert_rank,
                args=(rank, store, config),
                name=f"experts-{rank}",
                daemon=True,
            )
            for rank in range(1, config.expert_ranks)
        ]
        for process in self._others:
            process.start()
        join_group(0, store, config, build.device.type)
        self._times: LayerTimes | None = None

    def forward(self, batch: Batch) -> torch.Tensor:
        logits = super().forward(batch)
        self._times = _summed(self._spread)
        self._spread.next_step()
        return logits

    def layer_times(self) -> LayerTimes | None:
        return self._times

    def close(self) -> None:
        """The other ranks hold nothing that could be lost."""
        for process in self._others:
            process.kill()
            process.join(STOP_SECONDS)
        dist.destroy_process_group()
        self._folder.cleanup()
        super().close()


def run_expert_rank(rank: int, store: Path, config: EngineConfig) -> None:
    """Every other rank: its experts of each layer, over and over, until rank 0 is gone."""
    from models.architectures.loader import torch_dtype
    from models.assemble import ops_for
    from models.device import choose_device

    torch.set_num_threads(config.threads)
    shape = read_model_config(config.model)
    device = (
        torch.device(choose_device(config.device).type, rank)
        if config.device != "cpu"
        else torch.device("cpu")
    )
    build = ModelLoader(
        shape,
        ops_for(device),
        device,
        torch_dtype(config.dtype),
        1,
        config.quantisation,
        rank_experts(rank, config, shape),
    )
    spread = ExchangeState(config.expert_schedule, config.expert_waves)
    with open_tensors(config.model) as tensors:
        layers = [
            layer for layer in range(shape.num_hidden_layers) if layer not in shape.dense_layers
        ]
        blocks = [
            EpExperts(spread, build.experts(tensors, f"model.layers.{layer}.mlp"))
            for layer in layers
        ]
    join_group(rank, store, config, device.type)
    nothing = torch.empty(0, shape.hidden_size, dtype=build.dtype, device=device)
    weights = torch.empty(0, shape.num_experts_per_tok, device=device)
    try:
        with torch.inference_mode():
            while True:
                for block in blocks:
                    block(nothing, weights, weights.long())
                spread.next_step()
    except RuntimeError:
        # Rank 0 is gone: its connection closed, and nobody is left to serve.
        if (engine := multiprocessing.parent_process()) and engine.is_alive():
            raise


def rank_experts(rank: int, config: EngineConfig, shape: ModelConfig) -> range:
    """The experts of this rank."""
    local = experts_per_rank(shape.num_experts, config.expert_ranks)
    return range(rank * local, (rank + 1) * local)


def join_group(rank: int, store: Path, config: EngineConfig, device: str) -> None:
    """Become one of the ranks; waits for all."""
    dist.init_process_group(
        BACKENDS[device],
        init_method=f"file://{store}",
        rank=rank,
        world_size=config.expert_ranks,
        timeout=FOREVER,
    )


def _spread_block(spread: ExchangeState, ops: Ops, experts: Experts) -> EpExperts:
    return EpExperts(spread, experts)


def _summed(spread: ExchangeState) -> LayerTimes:
    timings = spread.timings
    return LayerTimes(
        layers=len(timings),
        compute=sum(each.compute for each in timings),
        dispatch=sum(each.dispatch for each in timings),
        combine=sum(each.combine for each in timings),
        exposed_wait=sum(each.exposed_wait for each in timings),
        total=sum(each.total for each in timings),
        schedule=spread.current,
        rows=spread.rows,
    )
