"""CPU time of choosing the tokens of one step, from logits to tokens on the host.

    python benchmarks/engine/sampling.py --rounds 12

Logits are normal numbers times a spread. With 6 the 256 likeliest of 151,936 words have 0.97 to
0.99 of the probability, as after a trained network; with 3 half of it, so that a nucleus of 0.9
needs all words sorted. The least of the rounds is reported, of one thread, in stock torch and with
the kernel of the engine's fused column.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

from models.checkpoint import read_model_config
from models.config import SHIPPED_MODEL
from models.engine.memory import keep_freed_memory
from models.engine.sampler import Draw, SamplingPosition, sample
from models.ops.cpu_fused import fused_cpu_ops
from models.protocol import SamplingParams

WORDS = (2_048, 151_936)
ROWS = (1, 8, 32)
PEAKED, FLAT = 6.0, 3.0
WAYS: dict[str, tuple[float, dict[str, Any]]] = {
    "greedy": (PEAKED, {"temperature": 0}),
    "temperature 1": (PEAKED, {}),
    "top_p 0.9": (PEAKED, {"top_p": 0.9}),
    "top_p 0.9, flat": (FLAT, {"top_p": 0.9}),
    "greedy, 5 logprobs": (PEAKED, {"temperature": 0, "logprobs": 5}),
}


@torch.inference_mode()
def microseconds(
    words: int, rows: int, way: tuple[float, dict[str, Any]], rounds: int, draw: Draw | None
) -> float:
    """Return the least CPU time of a step's choice."""
    spread, sampling = way
    logits = torch.randn(rows, words, generator=torch.Generator().manual_seed(0)) * spread
    spent = []
    for turn in range(rounds + 1):
        positions = [
            SamplingPosition(SamplingParams(1, **sampling), row, turn) for row in range(rows)
        ]
        started = time.thread_time()
        sample(logits, positions, draw)
        spent.append(time.thread_time() - started)
    return min(spent[1:]) * 1e6


def main() -> None:
    """Measure all, print, write."""
    options = parse()
    torch.set_num_threads(1)
    keep_freed_memory()
    model = read_model_config(SHIPPED_MODEL)
    kernels = {"": None, ", fused": fused_cpu_ops(model, torch.float32).draw}
    report = [
        {
            "words": words,
            "rows": rows,
            "way": f"{name}{ending}",
            "microseconds": microseconds(words, rows, way, options.rounds, draw),
        }
        for words in options.words
        for rows in ROWS
        for name, way in WAYS.items()
        for ending, draw in kernels.items()
    ]
    table = Table("words", "rows", "way", "µs a step", title="choosing the tokens of a step")
    for one in report:
        spent = f"{one['microseconds']:,.0f}"
        table.add_row(f"{one['words']:,}", str(one["rows"]), str(one["way"]), spent)
    Console(width=120).print(table)
    if options.json:
        options.json.write_text(json.dumps(report))


def parse() -> argparse.Namespace:
    """Parse the options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--words", type=int, nargs="+", default=WORDS)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    return parser.parse_args()


if __name__ == "__main__":
    main()
