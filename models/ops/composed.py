"""Fused rows of the table written in its fine rows: what `attend`, `mix` and the others mean."""

from abc import ABC, abstractmethod
from typing import Any, NoReturn

import torch
import torch.nn.functional as F
from torch import Tensor

from models.config import EngineConfig, ModelConfig
from models.errors import BadConfig
from models.ops.ops import (
    AttentionWeights,
    ExpertExchange,
    GraphPool,
    KeyValues,
    LayerParts,
    MlpWeights,
    Residual,
)


class ComposedOps(ABC):
    """Fused rows of a column that has no kernels for them."""

    kernels = "stock"
    index_dtype = torch.int64

    @abstractmethod
    def rms_norm(self, x: Tensor, weight: Tensor, epsilon: float) -> Tensor:
        """Normalise rows: each column has its own operation for it."""

    def graph_pool(self) -> GraphPool | None:
        return None

    def check_exchange(self, config: EngineConfig, model: ModelConfig) -> None:
        _refuse_exchange()

    def join_exchange(
        self, config: EngineConfig, model: ModelConfig, device: torch.device
    ) -> ExpertExchange:
        _refuse_exchange()

    def lay(self, attention: AttentionWeights, mlp: MlpWeights) -> Any:
        return None

    def embed(self, embedding: Tensor, token_ids: Tensor) -> Tensor:
        return embedding[token_ids]

    def attend(
        self,
        x: Residual,
        layer: LayerParts,
        rotation: tuple[Tensor, Tensor],
        cache: KeyValues,
        plan: Any,
    ) -> Residual:
        normed = self.rms_norm(x, layer.attention_norm, layer.epsilon)
        return x + layer.attention(normed, rotation, cache, plan)

    def mix(self, x: Residual, layer: LayerParts) -> Residual:
        return x + layer.mlp(self.rms_norm(x, layer.mlp_norm, layer.epsilon))

    def head(self, x: Residual, wanted: Tensor, norm: Tensor, weight: Tensor, eps: float) -> Tensor:
        # Wanted rows ascend, so as many as there are rows are all of them.
        rows = x[wanted] if len(wanted) < len(x) else x
        return F.linear(self.rms_norm(rows, norm, eps), weight).float()


def _refuse_exchange() -> NoReturn:
    raise BadConfig(
        "Fused dispatch and combine are kernels of Ascend NPUs; this device's operations have "
        "none. Choose --expert-schedule serial, comet or waves."
    )
