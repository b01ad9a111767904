"""Few bits for weights and cache: memory, perplexity and speed, and the sizes at which they pay.

    python benchmarks/quantisation.py --rounds 5
    python benchmarks/quantisation.py --quick

On this machine's CPU with one thread, in CPU time; all forms take turns, and each ratio is of one
round. Quantised weights run in stock torch only, so full precision stands there as stock and fused.

1. The shipped target, each form with its cache in full and in 8 bits: perplexity of held-out source
   code, whose keys and values are read from that cache; speed beside float32 in stock torch, of
   decoding (each sequence has a short context) and of a prompt's chunk.
2. A cache of 8 bits beside a full one, by sequences and context.
3. Networks of real shapes with random weights: speed beside the fastest form of full precision.

W8A16 and W4A16 compute in bfloat16. The embedding, which is the head too, and routers keep the
network's precision.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from bits.forms import (
    BLOCK_TOKENS,
    FEW_BITS,
    FULL,
    Form,
    Work,
    beside,
    caches_for,
    decoding,
    open_forms,
    prompt,
    step_of,
    take_turns,
)
from bits.sizes import measure_sizes, shapes
from rich.console import Console
from rich.table import Table

from models.architectures.qwen3 import Qwen3
from models.checkpoint import open_tensors, read_model_config, read_tokenizer
from models.config import SHIPPED_MODEL, KvCacheDtype
from models.engine.memory import keep_freed_memory
from models.ops.kv_cache import block_bytes, cache_dtype
from models.training.corpus import standard_library
from models.training.evaluation import WINDOW_TOKENS, cut_windows, evaluate

BATCHES = (1, 8, 32)
CONTEXT_TOKENS = 64
CONTEXTS = (64, 512, 2048)
PROMPT_TOKENS = 256
TOTAL_TOKENS = 16 * 1024  # of the cache in a total; the server's default
TURN_SECONDS = 0.05
CACHES: tuple[KvCacheDtype, KvCacheDtype] = ("auto", "int8")
QUICK = {"rounds": 1, "windows": 1, "shapes": ["128 wide"], "contexts": [64]}


def networks_of(forms: Sequence[Form], context_tokens: int) -> list[tuple[Form, Qwen3]]:
    """Load the shipped target in each form."""
    config = read_model_config(SHIPPED_MODEL)
    with open_tensors(SHIPPED_MODEL) as tensors:
        return list(open_forms(forms, config, tensors, context_tokens))


def label(form: Form, cache: KvCacheDtype) -> str:
    """Name a form with its cache."""
    return form.name if cache == "auto" else f"{form.name}, cache {cache}"


def measure_schemes(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Yield memory, perplexity and speeds of each form with each cache."""
    config = read_model_config(SHIPPED_MODEL)
    texts = standard_library().held_out
    windows = cut_windows(read_tokenizer(SHIPPED_MODEL, config), texts)[: options.windows]
    networks = networks_of((*FULL, *FEW_BITS), WINDOW_TOKENS)
    forms = [(form, network, cache) for form, network in networks for cache in CACHES]
    work = {f"decode {size}": decoding(size, CONTEXT_TOKENS) for size in BATCHES}
    work[f"prompt of {PROMPT_TOKENS}"] = prompt(PROMPT_TOKENS)
    speeds: dict[str, dict[str, Any]] = {label(form, cache): {} for form, _, cache in forms}
    for what, batch in work.items():
        steps = {
            label(form, cache): step_of(
                network, caches_for(network, sum(batch.context_tokens), cache), batch
            )
            for form, network, cache in forms
        }
        took = take_turns(steps, options.rounds, TURN_SECONDS)
        for name, mine in took.items():
            speeds[name][what] = beside(took["float32"], mine)
    full = None
    for form, network, cache in forms:
        dtype = cache_dtype(cache, network.embedding.dtype)
        perplexity = evaluate(network, windows, cache).perplexity
        full = full or perplexity
        each = block_bytes(config, BLOCK_TOKENS, dtype) // BLOCK_TOKENS
        yield {
            "name": label(form, cache),
            "weight_bytes": network.weight_bytes,
            "cache_bytes_per_token": each,
            "total_tokens": TOTAL_TOKENS,
            "total_bytes": network.weight_bytes + each * TOTAL_TOKENS,
            "perplexity": perplexity,
            "perplexity_change_percent": (perplexity / full - 1) * 100,
            "speeds": speeds[label(form, cache)],
        }


def measure_contexts(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Yield the speed with a cache of 8 bits beside a full one, in full precision."""
    networks = networks_of(FULL, max(options.contexts))
    for size in BATCHES:
        for context in options.contexts:
            batch = decoding(size, context)
            for form, network in networks:
                steps: dict[str, Work] = {
                    cache: step_of(network, caches_for(network, size * context, cache), batch)
                    for cache in CACHES
                }
                took = take_turns(steps, options.rounds, TURN_SECONDS)
                yield {
                    "form": form.name,
                    "at_once": size,
                    "context": context,
                    **beside(took["auto"], took["int8"]),
                }


def main() -> None:
    """Measure all, print, write."""
    options = parse()
    keep_freed_memory()
    torch.set_num_threads(1)
    report = {
        "schemes": list(measure_schemes(options)),
        "contexts": list(measure_contexts(options)),
        "sizes": list(measure_sizes(options.shapes, BATCHES, options.rounds)),
    }
    show(report, options.rounds)
    if options.json:
        options.json.write_text(json.dumps(report))


def show(report: dict[str, Any], rounds: int) -> None:
    """Print a table of each part; below 1.00 is a loss."""
    work = list(report["schemes"][0]["speeds"])
    schemes = Table(
        *("form", "weights MB", "cache B/token", "all MB", "perplexity", "change", *work),
        title=f"{SHIPPED_MODEL.name}; speed beside float32, medians of {rounds} rounds",
    )
    for one in report["schemes"]:
        schemes.add_row(
            one["name"],
            f"{one['weight_bytes'] / 1e6:.2f}",
            str(one["cache_bytes_per_token"]),
            f"{one['total_bytes'] / 1e6:.1f}",
            f"{one['perplexity']:.2f}",
            f"{one['perplexity_change_percent']:+.2f} %",
            *(f"{each['ratio']:.2f}" for each in one["speeds"].values()),
        )
    contexts = Table(*("at once", "context", "form", "ratio"), title="cache of 8 bits beside full")
    for one in report["contexts"]:
        cells = (one["at_once"], one["context"], one["form"], f"{one['ratio']:.2f}")
        contexts.add_row(*map(str, cells))
    sizes = Table(
        *("shape", "parameters", "at once", "form", "ratio", "ms"),
        title="beside the fastest form of full precision",
    )
    for one in report["sizes"]:
        ratio, took = f"{one['ratio']:.2f}", f"{one['milliseconds']:.2f}"
        millions = f"{one['parameters'] / 1e6:.1f} M"
        sizes.add_row(one["shape"], millions, str(one["at_once"]), one["form"], ratio, took)
    for table in (schemes, contexts, sizes):
        Console(width=140).print(table)


def parse() -> argparse.Namespace:
    """Parse the options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--windows", type=int, default=64, help="windows of 512 tokens to judge")
    parser.add_argument("--shapes", nargs="+", choices=shapes(), default=list(shapes()))
    parser.add_argument("--contexts", nargs="+", type=int, default=list(CONTEXTS))
    parser.add_argument("--quick", action="store_true", help="a minute; measures nothing")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    if options.quick:
        vars(options).update(QUICK)
    return options


if __name__ == "__main__":
    main()
