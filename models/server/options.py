"""The command line: one option for each field of EngineConfig, so that none can be forgotten, and a few of the server's own."""

import argparse
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from models.config import EngineConfig

EXAMPLES = """examples:
  python -m models.server                                           the shipped model on 127.0.0.1:8000
  python -m models.server --model ~/models/Qwen3-30B-A3B --device npu --dtype bfloat16
  python -m models.server --speculation draft --draft-tokens 3      guess with the shipped draft model
  python -m models.server --expert-ranks 2 --expert-waves 4         experts over two processes
  python -m models.server --port 0 --home /tmp/try                  any free port; events in /tmp/try/spool/requests
"""

ENGINE_HELP = {
    "model": "folder of a Qwen3 or Qwen3-MoE checkpoint",
    "device": "auto takes an NPU or GPU where there is one",
    "dtype": "of weights and cache",
    "threads": "of torch on a CPU",
    "context_tokens": "longest prompt with its completion; None: what the model was made for",
    "max_sequences": "requests that run at once",
    "max_batch_tokens": "tokens of one step; longer prompts are computed in chunks",
    "block_tokens": "tokens of one cache block",
    "cache_tokens": "size of the cache; None: enough for the context, at least some Ki",
    "prefix_caching": "compute each prompt from its beginning",
    "quantisation": "of the weights",
    "speculation": "how tokens are guessed before they are computed",
    "draft_tokens": "guessed at once",
    "draft_model": "folder of the model that guesses, for draft and async-draft",
    "expert_ranks": "processes that share the experts",
    "expert_schedule": "how the exchange between ranks overlaps computing",
    "expert_waves": "parts of a layer's experts that are exchanged one after another",
    "rated_watts": "power of the device, reported as rated where it cannot be measured",
}


class HelpFormatter(argparse.ArgumentDefaultsHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Shows defaults, and examples as they are written."""


def make_parser() -> argparse.ArgumentParser:
    """What may be asked for on the command line."""
    parser = argparse.ArgumentParser(
        "python -m models.server",
        description="Serve one model over HTTP as OpenAI's API, until SIGTERM or Ctrl-C.",
        epilog=EXAMPLES,
        formatter_class=HelpFormatter,
    )
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="address to listen on; others than loopback let the network in",
    )
    parser.add_argument("--port", type=int, default=8000, help="0: any that is free")
    parser.add_argument(
        "--served-model-name", help="what requests call the model; None: the folder's name"
    )
    parser.add_argument(
        "--home", type=Path, default=Path("var"), help="events go to HOME/spool/requests"
    )
    parser.add_argument(
        "--max-waiting", type=_count, default=256, help="requests beside --max-sequences before 429"
    )
    kinds = get_type_hints(EngineConfig)
    for field in fields(EngineConfig):
        _add(parser, field, kinds[field.name])
    return parser


def engine_config(options: argparse.Namespace) -> EngineConfig:
    """The engine's part of the options."""
    return EngineConfig(
        **{field.name: getattr(options, field.name) for field in fields(EngineConfig)}
    )


def _add(parser: argparse.ArgumentParser, field: "Field[Any]", kind: Any) -> None:
    name, text = field.name.replace("_", "-"), ENGINE_HELP.get(field.name)
    assert field.default is not MISSING
    if kind is bool:
        parser.add_argument(
            f"--no-{name}", dest=field.name, action="store_false", default=field.default, help=text
        )
    elif get_origin(kind) is Literal:
        parser.add_argument(f"--{name}", choices=get_args(kind), default=field.default, help=text)
    else:
        plain = next(each for each in (*get_args(kind), kind) if each is not type(None))
        parser.add_argument(f"--{name}", type=plain, default=field.default, help=text)


def _count(text: str) -> int:
    if (count := int(text)) < 0:
        raise argparse.ArgumentTypeError("must be at least 0")
    return count
