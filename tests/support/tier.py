"""Small checkpoints for tests: random weights in the hub's format, with a tokenizer that fits."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import Tensor

TEXT = [
    "def add(left, right):",
    "    return left + right",
    "class Point:",
    "    x: int = 0",
    "for each in range(10):",
    "    print(each)",
]
EOS = "<|endoftext|>"
TINY: dict[str, Any] = {
    "model_type": "qwen3_moe",
    "architectures": ["Qwen3MoeForCausalLM"],
    "hidden_size": 64,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 32,
    "vocab_size": 384,
    "max_position_embeddings": 256,
    "rms_norm_eps": 1e-6,
    "rope_theta": 10000.0,
    "tie_word_embeddings": True,
    "intermediate_size": 96,
    "num_experts": 4,
    "num_experts_per_tok": 2,
    "moe_intermediate_size": 64,
    "norm_topk_prob": True,
    "decoder_sparse_step": 1,
    "mlp_only_layers": [],
    "hidden_act": "silu",
    "attention_bias": False,
    "eos_token_id": 0,
    "torch_dtype": "float32",
}


def tiny_checkpoint(folder: Path, seed: int = 0, **changes: Any) -> Path:
    """Write a checkpoint of random weights. `changes` go into its `config.json`.

    `model_type="qwen3"` makes it dense.
    """
    config = TINY | changes
    if config["model_type"] == "qwen3":
        config["architectures"] = ["Qwen3ForCausalLM"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    save_file(
        _tensors(config, torch.Generator().manual_seed(seed)),
        folder / "model.safetensors",
        {"format": "pt"},
    )
    make_tokenizer().save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": EOS})
    )
    return folder


def _tensors(config: dict[str, Any], generator: torch.Generator) -> dict[str, Tensor]:
    hidden, size = config["hidden_size"], config["head_dim"]
    queries, shared = config["num_attention_heads"] * size, config["num_key_value_heads"] * size

    def matrix(rows: int, columns: int) -> Tensor:
        return torch.randn(rows, columns, generator=generator) / columns**0.5

    def norm(width: int) -> Tensor:
        return 1 + 0.1 * torch.randn(width, generator=generator)

    found = {
        "model.embed_tokens.weight": torch.randn(config["vocab_size"], hidden, generator=generator)
        * 0.5,
        "model.norm.weight": norm(hidden),
    }
    if not config["tie_word_embeddings"]:
        found["lm_head.weight"] = matrix(config["vocab_size"], hidden)
    for number in range(config["num_hidden_layers"]):
        name = f"model.layers.{number}"
        found |= {
            f"{name}.{each}.weight": norm(hidden)
            for each in ("input_layernorm", "post_attention_layernorm")
        }
        found |= {f"{name}.self_attn.{each}.weight": norm(size) for each in ("q_norm", "k_norm")}
        for each, rows, columns in [
            ("q", queries, hidden),
            ("k", shared, hidden),
            ("v", shared, hidden),
            ("o", hidden, queries),
        ]:
            found[f"{name}.self_attn.{each}_proj.weight"] = matrix(rows, columns)
        is_dense = (
            config["model_type"] == "qwen3"
            or number in config["mlp_only_layers"]
            or (number + 1) % config["decoder_sparse_step"]
        )
        width = config["intermediate_size"] if is_dense else config["moe_intermediate_size"]
        if not is_dense:
            found[f"{name}.mlp.gate.weight"] = matrix(config["num_experts"], hidden)
        for expert in (
            [""] if is_dense else [f"experts.{each}." for each in range(config["num_experts"])]
        ):
            found |= {
                f"{name}.mlp.{expert}{each}_proj.weight": matrix(width, hidden)
                for each in ("gate", "up")
            }
            found[f"{name}.mlp.{expert}down_proj.weight"] = matrix(hidden, width)
    return found


def make_tokenizer() -> Tokenizer:
    """Train a byte-level tokenizer of 300 tokens on a few lines of code."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=300,
        special_tokens=[EOS],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(TEXT, trainer)
    return tokenizer
