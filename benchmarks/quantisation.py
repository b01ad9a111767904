"""Memory, perplexity and speed of quantised weights, each beside full precision.

    python benchmarks/quantisation.py --rounds 5

The shipped target on this machine's CPU with one thread. Perplexity is of held-out source code, run
as the engine runs it. Speeds are of steps of several sequences (each with a short context) and of
one prompt's chunk; all take turns, and each ratio is of one round. W8A16 and W4A16 compute in
bfloat16, so bfloat16 without quantisation stands beside them.
"""

import argparse
import json
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table

from models.architectures.qwen3 import Qwen3
from models.checkpoint import read_model_config, read_tokenizer
from models.config import SHIPPED_MODEL, Quantisation
from models.ops.ops import Batch, KeyValues
from models.training.corpus import standard_library
from models.training.evaluation import cut_windows, evaluate, load_network

VARIANTS: list[tuple[str, Quantisation, str]] = [
    ("float32", "none", "float32"),
    ("bfloat16", "none", "bfloat16"),
    ("w8a16", "w8a16", "bfloat16"),
    ("w4a16", "w4a16", "bfloat16"),
    ("w8a8", "w8a8", "float32"),
]
BATCHES = (1, 8, 32)
CONTEXT_TOKENS = 64
PROMPT_TOKENS = 256
BLOCK_TOKENS = 16
BLOCKS = 1024


@dataclass
class Variant:
    """One precision, ready to run."""

    name: str
    network: Qwen3
    caches: list[KeyValues]
    perplexity: float


@torch.inference_mode()
def seconds(variant: Variant, batch: Batch, steps: int) -> float:
    """Return the mean seconds of a step."""
    started = time.perf_counter()
    for _ in range(steps):
        variant.network.forward(batch, variant.caches)
    return (time.perf_counter() - started) / steps


def decoding(sequences: int) -> Batch:
    """Return a step with one token of each sequence."""
    each = -(-CONTEXT_TOKENS // BLOCK_TOKENS)
    blocks = [list(range(each * number, each * (number + 1))) for number in range(sequences)]
    slots = [row[-1] * BLOCK_TOKENS + BLOCK_TOKENS - 1 for row in blocks]
    ones, contexts = [1] * sequences, [CONTEXT_TOKENS] * sequences
    return Batch(
        list(range(5, 5 + sequences)),
        [CONTEXT_TOKENS - 1] * sequences,
        slots,
        ones,
        contexts,
        blocks,
        list(range(sequences)),
    )


def prompt() -> Batch:
    """Return a step with a chunk of one prompt."""
    positions = list(range(PROMPT_TOKENS))
    blocks = [list(range(PROMPT_TOKENS // BLOCK_TOKENS))]
    return Batch(
        [5 + position for position in positions],
        positions,
        positions,
        [PROMPT_TOKENS],
        [PROMPT_TOKENS],
        blocks,
        [PROMPT_TOKENS - 1],
    )


def main() -> None:
    """Load all, evaluate all, time all in turns, print."""
    options = parse()
    torch.set_num_threads(1)
    tokenizer = read_tokenizer(SHIPPED_MODEL, read_model_config(SHIPPED_MODEL))
    given = cut_windows(tokenizer, standard_library().held_out)[: options.windows]
    variants = []
    for name, quantisation, dtype in VARIANTS:
        network = load_network(SHIPPED_MODEL, quantisation, dtype)
        variants.append(
            Variant(
                name,
                network,
                network.new_caches(BLOCKS, BLOCK_TOKENS),
                evaluate(network, given).perplexity,
            )
        )
    work = {f"decode {size}": decoding(size) for size in BATCHES} | {
        f"prompt of {PROMPT_TOKENS}": prompt()
    }
    took: dict[tuple[str, str], list[float]] = {
        (each.name, what): [] for each in variants for what in work
    }
    for turn in range(options.rounds + 1):
        for what, batch in work.items():
            for variant in variants:
                spent = seconds(variant, batch, options.steps)
                if turn:  # the first warms up
                    took[variant.name, what].append(spent)
    report(variants, list(work), took, options.rounds)
    if options.json:
        found = [as_json(each, list(work), took) for each in variants]
        options.json.write_text(json.dumps(found))


def as_json(
    variant: Variant, work: list[str], took: dict[tuple[str, str], list[float]]
) -> dict[str, object]:
    """Return the figures of one precision; ratios are to the speeds of float32."""
    return {
        "name": variant.name,
        "weight_bytes": variant.network.weight_bytes,
        "perplexity": variant.perplexity,
        "ratios": {what: _ratio(took["float32", what], took[variant.name, what]) for what in work},
    }


def report(
    variants: list[Variant], work: list[str], took: dict[tuple[str, str], list[float]], rounds: int
) -> None:
    """Print one line for each precision; speeds are ratios to float32's."""
    table = Table(
        title=f"{SHIPPED_MODEL.name}, one thread; speed beside float32, medians of {rounds} rounds"
    )
    for name in ("precision", "MB", "bytes a weight", "perplexity", "change", *work):
        table.add_column(name, justify="left" if name == "precision" else "right")
    full, weights = variants[0], variants[0].network.weight_bytes / 4
    for each in variants:
        change = f"{(each.perplexity / full.perplexity - 1) * 100:+.1f} %"
        size = each.network.weight_bytes
        ratios = [f"{_ratio(took['float32', what], took[each.name, what]):.2f}" for what in work]
        table.add_row(
            each.name,
            f"{size / 1e6:.2f}",
            f"{size / weights:.2f}",
            f"{each.perplexity:.2f}",
            change,
            *ratios,
        )
    Console(width=140).print(table)
    print(
        "Below 1.00 is a loss. The embedding, which is the head too, and the routers keep "
        "the network's precision."
    )


def _ratio(full: list[float], mine: list[float]) -> float:
    return statistics.median(a / b for a, b in zip(full, mine, strict=True))


def parse() -> argparse.Namespace:
    """Parse the options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=20, help="steps of each kind in a round")
    parser.add_argument("--windows", type=int, default=64, help="windows of 512 tokens to judge")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    return parser.parse_args()


if __name__ == "__main__":
    main()
