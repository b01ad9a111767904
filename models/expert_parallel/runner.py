"""Ranks of expert parallelism.

Rank 0 is the engine: it schedules, attends and keeps the cache. The other ranks hold experts only
and take part in each layer without tokens of their own. MegaScale-Infer separates attention and
experts in the same way.
"""

import multiprocessing
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch

from models.architectures.loader import ModelLoader, torch_dtype
from models.checkpoint import open_tensors, read_model_config
from models.config import EngineConfig, ModelConfig
from models.device import choose_device
from models.engine.model_runner import LocalRunner
from models.errors import BadConfig
from models.expert_parallel.moe import EpExperts, ExchangeState
from models.expert_parallel.rank_link import EngineLink, ProcessLink, RankLink
from models.expert_parallel.schedules import experts_per_rank
from models.layers.experts import Experts
from models.ops.ops import Batch, Ops
from models.ops.registry import ops_for
from models.protocol import LayerTimes


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
    if config.expert_schedule != "fused" and local % config.expert_waves:
        raise BadConfig(
            f"{local} experts per rank cannot be cut into {config.expert_waves} equal waves. "
            f"Choose --expert-waves that divides {local}."
        )


def start_ranks(config: EngineConfig) -> EngineLink:
    """Start the processes of the other ranks."""
    return EngineLink(config, run_expert_rank)


class EpRunner(LocalRunner):
    """Runner on rank 0: the network here, its experts here and on other ranks."""

    def __init__(
        self,
        config: EngineConfig,
        loader: ModelLoader,
        blocks: int,
        start: Callable[[EngineConfig], RankLink] = start_ranks,
    ) -> None:
        self._state = ExchangeState(config.expert_schedule, config.expert_waves)
        loader = replace(
            loader,
            kept_experts=rank_experts(0, config, loader.config),
            make_moe_block=partial(_make_block, self._state),
        )
        with open_tensors(config.model) as tensors:
            network = loader.load(tensors)
            super().__init__(network, blocks, config.block_tokens, config.kv_cache_dtype)
        self._link = start(config)
        self._state.exchange = self._link.join(loader)
        self._times: LayerTimes | None = None

    def forward(self, batch: Batch) -> torch.Tensor:
        """Compute logits, and keep the times of the layers."""
        self._link.step()
        logits = super().forward(batch)
        self._times = self._state.sum_times()
        self._state.next_step()
        return logits

    def layer_times(self) -> LayerTimes | None:
        """Return the last step's times."""
        return self._times

    def close(self) -> None:
        """End the other ranks."""
        self._link.close()
        super().close()


def run_expert_rank(rank: int, store: Path, config: EngineConfig) -> None:
    """Serve the experts of another rank, as a process."""
    torch.set_num_threads(config.threads)
    device = torch.device("cpu")
    if config.device != "cpu":
        device = torch.device(choose_device(config.device).type, rank)
    try:
        loader = rank_loader(rank, config, ops_for(device), device)
        serve_experts(ProcessLink(rank, store, config), config, loader)
    except RuntimeError:
        # The connection closes when rank 0 ends; any other failure is an error.
        if (engine := multiprocessing.parent_process()) and engine.is_alive():
            raise


def rank_loader(rank: int, config: EngineConfig, ops: Ops, device: torch.device) -> ModelLoader:
    """Return the loader of a rank that holds experts only."""
    model = read_model_config(config.model)
    return ModelLoader(
        model,
        ops,
        device,
        torch_dtype(config.dtype),
        context_tokens=1,
        quantisation=config.quantisation,
        kept_experts=rank_experts(rank, config, model),
    )


def serve_experts(link: RankLink, config: EngineConfig, loader: ModelLoader) -> None:
    """Take part in layer after layer. Raise RuntimeError when rank 0 is gone."""
    model, device = loader.config, loader.device
    state = ExchangeState(config.expert_schedule, config.expert_waves)
    with open_tensors(config.model) as tensors:
        blocks = [
            EpExperts(state, loader.load_experts(tensors, f"model.layers.{layer}.mlp"))
            for layer in model.sparse_layers
        ]
    state.exchange = link.join(loader)
    no_tokens = torch.empty(0, model.hidden_size, dtype=loader.dtype, device=device)
    no_weights = torch.empty(0, model.num_experts_per_tok, device=device)
    with torch.inference_mode():
        while True:
            link.step()
            for block in blocks:
                block(no_tokens, no_weights, no_weights.long())
            state.next_step()


def rank_experts(rank: int, config: EngineConfig, model: ModelConfig) -> range:
    """Return the experts of a rank."""
    local = experts_per_rank(model.num_experts, config.expert_ranks)
    return range(rank * local, (rank + 1) * local)


def _make_block(state: ExchangeState, ops: Ops, experts: Experts) -> EpExperts:
    return EpExperts(state, experts)
