"""Loading of a network from a checkpoint.

Tensors are read, joined where one multiplication serves several, cast, quantised and placed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor

from models.architectures.qwen3 import Attention, DecoderLayer, Qwen3, rotation_tables
from models.checkpoint import CheckpointTensors
from models.config import ModelConfig, Quantisation
from models.errors import BadConfig
from models.layers.experts import Experts, FullExperts, QuantisedExperts
from models.layers.linear import FullLinear, Linear, QuantisedLinear
from models.layers.mlp import DenseMlp, LocalExperts, Mlp, MoeBlock, SparseMlp
from models.ops.ops import INT4_GROUP, Ops

MakeMoeBlock = Callable[[Ops, Experts], MoeBlock]


@dataclass(frozen=True)
class ModelLoader:
    """Loader with all choices that a checkpoint leaves open."""

    config: ModelConfig
    ops: Ops
    device: torch.device
    dtype: torch.dtype
    context_tokens: int
    quantisation: Quantisation = "none"
    kept_experts: range | None = None  # None: all
    make_moe_block: MakeMoeBlock = LocalExperts

    def load(self, tensors: CheckpointTensors) -> Qwen3:
        """Load the network, ready to run."""
        config = self.config
        self._check_widths()
        vocabulary = (config.vocab_size, config.hidden_size)
        embedding = self._place(tensors.read("model.embed_tokens.weight", *vocabulary))
        head = embedding
        if not config.tie_word_embeddings:
            head = self._place(tensors.read("lm_head.weight", *vocabulary))
        cos, sin = (
            table.to(self.device)
            for table in rotation_tables(config, self.context_tokens, self.dtype)
        )
        layers = [self._layer(tensors, number) for number in range(config.num_hidden_layers)]
        norm = self._vector(tensors, "model.norm")
        return Qwen3(config, self.ops, embedding, layers, norm, head, cos, sin)

    def _check_widths(self) -> None:
        config = self.config
        widths = (config.hidden_size, config.intermediate_size, config.moe_intermediate_size)
        odd = [width for width in widths if width % INT4_GROUP]
        if self.quantisation == "w4a16" and odd:
            raise BadConfig(
                f"w4a16 needs widths that are multiples of {INT4_GROUP}; this model has one of "
                f"{odd[0]}. Use w8a16."
            )

    def _layer(self, tensors: CheckpointTensors, number: int) -> DecoderLayer:
        name = f"model.layers.{number}"
        is_dense = number in self.config.dense_layers
        load_mlp = self._dense_mlp if is_dense else self._sparse_mlp
        return DecoderLayer(
            self.ops,
            self.config.rms_norm_eps,
            self._vector(tensors, f"{name}.input_layernorm"),
            self._attention(tensors, f"{name}.self_attn"),
            self._vector(tensors, f"{name}.post_attention_layernorm"),
            load_mlp(tensors, f"{name}.mlp"),
        )

    def _attention(self, tensors: CheckpointTensors, name: str) -> Attention:
        config = self.config
        query_rows = config.num_attention_heads * config.head_dim
        shared_rows = config.num_key_value_heads * config.head_dim
        rows = {"q_proj": query_rows, "k_proj": shared_rows, "v_proj": shared_rows}
        qkv = torch.cat(
            [
                tensors.read(f"{name}.{part}.weight", count, config.hidden_size)
                for part, count in rows.items()
            ]
        )
        out = tensors.read(f"{name}.o_proj.weight", config.hidden_size, query_rows)
        heads = {"q_norm": config.num_attention_heads, "k_norm": config.num_key_value_heads}
        norm = torch.cat(
            [
                tensors.read(f"{name}.{part}.weight", config.head_dim).expand(count, -1)
                for part, count in heads.items()
            ]
        )
        return Attention(self.ops, config, self._linear(qkv), self._place(norm), self._linear(out))

    def _dense_mlp(self, tensors: CheckpointTensors, name: str) -> Mlp:
        gate_up, down = self._gate_up_down(tensors, name, self.config.intermediate_size)
        return DenseMlp(self.ops, self._linear(gate_up), self._linear(down))

    def _sparse_mlp(self, tensors: CheckpointTensors, name: str) -> Mlp:
        config = self.config
        router = self._place(
            tensors.read(f"{name}.gate.weight", config.num_experts, config.hidden_size)
        )
        block = self.make_moe_block(self.ops, self.load_experts(tensors, name))
        top_k, is_renormalised = config.num_experts_per_tok, config.norm_topk_prob
        return SparseMlp(self.ops, router, top_k, is_renormalised, block)

    def load_experts(self, tensors: CheckpointTensors, name: str) -> Experts:
        """Load the kept experts of a layer. `name` is the layer's mlp."""
        kept = self.kept_experts or range(self.config.num_experts)
        width = self.config.moe_intermediate_size
        pairs = [self._gate_up_down(tensors, f"{name}.experts.{expert}", width) for expert in kept]
        gate_up, down = (self._place(torch.stack(each)) for each in zip(*pairs, strict=True))
        if self.quantisation == "none":
            gate_up, down = (each.transpose(1, 2).contiguous() for each in (gate_up, down))
            return FullExperts(self.ops, gate_up, down)
        packed = (self.ops.pack(each, self.quantisation) for each in (gate_up, down))
        return QuantisedExperts(self.ops, len(down), *packed)

    def _gate_up_down(
        self, tensors: CheckpointTensors, name: str, width: int
    ) -> tuple[Tensor, Tensor]:
        hidden = self.config.hidden_size
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
        return self._place(tensors.read(f"{name}.weight", self.config.hidden_size))

    def _place(self, tensor: Tensor) -> Tensor:
        return tensor.to(self.device, self.dtype).contiguous()


def torch_dtype(name: str) -> torch.dtype:
    """Return torch's dtype of this name."""
    return cast(torch.dtype, getattr(torch, name))
