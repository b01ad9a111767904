"""Files of a checkpoint: what is read, and what is said of a damaged one."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from support.tier import tiny_checkpoint

from models.checkpoint import (
    open_tensors,
    read_chat_template,
    read_model_config,
    read_tokenizer,
)
from models.errors import BadCheckpoint


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Write a whole checkpoint."""
    return tiny_checkpoint(tmp_path / "model")


def write_json(path: Path, content: Any) -> None:
    """Write a JSON file."""
    path.write_text(json.dumps(content))


def test_a_whole_checkpoint_is_read(folder: Path) -> None:
    """Configuration and tokenizer fit each other."""
    config = read_model_config(folder)
    assert (config.hidden_size, config.num_experts, config.vocab_size) == (64, 4, 384)
    tokenizer = read_tokenizer(folder, config)
    assert tokenizer.decode(tokenizer.encode("x = 1").ids) == "x = 1"


def test_end_tokens_of_the_generation_config_count(folder: Path) -> None:
    """It is the newer file."""
    write_json(folder / "generation_config.json", {"eos_token_id": [3, 4]})
    assert read_model_config(folder).eos_token_ids == (3, 4)


def test_without_end_tokens_in_it_those_of_the_config_count(folder: Path) -> None:
    """A generation config may state other things only."""
    write_json(folder / "generation_config.json", {"temperature": 0.7})
    assert read_model_config(folder).eos_token_ids == (0,)


@pytest.mark.parametrize("content", [b"{}", b"", b"\xff\xfe", b"[1]", b'{"model": 5}'])
def test_a_broken_tokenizer_is_named(folder: Path, content: bytes) -> None:
    """Any fault of the file is named."""
    config = read_model_config(folder)
    (folder / "tokenizer.json").write_bytes(content)
    with pytest.raises(BadCheckpoint, match=r"tokenizer\.json is not a tokenizer.*Copy it again"):
        read_tokenizer(folder, config)


def test_a_tokenizer_of_another_model_is_refused(tmp_path: Path) -> None:
    """It has tokens that the network does not know."""
    folder = tiny_checkpoint(tmp_path, vocab_size=200)
    with pytest.raises(BadCheckpoint, match="has 300 tokens, but the network has 200"):
        read_tokenizer(folder, read_model_config(folder))


def test_a_template_file_goes_before_the_tokenizer_config(folder: Path) -> None:
    """Older checkpoints have it in the tokenizer's configuration."""
    assert read_chat_template(folder) is None
    write_json(folder / "tokenizer_config.json", {"chat_template": "old"})
    assert read_chat_template(folder) == "old"
    (folder / "chat_template.jinja").write_text("new")
    assert read_chat_template(folder) == "new"


def test_several_templates_are_none(folder: Path) -> None:
    """A list of named templates is not supported."""
    write_json(folder / "tokenizer_config.json", {"chat_template": [{"name": "a"}]})
    assert read_chat_template(folder) is None
    (folder / "tokenizer_config.json").unlink()
    assert read_chat_template(folder) is None


def test_a_template_must_be_text(folder: Path) -> None:
    """In UTF-8."""
    (folder / "chat_template.jinja").write_bytes(b"\xff")
    with pytest.raises(BadCheckpoint, match="is not UTF-8"):
        read_chat_template(folder)


def test_tensors_of_several_files_are_one_checkpoint(folder: Path) -> None:
    """Large models are split."""
    save_file({"extra": torch.ones(2, 3)}, folder / "model-00002.safetensors")
    with open_tensors(folder) as tensors:
        assert tensors.read("extra", 2, 3).sum() == 6
        assert tensors.read("model.norm.weight", 64).shape == (64,)


def test_a_folder_without_tensors_is_refused(folder: Path) -> None:
    """Other formats must be converted."""
    (folder / "model.safetensors").unlink()
    with (
        pytest.raises(BadCheckpoint, match=r"has no \*\.safetensors"),
        open_tensors(folder),
    ):
        pass


def test_a_damaged_file_of_tensors_is_named(folder: Path) -> None:
    """Half a download, for example."""
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(BadCheckpoint, match=r"model\.safetensors is damaged"), open_tensors(folder):
        pass


@pytest.mark.parametrize(
    ("content", "words"), [("{", "is not JSON"), ("[]", "is not a JSON object")]
)
def test_a_broken_configuration_is_named(folder: Path, content: str, words: str) -> None:
    """With the file and the next step."""
    (folder / "config.json").write_text(content)
    with pytest.raises(BadCheckpoint, match=f"config.json {words}.*Download it again"):
        read_model_config(folder)


def test_a_missing_folder_or_file_is_named(folder: Path) -> None:
    """The message names the kind of folder that is needed."""
    with pytest.raises(BadCheckpoint, match=r"absent is not a folder\. Name the folder of a Qwen3"):
        read_model_config(folder / "absent")
    (folder / "config.json").unlink()
    with pytest.raises(BadCheckpoint, match=r"has no config\.json"):
        read_model_config(folder)
