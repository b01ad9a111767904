"""The two shipped networks: a mixture of experts, and a draft of one layer.

The mixture is deep for its size, so that speculative decoding can pay.
"""

from typing import Any

import torch
from transformers import Qwen3Config, Qwen3ForCausalLM, Qwen3MoeConfig, Qwen3MoeForCausalLM

from models.training.tokenizer import VOCABULARY

CONTEXT_TOKENS = 2048
SHARED: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "max_position_embeddings": CONTEXT_TOKENS,
    "rope_theta": 10000.0,
    "rms_norm_eps": 1e-6,
    "tie_word_embeddings": True,
    "attention_dropout": 0.0,
    "head_dim": 48,
    "num_key_value_heads": 2,
    "bos_token_id": None,
    "eos_token_id": 0,
    "pad_token_id": None,
    "attn_implementation": "sdpa",
}


def new_target(seed: int) -> Qwen3MoeForCausalLM:
    """Make the target: eight layers of eight experts, two per token.

    It has 4.8 M parameters, of which about 2.2 M are active for one token.
    """
    torch.manual_seed(seed)
    config = Qwen3MoeConfig(
        **SHARED | {"experts_implementation": "grouped_mm"},
        hidden_size=192,
        num_hidden_layers=8,
        num_attention_heads=4,
        intermediate_size=384,
        num_experts=8,
        num_experts_per_tok=2,
        moe_intermediate_size=96,
        norm_topk_prob=True,
        router_aux_loss_coef=0.01,
    )
    return Qwen3MoeForCausalLM(config)


def new_draft(seed: int) -> Qwen3ForCausalLM:
    """Make the draft: one dense layer with the target's vocabulary, 0.4 M parameters."""
    torch.manual_seed(seed)
    config = Qwen3Config(
        **SHARED,
        hidden_size=128,
        num_hidden_layers=1,
        num_attention_heads=4,
        intermediate_size=256,
    )
    return Qwen3ForCausalLM(config)
