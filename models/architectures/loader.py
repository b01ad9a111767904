"""A checkpoint becomes a network: tensors are read, joined where one multiplication does for several, cast, quantised, placed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor

from models.architectures.qwen3 import Attention, DecoderLayer, Qwen3, rotation_tables
from models.checkpoint import CheckpointTensors
from models.config import Quantisation, ModelConfig
from models.errors import BadConfig
from models.layers.experts import Experts, FullExperts, QuantisedExperts
from models.layers.linear import FullLinear, Linear, QuantisedLinear
from models.layers.mlp import DenseMlp, MoeBlock, LocalExperts, Mlp, SparseMlp
from models.ops.ops import INT4_GROUP, Ops

MakeMoeBlock = Callable[[Ops, Experts], MoeBlock]


@dataclass(frozen=True)
class ModelLoader:
    """How a checkpoint is to become a network."""

    shape: ModelConfig
    ops: Ops
    device: torch.device
    dtype: torch.dtype
    context_tokens: int
    quantisation: Quantisation = "none"
    kept_experts: range | None = None  # None: all
    make_block: MakeMoeBlock = LocalExperts

    def network(self, tensors: CheckpointTensors) -> Qwen3:
        """The network, ready to run."""
        shape = self.shape
        self._judge_widths()
        embedding = self._place(
            tensors.read("model.embed_tokens.weight", shape.vocab_size, shape.hidden_size)
        )
        head = (
            embedding
            if shape.tie_word_embeddings
            else self._place(tensors.read("lm_head.weight", shape.vocab_size, shape.hidden_size))
        )
        cos, sin = (
            table.to(self.device)
            for table in rotation_tables(shape, self.context_tokens, self.dtype)
        )
        layers = [self._layer(tensors, number) for number in range(shape.num_hidden_layers)]
        return Qwen3(
            shape, self.ops, embedding, layers, self._vector(tensors, "model.norm"), head, cos, sin
        )

    def _judge_widths(self) -> None:
        widths = (
            self.shape.hidden_size,
            self.shape.intermediate_size,
            self.shape.moe_intermediate_size,
        )
        if self.quantisation == "w4a16" and (
            odd := [width for width in widths if width % INT4_GROUP]
        ):
            raise BadConfig(
                f"w4a16 needs widths that are multiples of {INT4_GROUP}; this model has one of {odd[0]}. Use w8a16."
            )

    def _layer(self, tensors: CheckpointTensors, number: int) -> DecoderLayer:
        name = f"model.layers.{number}"
        mlp = (
            self._dense(tensors, f"{name}.mlp")
            if number in self.shape.dense_layers
            else self._sparse(tensors, f"{name}.mlp")
        )
        return DecoderLayer(
            self.ops,
            self.shape.rms_norm_eps,
            self._vector(tensors, f"{name}.input_layernorm"),
            self._attention(tensors, f"{name}.self_attn"),
            self._vector(tensors, f"{name}.post_attention_layernorm"),
            mlp,
        )

    def _attention(self, tensors: CheckpointTensors, name: str) -> Attention:
        shape = self.shape
        queries, shared = (
            shape.num_attention_heads * shape.head_dim,
            shape.num_key_value_heads * shape.head_dim,
        )
        sizes = {"q_proj": queries, "k_proj": shared, "v_proj": shared}
        qkv = torch.cat(
            [
                tensors.read(f"{name}.{part}.weight", rows, shape.hidden_size)
                for part, rows in sizes.items()
            ]
        )
        out = tensors.read(f"{name}.o_proj.weight", shape.hidden_size, queries)
        heads = {"q_norm": shape.num_attention_heads, "k_norm": shape.num_key_value_heads}
        norm = torch.cat(
            [
                tensors.read(f"{name}.{part}.weight", shape.head_dim).expand(count, -1)
                for part, count in heads.items()
            ]
        )
        return Attention(self.ops, shape, self._linear(qkv), self._place(norm), self._linear(out))

    def _dense(self, tensors: CheckpointTensors, name: str) -> Mlp:
        gate_up, down = self._gate_up_down(tensors, name, self.shape.intermediate_size)
        return DenseMlp(self.ops, self._linear(gate_up), self._linear(down))

    def _sparse(self, tensors: CheckpointTensors, name: str) -> Mlp:
        shape = self.shape
        router = self._place(
            tensors.read(f"{name}.gate.weight", shape.num_experts, shape.hidden_size)
        )
        block = self.make_block(self.ops, self.experts(tensors, name))
        return SparseMlp(self.ops, router, shape.num_experts_per_tok, shape.norm_topk_prob, block)

    def experts(self, tensors: CheckpointTensors, name: str) -> Experts:
        """Those of a layer's experts that are kept here; `name` is the layer's mlp."""
        kept = self.kept_experts or range(self.shape.num_experts)
        pairs = [
            self._gate_up_down(
                tensors, f"{name}.experts.{expert}", self.shape.moe_intermediate_size
            )
            for expert in kept
        ]
        gate_up, down = (self._place(torch.stack(each)) for each in zip(*pairs, strict=True))
        if self.quantisation == "none":
            return FullExperts(
                self.ops, gate_up.transpose(1, 2).contiguous(), down.transpose(1, 2).contiguous()
            )
        return QuantisedExperts(
            self.ops,
            len(down),
            self.ops.pack(gate_up, self.quantisation),
            self.ops.pack(down, self.quantisation),
        )

    def _gate_up_down(self, tensors: CheckpointTensors, name: str, width: int) -> tuple[Tensor, Tensor]:
        hidden = self.shape.hidden_size
        gate_up = torch.cat(
            [
                tensors.read(f"{name}.{part}.weight", width, hidden)
                for part in ("gate_proj", "up_proj")
            ]
        )
        return gate_up, tensors.read(f"{name}.down_proj.weight", hidden, width)

    def _linear(self, weight: Tensor) -> Linear:
        placed = self._place(weight)
        if self.quantisation == "none":
            return FullLinear(placed.T.contiguous())
        return QuantisedLinear(self.ops, self.ops.pack(placed, self.quantisation))

    def _vector(self, tensors: CheckpointTensors, name: str) -> Tensor:
        return self._place(tensors.read(f"{name}.weight", self.shape.hidden_size))

    def _place(self, tensor: Tensor) -> Tensor:
        return tensor.to(self.device, self.dtype).contiguous()


def torch_dtype(name: str) -> torch.dtype:
    """torch's dtype of this name."""
    return cast(torch.dtype, getattr(torch, name))
