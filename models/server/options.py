"""Command line of the server: an option for each field of EngineConfig, and the server's own."""

import argparse
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from models.config import MAX_DRAFT_TOKENS, EngineConfig
from models.server.access.callers import SHOWN

PROG = "python -m models.server"
KEY_VARIABLE = "TOKENTIDE_API_KEY"
EXAMPLES = """examples:
  %(prog)s
      the shipped model on 127.0.0.1:8000
  %(prog)s --model ~/models/Qwen3-30B-A3B --device npu --dtype bfloat16
  %(prog)s --kv-cache-dtype int8 --kv-cache-memory-bytes 33554432
      a cache of 8 bits, which holds most tokens in 32 MiB
  %(prog)s --speculation draft
      speculative decoding with the shipped draft model; drafts are as long as they are likely
  %(prog)s --speculation ngram --draft-tokens 3 --draft-confidence-threshold 0
      guesses from the text so far, always three
  %(prog)s --kernels stock
      the operations of stock torch, without the fused kernels for a CPU
  %(prog)s --host-cache-gib 2 --disk-cache var/kv-cache --disk-cache-gib 20
      prefixes kept in host memory, and on disk beyond a restart
  %(prog)s --expert-ranks 2 --expert-waves 4
      experts on two processes
  %(prog)s --host 0.0.0.0 --api-key sk-ours
      for other machines; /health and /metrics need no key
  %(prog)s --port 0 --home ~/trial
      any free port; events in ~/trial/spool/requests
"""

ENGINE_HELP = {
    "model": "folder of a Qwen3 or Qwen3-MoE checkpoint",
    "device": "auto uses an NPU or GPU if there is one",
    "dtype": "data type of weights, and of the cache where that is auto",
    "threads": "threads of torch on a CPU",
    "context_tokens": "maximum tokens of a prompt with its completion; None: the model's maximum",
    "max_sequences": "requests that run at once",
    "max_batch_tokens": "tokens of one step; longer prompts are computed in chunks",
    "block_tokens": "tokens of a cache block; 0: the device's default",
    "cache_tokens": "size of the cache; None: 16 Ki tokens, at least one whole context",
    "kv_cache_memory_bytes": "memory of the cache, in place of its tokens",
    "kv_cache_dtype": "data type of the cache; int8 has a scale for each token and head",
    "prefix_caching": "compute each prompt from its beginning",
    "host_cache_gib": "host memory for blocks of the cache, beside the device's; 0: none",
    "disk_cache": "folder for blocks of the cache, which outlive the server; None: none",
    "disk_cache_gib": "bound of that folder; blocks unused longest are removed",
    "quantisation": "quantisation of the weights",
    "kernels": "auto uses the fused kernels of a CPU, or says why it cannot",
    "graphs": "auto replays steps of decoding from graphs on an NPU; off starts every operation",
    "speculation": "method of speculative decoding",
    "draft_tokens": "maximum of draft tokens per step and request; None: "
    + ", ".join(f"{maximum} with {method}" for method, maximum in MAX_DRAFT_TOKENS.items()),
    "draft_confidence_threshold": "a draft ends before the token with which the chance that all of "
    "it is accepted falls below this; 0: all drafts have the maximum",
    "draft_model": "folder of the draft model, for draft and async-draft",
    "expert_ranks": "processes that share the experts",
    "expert_schedule": "schedule of exchange and computation between ranks; fused: an NPU's",
    "expert_waves": "parts of a layer's experts that are exchanged one after another",
    "rated_watts": "power of the device, reported as rated if it cannot be measured",
}


class HelpFormatter(argparse.ArgumentDefaultsHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Formatter that shows defaults, and examples as written."""


def make_parser(prog: str = PROG) -> argparse.ArgumentParser:
    """Make the parser. `prog` is the command in the usage line and the examples."""
    parser = argparse.ArgumentParser(
        prog,
        description="Serve one model over HTTP with OpenAI's API, until SIGTERM or Ctrl-C.",
        epilog=EXAMPLES,
        formatter_class=HelpFormatter,
    )
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="address to listen on; other than loopback, the network has access: set a key",
    )
    parser.add_argument(
        "--api-key",
        metavar="KEY",
        help="key that requests below /v1 must carry as a bearer token; None: the variable "
        f"{KEY_VARIABLE}, which other users of the machine do not see in its list of processes",
    )
    parser.add_argument("--port", type=int, default=8000, help="0: any free port")
    parser.add_argument(
        "--served-model-name", help="name of the model in requests; None: the folder's name"
    )
    parser.add_argument(
        "--home", type=Path, default=Path("var"), help="events go to HOME/spool/requests"
    )
    parser.add_argument(
        "--names",
        choices=tuple(SHOWN),
        default="none",
        help="names that events have as they are; others are pseudonyms by HOME/pseudonyms.key",
    )
    parser.add_argument(
        "--max-waiting",
        type=_parse_count,
        default=256,
        help="requests beyond --max-sequences before the server replies 429",
    )
    kinds = get_type_hints(EngineConfig)
    for field in fields(EngineConfig):
        _add_option(parser, field, kinds[field.name])
    return parser


def engine_config(options: argparse.Namespace) -> EngineConfig:
    """Return the engine's part of the options."""
    return EngineConfig(
        **{field.name: getattr(options, field.name) for field in fields(EngineConfig)}
    )


def _add_option(parser: argparse.ArgumentParser, field: "Field[Any]", kind: Any) -> None:
    name, text = field.name.replace("_", "-"), ENGINE_HELP.get(field.name)
    if field.default is MISSING:
        raise TypeError(f"The option {field.name} has no default.")
    if kind is bool:
        parser.add_argument(
            f"--no-{name}", dest=field.name, action="store_false", default=field.default, help=text
        )
    elif get_origin(kind) is Literal:
        parser.add_argument(f"--{name}", choices=get_args(kind), default=field.default, help=text)
    else:
        plain = next(each for each in (*get_args(kind), kind) if each is not type(None))
        parser.add_argument(f"--{name}", type=plain, default=field.default, help=text)


def _parse_count(text: str) -> int:
    if (count := int(text)) < 0:
        raise argparse.ArgumentTypeError("must be at least 0")
    return count
