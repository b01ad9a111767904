"""Sizes of the shipped networks before training."""

from models.checkpoint import read_model_config
from models.config import SHIPPED_DRAFT, SHIPPED_MODEL
from models.training.networks import new_draft, new_target


def test_the_target_has_the_sizes_of_the_shipped_model() -> None:
    """4.83 million parameters."""
    target, shipped = new_target(seed=0), read_model_config(SHIPPED_MODEL)
    assert round(target.num_parameters() / 1e6, 2) == 4.83
    assert target.config.num_hidden_layers == shipped.num_hidden_layers
    assert target.config.num_experts == shipped.num_experts
    assert target.config.max_position_embeddings == shipped.max_position_embeddings


def test_the_draft_has_the_sizes_of_the_shipped_draft() -> None:
    """0.43 million parameters, and the target's vocabulary."""
    draft, shipped = new_draft(seed=0), read_model_config(SHIPPED_DRAFT)
    assert round(draft.num_parameters() / 1e6, 2) == 0.43
    assert draft.config.num_hidden_layers == shipped.num_hidden_layers == 1
    assert shipped.vocab_size == read_model_config(SHIPPED_MODEL).vocab_size


def test_seeds_decide_the_weights() -> None:
    """Equal seeds give equal networks."""
    weights = [new_draft(seed).model.embed_tokens.weight.sum().item() for seed in (1, 1, 2)]
    assert weights[0] == weights[1] != weights[2]
