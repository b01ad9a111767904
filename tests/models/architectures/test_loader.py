"""Loading: joined weights, ties, quantisation, and what is refused."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from support.tier import tiny_checkpoint

from models.architectures.loader import ModelLoader, torch_dtype
from models.architectures.qwen3 import Qwen3
from models.checkpoint import open_tensors, read_model_config
from models.config import Quantisation
from models.errors import BadCheckpoint, BadConfig
from models.layers.experts import FullExperts, QuantisedExperts
from models.layers.linear import FullLinear, QuantisedLinear
from models.layers.mlp import DenseMlp, LocalExperts, SparseMlp
from models.ops.cpu_ops import CpuOps


def loader_of(folder: Path, quantisation: Quantisation = "none") -> ModelLoader:
    """Make a loader for the CPU in float32."""
    config, device = read_model_config(folder), torch.device("cpu")
    return ModelLoader(config, CpuOps(), device, torch.float32, 64, quantisation)


def load(folder: Path, quantisation: Quantisation = "none") -> Qwen3:
    """Load a network."""
    with open_tensors(folder) as tensors:
        return loader_of(folder, quantisation).load(tensors)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a model whose second layer is dense."""
    return tiny_checkpoint(tmp_path_factory.mktemp("model"), mlp_only_layers=[1])


def test_layers_are_dense_or_sparse_as_configured(checkpoint: Path) -> None:
    """Telemetry sees the sparse ones."""
    network = load(checkpoint)
    kinds = [type(layer.mlp) for layer in network.layers]
    assert kinds == [SparseMlp, DenseMlp, SparseMlp]
    assert len(network.sparse_layers) == 2


def test_query_key_and_value_weights_are_joined(checkpoint: Path) -> None:
    """One multiplication serves all three."""
    tensors = load_file(checkpoint / "model.safetensors")
    name = "model.layers.0.self_attn"
    parts = [tensors[f"{name}.{part}_proj.weight"] for part in "qkv"]
    qkv = load(checkpoint).layers[0].attention.qkv
    assert isinstance(qkv, FullLinear)
    assert torch.equal(qkv.weight.T, torch.cat(parts))


def test_a_tied_head_is_the_embedding(checkpoint: Path, tmp_path: Path) -> None:
    """Its memory counts once."""
    tied = load(checkpoint)
    assert tied.head is tied.embedding
    untied = load(tiny_checkpoint(tmp_path, mlp_only_layers=[1], tie_word_embeddings=False))
    assert untied.weight_bytes - tied.weight_bytes == untied.head.nbytes


def test_experts_are_stacked(checkpoint: Path) -> None:
    """Gate and up are joined, and transposed for the grouped product."""
    tensors = load_file(checkpoint / "model.safetensors")
    mlp = load(checkpoint).layers[0].mlp
    assert isinstance(mlp, SparseMlp)
    assert isinstance(mlp.block, LocalExperts)
    experts = mlp.block.experts
    assert isinstance(experts, FullExperts)
    name = "model.layers.0.mlp.experts.2"
    gate_up = torch.cat([tensors[f"{name}.{part}_proj.weight"] for part in ("gate", "up")])
    assert torch.equal(experts.gate_up[2].T, gate_up)
    assert torch.equal(experts.down[2].T, tensors[f"{name}.down_proj.weight"])


def test_a_rank_loads_its_experts_only(checkpoint: Path) -> None:
    """The other ranks have the rest."""
    config, device = read_model_config(checkpoint), torch.device("cpu")
    loader = ModelLoader(config, CpuOps(), device, torch.float32, 64, kept_experts=range(1, 3))
    with open_tensors(checkpoint) as tensors:
        all_experts = loader_of(checkpoint).load_experts(tensors, "model.layers.0.mlp")
        kept = loader.load_experts(tensors, "model.layers.0.mlp")
    assert kept.count == 2
    rows, counts = torch.ones(3, 64), torch.tensor([1, 2])
    expected = all_experts.linear_1(rows, counts, first=1)
    assert torch.equal(kept.linear_1(rows, counts), expected)


def test_quantised_layers_are_smaller(checkpoint: Path) -> None:
    """Router, embedding and norms keep their precision."""
    full, packed = load(checkpoint), load(checkpoint, "w8a16")
    assert isinstance(packed.layers[1].mlp, DenseMlp)
    assert isinstance(packed.layers[1].attention.out, QuantisedLinear)
    sparse = packed.layers[0].mlp
    assert isinstance(sparse, SparseMlp)
    assert isinstance(sparse.block, LocalExperts)
    assert isinstance(sparse.block.experts, QuantisedExperts)
    assert sparse.router.dtype == packed.embedding.dtype == torch.float32
    assert packed.weight_bytes < full.weight_bytes / 2


def test_widths_that_int4_cannot_group_are_refused(tmp_path: Path) -> None:
    """The message names a scheme that works."""
    odd = tiny_checkpoint(tmp_path, moe_intermediate_size=48)
    with pytest.raises(BadConfig, match=r"multiples of 32.*Use w8a16"):
        load(odd, "w4a16")
    assert load(odd, "w8a16").weight_bytes > 0


def test_a_missing_or_misshapen_tensor_is_named(tmp_path: Path) -> None:
    """Before anything is computed."""
    folder = tiny_checkpoint(tmp_path)
    path = folder / "model.safetensors"
    tensors = load_file(path)
    norm = tensors.pop("model.norm.weight")
    save_file(tensors, path)
    with pytest.raises(BadCheckpoint, match=r"lacks the tensor model\.norm\.weight"):
        load(folder)
    save_file(tensors | {"model.norm.weight": norm[:8]}, path)
    with pytest.raises(BadCheckpoint, match=r"has the shape \(8,\), .* requires \(64,\)"):
        load(folder)


@pytest.mark.parametrize("name", ["float32", "bfloat16"])
def test_dtypes_are_named_as_in_torch(name: str) -> None:
    """The options of EngineConfig."""
    assert str(torch_dtype(name)) == f"torch.{name}"
