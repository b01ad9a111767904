"""Export: a checkpoint that the engine reads, with transformers' logits."""

from pathlib import Path

import pytest
import torch
from transformers import Qwen3Config, Qwen3ForCausalLM

from models.checkpoint import read_chat_template, read_model_config, read_tokenizer
from models.server.openai.chat import ChatTemplate
from models.training.evaluation import evaluate, load_network
from models.training.export import save_checkpoint
from models.training.tokenizer import VOCABULARY, train_tokenizer

TOKENS = [5, 9, 40, 7, 80, 3]


@pytest.fixture(scope="module")
def network() -> Qwen3ForCausalLM:
    """Make a dense model with a random initialisation."""
    torch.manual_seed(0)
    config = Qwen3Config(
        vocab_size=VOCABULARY,
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=16,
        intermediate_size=32,
        max_position_embeddings=512,
        tie_word_embeddings=True,
        eos_token_id=0,
    )
    return Qwen3ForCausalLM(config).eval()


@pytest.fixture(scope="module")
def folder(network: Qwen3ForCausalLM, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Export the model with a tokenizer."""
    folder = tmp_path_factory.mktemp("exported")
    save_checkpoint(network, train_tokenizer(["x = 1\n"] * 10), folder)
    return folder


def test_the_engine_reads_an_export(folder: Path) -> None:
    """Configuration, tokenizer and end token."""
    config = read_model_config(folder)
    assert (config.hidden_size, config.eos_token_ids) == (32, (0,))
    tokenizer = read_tokenizer(folder, config)
    assert tokenizer.decode(tokenizer.encode("x = 1").ids) == "x = 1"


@torch.inference_mode()
def test_an_export_has_the_logits_of_the_rounded_network(
    network: Qwen3ForCausalLM, folder: Path
) -> None:
    """The network keeps the rounding, so that a draft learns what is served."""
    expected = network(torch.tensor([TOKENS])).logits[0, :-1]
    [logits] = evaluate(load_network(folder), [TOKENS]).logits
    assert (logits - expected).abs().max() < 1e-4


def test_a_chat_becomes_comments_and_code(folder: Path) -> None:
    """The shipped models have only seen Python files."""
    source = read_chat_template(folder)
    assert source is not None
    messages = [{"role": "user", "content": "add\ntwo"}]
    assert ChatTemplate(source).render(messages) == "# user: add\n# two\n# assistant:\n"
