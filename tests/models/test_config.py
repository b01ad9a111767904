"""Settings of the engine and sizes of networks: what is accepted, derived and refused."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.tier import TINY

from models.checkpoint import read_model_config
from models.config import (
    MAX_DRAFT_TOKENS,
    SHIPPED_DRAFT,
    SHIPPED_MODEL,
    EngineConfig,
    ModelConfig,
)
from models.errors import BadCheckpoint, BadConfig

SOURCE = Path("some-model")


def parse(**changes: Any) -> ModelConfig:
    """Parse a tiny model's `config.json` with changes; None removes a field."""
    config = {name: value for name, value in (TINY | changes).items() if value is not None}
    return ModelConfig.parse(config, SOURCE)


def test_defaults_are_valid_and_shipped_models_exist() -> None:
    """The server starts without options."""
    assert EngineConfig().model == SHIPPED_MODEL
    assert (SHIPPED_MODEL / "config.json").is_file()
    assert (SHIPPED_DRAFT / "config.json").is_file()


@pytest.mark.parametrize(
    "name",
    [
        "threads",
        "max_sequences",
        "max_batch_tokens",
        "draft_tokens",
        "expert_ranks",
        "expert_waves",
        "context_tokens",
        "cache_tokens",
    ],
)
def test_settings_that_must_be_positive(name: str) -> None:
    """The message names the setting and the value."""
    with pytest.raises(BadConfig, match=f"{name} must be at least 1, not 0"):
        replace(EngineConfig(), **{name: 0})


def test_the_longest_draft_is_the_methods_unless_it_is_stated() -> None:
    """The asynchronous form, whose gain falls with length, has the shortest."""
    ngram, in_turn, beside = (
        EngineConfig(speculation=method).max_draft_tokens for method in MAX_DRAFT_TOKENS
    )
    assert ngram > in_turn > beside >= 1
    assert EngineConfig(speculation="async-draft", draft_tokens=7).max_draft_tokens == 7
    assert EngineConfig().max_draft_tokens == 0


def test_0_block_tokens_leave_the_choice_to_the_device() -> None:
    """Less is refused."""
    assert EngineConfig(block_tokens=0).block_tokens == 0
    with pytest.raises(BadConfig, match="block_tokens must be at least 1, or 0"):
        EngineConfig(block_tokens=-1)


def test_fields_that_a_checkpoint_may_leave_out_are_derived() -> None:
    """As transformers derives them."""
    model = parse(head_dim=None, rope_theta=None, tie_word_embeddings=None, norm_topk_prob=None)
    assert model.head_dim == 64 // 4
    assert model.rope_theta == 10000.0
    assert (model.tie_word_embeddings, model.norm_topk_prob) == (False, False)


def test_both_spellings_of_rope_and_experts_are_read() -> None:
    """transformers 5 moved or renamed them."""
    model = parse(
        rope_theta=None,
        rope_parameters={"rope_type": "default", "rope_theta": 5e5},
        num_experts=None,
        num_local_experts=8,
    )
    assert (model.rope_theta, model.num_experts) == (5e5, 8)


@pytest.mark.parametrize(
    ("changes", "sparse"),
    [
        ({}, [0, 1, 2]),
        ({"decoder_sparse_step": 2}, [1]),
        ({"mlp_only_layers": [0, 2]}, [1]),
        ({"decoder_sparse_step": 2, "mlp_only_layers": [1]}, []),
        ({"model_type": "qwen3"}, []),
    ],
)
def test_layers_with_experts(changes: dict[str, Any], sparse: list[int]) -> None:
    """Each layer is either dense or sparse."""
    model = parse(**changes)
    assert model.sparse_layers == sparse
    assert model.dense_layers == set(range(3)) - set(sparse)


def test_a_dense_model_has_no_experts() -> None:
    """Even if its configuration has left-over fields of them."""
    model = parse(model_type="qwen3")
    assert (model.num_experts, model.num_experts_per_tok, model.moe_intermediate_size) == (0, 0, 0)


def test_active_parameters_count_what_one_token_is_multiplied_with() -> None:
    """Written out for the tiny model: attention, router, two experts, head."""
    attention = 64 * 4 * 32 + 2 * 64 * 2 * 32 + 4 * 32 * 64
    experts = 64 * 4 + 2 * 3 * 64 * 64
    assert parse().active_parameters == 3 * (attention + experts) + 384 * 64
    dense = 3 * 64 * 96
    expected = 3 * (attention + dense) + 384 * 64
    assert parse(model_type="qwen3").active_parameters == expected


def test_active_parameters_of_the_shipped_models() -> None:
    """As their card says: 2.17 and 0.43 million."""
    counts = [read_model_config(each).active_parameters for each in (SHIPPED_MODEL, SHIPPED_DRAFT)]
    assert [round(count / 1e6, 2) for count in counts] == [2.17, 0.43]


@pytest.mark.parametrize(("ids", "expected"), [(None, ()), (7, (7,)), ([7, 9], (7, 9))])
def test_end_tokens_may_be_none_one_or_several(ids: Any, expected: tuple[int, ...]) -> None:
    """Checkpoints use all three forms."""
    assert parse(eos_token_id=ids).eos_token_ids == expected


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "another architecture": ({"model_type": "llama"}, "'llama' model.*Use vLLM"),
    "no architecture": ({"model_type": None}, "None model"),
    "scaled positions": ({"rope_scaling": {"rope_type": "yarn"}}, "scales its rotary positions"),
    "attention bias": ({"attention_bias": True}, "attention bias or a sliding window"),
    "sliding window": ({"use_sliding_window": True}, "attention bias or a sliding window"),
    "missing sizes": (
        {"hidden_size": None, "vocab_size": None},
        "does not state hidden_size, vocab_size",
    ),
    "missing epsilon": ({"rms_norm_eps": None}, "does not state rms_norm_eps"),
    "size as text": ({"hidden_size": "64"}, "hidden_size is '64', not a whole number"),
    "size of 0": ({"num_hidden_layers": 0}, "num_hidden_layers is 0"),
    "broken head size": ({"head_dim": -32}, "head_dim is -32"),
    "too few experts": ({"num_experts_per_tok": 5}, r"more experts than there are \(4\)"),
    "experts as text": ({"num_experts": "4"}, "more experts than there are"),
}


@pytest.mark.parametrize(("changes", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_models_that_do_not_fit_are_refused(changes: dict[str, Any], words: str) -> None:
    """The message names the source, the field and the next step."""
    with pytest.raises(BadCheckpoint, match=words) as caught:
        parse(**changes)
    assert str(caught.value).startswith("some-model")
