"""Files of a checkpoint: configuration, tokenizer and tensors, each validated before use.

torch is imported only when tensors are read, so that the HTTP server can read the rest without it.
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tokenizers import Tokenizer

from models.config import ModelConfig
from models.errors import BadCheckpoint

if TYPE_CHECKING:
    from torch import Tensor


def read_model_config(folder: Path) -> ModelConfig:
    """Read the network's sizes from `config.json`, end tokens from `generation_config.json`."""
    config = _read_json(folder, "config.json")
    generation = {}
    if (folder / "generation_config.json").exists():
        generation = _read_json(folder, "generation_config.json")
    config["eos_token_id"] = generation.get("eos_token_id", config.get("eos_token_id"))
    return ModelConfig.parse(config, folder)


def read_tokenizer(folder: Path, config: ModelConfig) -> Tokenizer:
    """Read the tokenizer. Raise if it has more tokens than the network."""
    path = _require_file(folder, "tokenizer.json")
    try:
        tokenizer = Tokenizer.from_buffer(path.read_bytes())
    except ValueError as error:
        raise BadCheckpoint(
            f"{path} is not a tokenizer ({error}). Copy it again from the checkpoint's source."
        ) from error
    if tokenizer.get_vocab_size() > config.vocab_size:
        raise BadCheckpoint(
            f"{path} has {tokenizer.get_vocab_size()} tokens, but the network has "
            f"{config.vocab_size}. Take both from the same checkpoint."
        )
    return tokenizer


def read_chat_template(folder: Path) -> str | None:
    """Read the Jinja template that turns messages into a prompt, if there is one."""
    path = folder / "chat_template.jinja"
    if path.exists():
        try:
            return path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise BadCheckpoint(f"{path} is not UTF-8 ({error}). Download it again.") from error
    if not (folder / "tokenizer_config.json").exists():
        return None
    template = _read_json(folder, "tokenizer_config.json").get("chat_template")
    return template if isinstance(template, str) else None


class CheckpointTensors:
    """Tensors of a checkpoint by name, read on demand."""

    def __init__(self, folder: Path, files: dict[str, Any]) -> None:
        self.folder = folder
        self._files = files

    def read(self, name: str, *shape: int) -> "Tensor":
        """Read one tensor. Raise if it is missing or has another shape."""
        if name not in self._files:
            raise BadCheckpoint(
                f"{self.folder} lacks the tensor {name}. Download the whole checkpoint again."
            )
        tensor: Tensor = self._files[name].get_tensor(name)
        if tuple(tensor.shape) != shape:
            raise BadCheckpoint(
                f"{self.folder}: {name} has the shape {tuple(tensor.shape)}, but config.json "
                f"requires {shape}. Take both from the same checkpoint."
            )
        return tensor


@contextmanager
def open_tensors(folder: Path) -> Iterator[CheckpointTensors]:
    """Open the tensors of every `*.safetensors` file in the folder."""
    from safetensors import SafetensorError, safe_open

    paths = sorted(folder.glob("*.safetensors"))
    if not paths:
        raise BadCheckpoint(
            f"{folder} has no *.safetensors. Convert the checkpoint or download it again."
        )
    with ExitStack() as stack:
        files: dict[str, Any] = {}
        for path in paths:
            try:
                file = stack.enter_context(safe_open(path, "pt"))
            except (SafetensorError, OSError) as error:
                raise BadCheckpoint(f"{path} is damaged ({error}). Download it again.") from error
            files |= dict.fromkeys(file.keys(), file)
        yield CheckpointTensors(folder, files)


def _read_json(folder: Path, name: str) -> dict[str, Any]:
    path = _require_file(folder, name)
    try:
        parsed = json.loads(path.read_bytes())
    except ValueError as error:
        raise BadCheckpoint(f"{path} is not JSON ({error}). Download it again.") from error
    if not isinstance(parsed, dict):
        raise BadCheckpoint(f"{path} is not a JSON object. Download it again.")
    return parsed


def _require_file(folder: Path, name: str) -> Path:
    if not folder.is_dir():
        raise BadCheckpoint(
            f"{folder} is not a folder. Name the folder of a Qwen3 or Qwen3-MoE checkpoint."
        )
    if not (folder / name).is_file():
        raise BadCheckpoint(f"{folder} has no {name}. Download the whole checkpoint again.")
    return folder / name
