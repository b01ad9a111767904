"""Tokens a CPU second of the engine with its fused kernels beside stock torch's, in one process.

    python benchmarks/engine/kernels.py --rounds 5
    python benchmarks/engine/kernels.py --kernels avx2 --dtypes float32

The shipped model, prompts of 32 tokens, no shared prefixes, one thread; prompts are part of the
time. Both engines take turns on the same requests, and each ratio is of one round. CPU time leaves
out what others do meanwhile, though not what they do to caches and memory.
"""

import argparse
import json
import random
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from models.assemble import build_engine
from models.config import EngineConfig, Kernels
from models.engine.engine import Engine
from models.protocol import EngineRequest, SamplingParams

PROMPT_TOKENS = 32
BATCHES = (1, 8, 32)
SAMPLING: dict[str, dict[str, float]] = {
    "greedy": {"temperature": 0},
    "random": {"temperature": 1, "top_p": 0.9},
}


def speed(
    engine: Engine, sequences: int, tokens: int, sampling: dict[str, Any], turn: int
) -> float:
    """Return tokens a CPU second of some requests at once, from their prompts to their ends."""
    words = random.Random(turn)  # noqa: S311  prompts are no secret
    options = SamplingParams(tokens, ignore_eos=True, seed=turn, **sampling)
    for number in range(sequences):
        prompt = words.choices(range(1, engine.info.vocab_size), k=PROMPT_TOKENS)
        engine.add(EngineRequest(str(number), prompt, options))
    started = time.thread_time()
    while engine.has_work:
        engine.step()
    return sequences * tokens / (time.thread_time() - started)


def measure(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Yield the speeds of both engines at each setting."""
    for dtype in options.dtypes:
        with ExitStack() as stack:
            names: tuple[Kernels, Kernels] = (options.kernels, "stock")
            engines = [
                stack.enter_context(
                    closing(
                        build_engine(
                            EngineConfig(
                                device="cpu", dtype=dtype, kernels=name, prefix_caching=False
                            )
                        )
                    )
                )
                for name in names
            ]
            for way, sampling in SAMPLING.items():
                for size in BATCHES:
                    speeds: tuple[list[float], list[float]] = ([], [])
                    for turn in range(options.rounds + 1):
                        for engine, found in zip(engines, speeds, strict=True):
                            found.append(speed(engine, size, options.tokens, sampling, turn))
                    yield {
                        "dtype": dtype,
                        "sampling": way,
                        "at_once": size,
                        "kernels": engines[0].info.stack["kernels"],
                        "fused": speeds[0][1:],  # the first warms up
                        "stock": speeds[1][1:],
                    }


def main() -> None:
    """Measure all, print, write."""
    options = parse()
    report = list(measure(options))
    table = Table("dtype", "sampling", "at once", "fused", "stock", "ratio", title="tok/CPU s")
    for one in report:
        ratios = [ours / theirs for ours, theirs in zip(one["fused"], one["stock"], strict=True)]
        speeds = (f"{statistics.median(one[name]):,.0f}" for name in ("fused", "stock"))
        ratio = f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        table.add_row(one["dtype"], one["sampling"], str(one["at_once"]), *speeds, ratio)
    Console(width=120).print(table)
    if options.json:
        options.json.write_text(json.dumps(report))


def parse() -> argparse.Namespace:
    """Parse the options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tokens", type=int, default=64, help="generated a request")
    parser.add_argument("--dtypes", nargs="+", default=["float32", "bfloat16"])
    parser.add_argument("--kernels", default="auto", help="the column beside stock")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    return parser.parse_args()


if __name__ == "__main__":
    main()
