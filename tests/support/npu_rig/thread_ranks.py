"""Ranks of expert parallelism as threads of one process, for kernels that exchange in memory."""

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Semaphore
from typing import Any

import torch
from support.npu_rig.exchange_kernels import Communicator, communicators

from models.architectures.loader import ModelLoader
from models.config import EngineConfig
from models.expert_parallel.runner import rank_loader, serve_experts
from models.ops.npu_exchange import ExchangeProduct, ExpertGroup, FusedExchange
from models.ops.npu_ops import NpuOps

GROUP = "ranks"


@dataclass
class ThreadLink:
    """Link of a rank that is a thread."""

    rank: int
    config: EngineConfig
    product: ExchangeProduct
    begun: Semaphore = field(default_factory=lambda: Semaphore(0))
    is_over: bool = False

    def join(self, loader: ModelLoader) -> FusedExchange:
        """Take part in the exchange, as a rank of the group in memory."""
        config, model = self.config, loader.config
        group = ExpertGroup(
            GROUP, config.expert_ranks, self.rank, model.num_experts, config.max_batch_tokens
        )
        return FusedExchange(group, model, self.product, loader.dtype, loader.device)

    def step(self) -> None:
        """Wait for a step."""
        self.begun.acquire()
        if self.is_over:
            raise RuntimeError("rank 0 is gone")

    def close(self) -> None:
        """Make a waiting rank end."""
        self.is_over = True
        self.begun.release()


class FirstLink(ThreadLink):
    """Link of rank 0, which starts the other ranks as threads that serve their experts."""

    def __init__(self, config: EngineConfig, product: ExchangeProduct) -> None:
        super().__init__(0, config, product)
        communicators[GROUP] = Communicator(config.expert_ranks)
        self.others = [ThreadLink(rank, config, product) for rank in range(1, config.expert_ranks)]
        self.pool = ThreadPoolExecutor(len(self.others))
        self.ends: list[Future[Any]] = [self.pool.submit(self._serve, link) for link in self.others]

    def step(self) -> None:
        """Begin a step on all ranks."""
        for link in self.others:
            link.begun.release()

    def close(self) -> None:
        """End all ranks."""
        for link in self.others:
            link.close()
        self.pool.shutdown()

    def _serve(self, link: ThreadLink) -> None:
        loader = rank_loader(link.rank, self.config, NpuOps(), torch.device("cpu"))
        serve_experts(link, self.config, loader)
