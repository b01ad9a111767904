"""A checkpoint's files: what the network looks like, its tokenizer, its tensors; each judged before it is used.

Nothing here imports torch until tensors are read, so that the HTTP server can know its model without it.
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
    """The network that the checkpoint holds."""
    config = _json(folder, "config.json")
    generation = (
        _json(folder, "generation_config.json")
        if (folder / "generation_config.json").exists()
        else {}
    )
    config["eos_token_id"] = generation.get("eos_token_id", config.get("eos_token_id"))
    return ModelConfig.read(config, folder)


def read_tokenizer(folder: Path, shape: ModelConfig) -> Tokenizer:
    """The tokenizer, which must not know more tokens than the network."""
    path = _existing(folder, "tokenizer.json")
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as broken:
        raise BadCheckpoint(
            f"{path} is not a tokenizer ({broken}). Copy it again from where the checkpoint came from."
        ) from broken
    if tokenizer.get_vocab_size() > shape.vocab_size:
        raise BadCheckpoint(
            f"{path} knows {tokenizer.get_vocab_size()} tokens, the network {shape.vocab_size}: they do not belong together. "
            "Take both from the same checkpoint."
        )
    return tokenizer


def read_chat_template(folder: Path) -> str | None:
    """The Jinja template that turns messages into a prompt, where the checkpoint has one."""
    if (folder / "chat_template.jinja").exists():
        try:
            return (folder / "chat_template.jinja").read_text(encoding="utf-8")
        except UnicodeDecodeError as broken:
            raise BadCheckpoint(
                f"{folder / 'chat_template.jinja'} is not UTF-8 ({broken}). Download it again."
            ) from broken
    if not (folder / "tokenizer_config.json").exists():
        return None
    template = _json(folder, "tokenizer_config.json").get("chat_template")
    return template if isinstance(template, str) else None


class CheckpointTensors:
    """The tensors of a checkpoint by name, read when they are asked for."""

    def __init__(self, folder: Path, files: dict[str, Any]) -> None:
        self.folder = folder
        self._files = files

    def read(self, name: str, *shape: int) -> "Tensor":
        """One tensor, which must have this shape."""
        if name not in self._files:
            raise BadCheckpoint(
                f"{self.folder} lacks the tensor {name}. Download the checkpoint again, whole."
            )
        tensor: Tensor = self._files[name].get_tensor(name)
        if tuple(tensor.shape) != shape:
            raise BadCheckpoint(
                f"{self.folder}: {name} is {tuple(tensor.shape)}, but config.json makes it {shape}. They are not of one model."
            )
        return tensor


@contextmanager
def open_tensors(folder: Path) -> Iterator[CheckpointTensors]:
    """The tensors of all `*.safetensors` in the folder, for as long as the `with` lasts."""
    from safetensors import SafetensorError, safe_open

    paths = sorted(folder.glob("*.safetensors"))
    if not paths:
        raise BadCheckpoint(
            f"{folder} has no *.safetensors. Convert the checkpoint or download it again, whole."
        )
    with ExitStack() as stack:
        files: dict[str, Any] = {}
        for path in paths:
            try:
                file = stack.enter_context(safe_open(path, "pt"))
            except (SafetensorError, OSError) as broken:
                raise BadCheckpoint(f"{path} is damaged ({broken}). Download it again.") from broken
            files |= dict.fromkeys(file.keys(), file)
        yield CheckpointTensors(folder, files)


def _json(folder: Path, name: str) -> dict[str, Any]:
    path = _existing(folder, name)
    try:
        found = json.loads(path.read_bytes())
    except ValueError as broken:
        raise BadCheckpoint(f"{path} is not JSON ({broken}). Download it again.") from broken
    if not isinstance(found, dict):
        raise BadCheckpoint(f"{path} is not a JSON object. Download it again.")
    return found


def _existing(folder: Path, name: str) -> Path:
    if not folder.is_dir():
        raise BadCheckpoint(
            f"{folder} is not a folder. Name the folder of a Qwen3 or Qwen3-MoE checkpoint."
        )
    if not (folder / name).is_file():
        raise BadCheckpoint(f"{folder} has no {name}. Download the checkpoint again, whole.")
    return folder / name
