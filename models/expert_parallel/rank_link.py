"""Links between the ranks of expert parallelism, which are processes of this machine."""

import multiprocessing
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Protocol

import torch
import torch.distributed as dist

from models.architectures.loader import ModelLoader
from models.config import EngineConfig
from models.ops.ops import ExpertExchange

HOST = "gloo"
BACKENDS = {"cpu": HOST, "npu": f"cpu:{HOST},npu:hccl", "cuda": f"cpu:{HOST},cuda:nccl"}
FOREVER = timedelta(days=365)  # ranks wait for the next step as long as no request comes
STOP_SECONDS = 5


class RankLink(Protocol):
    """One rank's link to the others."""

    def join(self, loader: ModelLoader) -> ExpertExchange | None:
        """Wait for all ranks. Return the fused exchange if it is the schedule.

        `loader` names this rank's device and operations.
        """

    def step(self) -> None:
        """Begin a step: rank 0 does, the others wait for it.

        Raises RuntimeError if a rank is gone that is needed.
        """

    def close(self) -> None:
        """Leave the other ranks."""


class ProcessLink:
    """Link of a rank that is a process."""

    def __init__(self, rank: int, store: Path, config: EngineConfig) -> None:
        self._rank, self._store, self._config = rank, store, config
        self._is_fused = config.expert_schedule == "fused"
        self._waits_on_host = False
        self._begun = torch.zeros(1)

    def join(self, loader: ModelLoader) -> ExpertExchange | None:
        """Join the process group.

        The fused kernels want a communicator without other operations, so beside them the ranks
        talk through the host.
        """
        backend = HOST if self._is_fused else BACKENDS[loader.device.type]
        self._waits_on_host = self._is_fused or backend != HOST
        dist.init_process_group(
            backend,
            init_method=f"file://{self._store}",
            rank=self._rank,
            world_size=self._config.expert_ranks,
            timeout=FOREVER,
        )
        if not self._is_fused:
            return None
        return loader.ops.join_exchange(self._config, loader.config, loader.device)

    def step(self) -> None:
        """Begin a step, or wait for one.

        On a CPU a rank may wait in its first transfer. On other devices a kernel would wait there,
        and be ended after a while; without requests it must not start.
        """
        if self._waits_on_host:
            dist.broadcast(self._begun, src=0)

    def close(self) -> None:
        """Leave the process group."""
        dist.destroy_process_group()


class EngineLink(ProcessLink):
    """Link of rank 0, which starts the other ranks as processes and ends them."""

    def __init__(
        self, config: EngineConfig, serve: Callable[[int, Path, EngineConfig], None]
    ) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="tokentide-ranks-")
        store = Path(self._folder.name) / "store"
        super().__init__(0, store, config)
        context = multiprocessing.get_context("spawn")
        self._processes = [
            context.Process(
                target=serve, args=(rank, store, config), name=f"experts-{rank}", daemon=True
            )
            for rank in range(1, config.expert_ranks)
        ]
        for process in self._processes:
            process.start()

    def step(self) -> None:
        """Begin a step. Raise RuntimeError if another rank is gone."""
        for process in self._processes:
            if not process.is_alive():
                raise RuntimeError(
                    f"The process {process.name} has ended with {process.exitcode}, and its "
                    "experts are gone. Start the server again."
                )
        super().step()

    def close(self) -> None:
        """Kill the other ranks, which hold nothing that could be lost."""
        for process in self._processes:
            process.kill()
            process.join(STOP_SECONDS)
        super().close()
        self._folder.cleanup()
