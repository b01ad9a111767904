"""A checkpoint becomes a network: tensors are read, joined where one multiplication does for several, cast, quantised, placed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor

from models.checkpoint import Tensors
from models.config import Quantisation, Shape
from models.network.experts import Experts, FullExperts
from models.network.linear import FullLinear, Linear
from models.network.mlp import DenseMlp, ExpertsBlock, LocalExperts, Mlp, SparseMlp
from models.network.ops import Ops
from models.network.qwen3 import Attention, Layer, Qwen3, rotation_tables


MakeBlock = Callable[[Ops, Experts], ExpertsBlock]


@dataclass(frozen=True)
class Build:
    """How a checkpoint is to become a network."""

    shape: Shape
    ops: Ops
    device: torch.device
    dtype: torch.dtype
    context_tokens: int
    quantisation: Quantisation = "none"
    experts: range | None = None  # those that are kept here; None: all
    make_block: MakeBlock = LocalExperts

    def network(self, tensors: Tensors) -> Qwen3:
        """The network, ready to run."""
        shape = self.shape
        embedding = self._place(tensors.read("model.embed_tokens.weight", shape.vocab_size, shape.hidden_size))
        head = embedding if shape.tie_word_embeddings else self._place(tensors.read("lm_head.weight", shape.vocab_size, shape.hidden_size))
        cos, sin = (table.to(self.device) for table in rotation_tables(shape, self.context_tokens, self.dtype))
        layers = [self._layer(tensors, number) for number in range(shape.num_hidden_layers)]
        return Qwen3(shape, self.ops, embedding, layers, self._vector(tensors, "model.norm"), head, cos, sin)

    def _layer(self, tensors: Tensors, number: int) -> Layer:
        name = f"model.layers.{number}"
        mlp = self._dense(tensors, f"{name}.mlp") if number in self.shape.dense_layers else self._sparse(tensors, f"{name}.mlp")
        return Layer(
            self.ops,
            self.shape.rms_norm_eps,
            self._vector(tensors, f"{name}.input_layernorm"),
            self._attention(tensors, f"{name}.self_attn"),
            self._vector(tensors, f"{name}.post_attention_layernorm"),
            mlp,
        )

    def _attention(self, tensors: Tensors, name: str) -> Attention:
        shape = self.shape
        queries, shared = shape.num_attention_heads * shape.head_dim, shape.num_key_value_heads * shape.head_dim
        sizes = {"q_proj": queries, "k_proj": shared, "v_proj": shared}
        qkv = torch.cat([tensors.read(f"{name}.{part}.weight", rows, shape.hidden_size) for part, rows in sizes.items()])
        out = tensors.read(f"{name}.o_proj.weight", shape.hidden_size, queries)
        norms = [self._place(tensors.read(f"{name}.{part}.weight", shape.head_dim)) for part in ("q_norm", "k_norm")]
        return Attention(self.ops, shape, self._linear(qkv, f"{name}.qkv"), norms[0], norms[1], self._linear(out, f"{name}.o_proj"))

    def _dense(self, tensors: Tensors, name: str) -> Mlp:
        gate_up, down = self._gate_up_down(tensors, name, self.shape.intermediate_size)
        return DenseMlp(self.ops, self._linear(gate_up, f"{name}.gate_up"), self._linear(down, f"{name}.down_proj"))

    def _sparse(self, tensors: Tensors, name: str) -> Mlp:
        shape = self.shape
        kept = self.experts or range(shape.num_experts)
        pairs = [self._gate_up_down(tensors, f"{name}.experts.{expert}", shape.moe_intermediate_size) for expert in kept]
        gate_up = self._place(torch.stack([gate_up.T for gate_up, _ in pairs]))
        down = self._place(torch.stack([down.T for _, down in pairs]))
        router = self._place(tensors.read(f"{name}.gate.weight", shape.num_experts, shape.hidden_size))
        block = self.make_block(self.ops, self._experts(gate_up, down, f"{name}.experts"))
        return SparseMlp(self.ops, router, shape.num_experts_per_tok, shape.norm_topk_prob, block)

    def _gate_up_down(self, tensors: Tensors, name: str, width: int) -> tuple[Tensor, Tensor]:
        hidden = self.shape.hidden_size
        gate_up = torch.cat([tensors.read(f"{name}.{part}.weight", width, hidden) for part in ("gate_proj", "up_proj")])
        return gate_up, tensors.read(f"{name}.down_proj.weight", hidden, width)

    def _linear(self, weight: Tensor, name: str) -> Linear:
        placed = self._place(weight)
        return FullLinear(placed) if self.quantisation == "none" else quantise_linear(self.ops, placed, self.quantisation, name)

    def _experts(self, gate_up: Tensor, down: Tensor, name: str) -> Experts:
        if self.quantisation == "none":
            return FullExperts(self.ops, gate_up, down)
        return quantise_experts(self.ops, gate_up, down, self.quantisation, name)

    def _vector(self, tensors: Tensors, name: str) -> Tensor:
        return self._place(tensors.read(f"{name}.weight", self.shape.hidden_size))

    def _place(self, tensor: Tensor) -> Tensor:
        return tensor.to(self.device, self.dtype).contiguous()


def torch_dtype(name: str) -> torch.dtype:
    """torch's dtype of this name."""
    return cast(torch.dtype, getattr(torch, name))
