"""Time to the first token of long prompts whose beginning is cached, by tier, beside no cache.

    python benchmarks/deep_cache.py --rounds 3

Prompts of random tokens share their first 25 to 100 % with one that was computed before. That
prefix is on the device, in host memory (the device forgot it), or on disk (the engine was closed
and built again, and the system's cache of the files was dropped). The engine runs in this process,
alone; its device is the CPU, so host memory is no slower than the device's. Every cell takes its
turn in each round, and a ratio is of one round. A prefix that does not come from its tier ends the
benchmark, and so do tiers that give different tokens.

The model is the first layers of the shipped one, with room for 32 Ki tokens where it was trained
for 2 Ki: what it says there is nothing, what it costs is what it costs. With more layers computing
grows more than reading, whose cost for each file stays, so few layers make the disk look worse.
"""

import argparse
import json
import os
import random
import shutil
import statistics
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter

import torch
from reporting.result_file import ROOT
from rich.console import Console
from rich.table import Table

from models.assemble import build_engine
from models.checkpoint import read_model_config
from models.config import SHIPPED_MODEL, EngineConfig
from models.engine.engine import Engine
from models.protocol import EngineRequest, RequestOutput, SamplingParams

LENGTHS = (1024, 4096, 8192, 16384, 32768)
SHARES = (25, 50, 75, 100)
TIERS = ("device", "host", "disk")
BLOCK_TOKENS = 16
GIB = 2**30

Cell = tuple[int, int, str]
"""Tokens of the prompt, percent of them shared, and tier."""


@dataclass
class Bench:
    """One length of prompts: its engines' configuration, the shared prompt, and what was found."""

    config: EngineConfig
    folder: Path
    length: int
    dice: random.Random
    seconds: dict[Cell, list[float]]
    base: list[int] = field(default_factory=list)
    answers: set[tuple[int, ...]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.base = self._draw(self.length)

    def run_round(self, shares: tuple[int, ...]) -> None:
        """Measure each share in each tier, and the whole prompt without a cache."""
        plain = replace(self.config, prefix_caching=False)
        with opened(plain) as engine:
            warm_up(engine)
            self._note(engine, self.base, 0, "none")
        with opened(self.tiered) as engine:
            warm_up(engine)
            # Brings the base to all tiers; the first time nothing is found.
            if (self.length, 0, "nothing found") in self.seconds:
                ask(engine, self.base)
            else:
                self._note(engine, self.base, 0, "nothing found")
            for share in shares:
                self._note(engine, self._prompt(share), share, "device")
            for share in shares:
                engine.reset_prefix_cache()
                self._note(engine, self._prompt(share), share, "host")
        for share in shares:
            drop_cached(self.folder)
            with opened(self.tiered) as engine:
                warm_up(engine)
                self._note(engine, self._prompt(share), share, "disk")

    @property
    def tiered(self) -> EngineConfig:
        """Tiers with room for the prompts of several shares."""
        model = read_model_config(self.config.model)
        heads = 2 * model.num_key_value_heads * model.head_dim * model.num_hidden_layers
        prompt_gib = self.length * heads * 4 / GIB
        return replace(
            self.config,
            cache_tokens=6 * self.length,
            host_cache_gib=6 * prompt_gib,
            disk_cache=self.folder,
            disk_cache_gib=20 * prompt_gib + 0.01,
        )

    def _note(self, engine: Engine, prompt: list[int], share: int, tier: str) -> None:
        seconds, output = ask(engine, prompt)
        found = {
            "host": output.host_tokens,
            "disk": output.disk_tokens,
            "device": output.cached_tokens - output.host_tokens - output.disk_tokens,
        }
        shared = min(self.length * share // 100, self.length - 1)
        expected = dict.fromkeys(found, 0)
        if tier in expected:
            expected[tier] = shared // BLOCK_TOKENS * BLOCK_TOKENS
        if found != expected:
            raise SystemExit(f"{self.length} tokens, {share} %, {tier}: {found} were found.")
        if share == 100:
            self.answers.add(tuple(output.token_ids))
        if len(self.answers) > 1:
            raise SystemExit(f"{self.length} tokens, {tier}: other tokens than from other tiers.")
        self.seconds[self.length, share, tier].append(seconds)

    def _prompt(self, share: int) -> list[int]:
        """Return the shared beginning and an end that no prompt had before."""
        shared = self.length * share // 100
        return self.base[:shared] + self._draw(self.length - shared)

    def _draw(self, count: int) -> list[int]:
        return self.dice.choices(range(1, read_model_config(SHIPPED_MODEL).vocab_size), k=count)


@contextmanager
def opened(config: EngineConfig) -> Iterator[Engine]:
    """Build an engine and close it at the end."""
    engine = build_engine(config)
    try:
        yield engine
    finally:
        engine.close()


def ask(engine: Engine, prompt: list[int]) -> tuple[float, RequestOutput]:
    """Return the seconds to the one token of a greedy request, and its output."""
    started = perf_counter()
    engine.add(EngineRequest("one", prompt, SamplingParams(1, temperature=0, ignore_eos=True)))
    outputs: list[RequestOutput] = []
    while engine.has_work:
        outputs += engine.step().outputs
    return perf_counter() - started, outputs[-1]


def warm_up(engine: Engine) -> None:
    """Run steps of a prompt that no other begins with."""
    ask(engine, [0] * 600)


def drop_cached(folder: Path) -> None:
    """Let the system forget the content of files, so that a disk is read, where there is one."""
    os.sync()
    for path in folder.glob("*/*.kv"):
        file = os.open(path, os.O_RDONLY)
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(file)


def make_model(folder: Path, layers: int, context: int) -> Path:
    """Copy the shipped model with its first layers and a longer context."""
    shutil.copytree(SHIPPED_MODEL, folder)
    config = json.loads((folder / "config.json").read_text())
    config |= {"num_hidden_layers": layers, "max_position_embeddings": context}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def report(seconds: dict[Cell, list[float]], options: argparse.Namespace) -> None:
    """Print a line for each length and share: milliseconds, and how many times as soon as none."""
    table = Table(
        title=f"First token, ms (times as soon as without a cache), medians of {options.rounds} "
        f"rounds; {options.layers} layers, {options.dtype}, one thread"
    )
    columns = ("none", "nothing found", *TIERS)
    for name in ("tokens", "shared", *columns):
        table.add_column(name, justify="right")
    for length, share in dict.fromkeys(cell[:2] for cell in seconds):
        row = [f"{length:,}", f"{share} %"]
        for tier in columns:
            took = seconds.get((length, share, tier))
            row.append(shown(took, seconds[length, 0, "none"]) if took else "")
        table.add_row(*row)
    Console(width=120).print(table)


def shown(took: list[float], none: list[float]) -> str:
    """Return a cell of the table."""
    ratio = statistics.median(b / a for a, b in zip(took, none, strict=False))
    return f"{1000 * statistics.median(took):,.1f} ({ratio:.2f})"


def write(path: Path, seconds: dict[Cell, list[float]], layers: int) -> None:
    """Write the seconds of each round of each cell."""
    cells = [
        {"tokens": tokens, "share": share, "tier": tier, "seconds": took}
        for (tokens, share, tier), took in seconds.items()
    ]
    path.write_text(json.dumps({"layers": layers, "cells": cells}))


def parse() -> argparse.Namespace:
    """Parse the options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--lengths", type=int, nargs="+", default=LENGTHS, help="of the prompts")
    parser.add_argument("--layers", type=int, default=2, help="of the shipped model, 1 to 8")
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument(
        "--folder", type=Path, default=ROOT / "var", help="where files of blocks are for a while"
    )
    parser.add_argument("--quick", action="store_true", help="one short prompt, one round")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.lengths = 1, (1024,)
    return options


def main() -> None:
    """Measure every length in every round, print, and write the figures."""
    options = parse()
    torch.set_num_threads(1)
    seconds: dict[Cell, list[float]] = defaultdict(list)
    options.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=options.folder, prefix="deep-cache-") as name:
        context = max(options.lengths) + BLOCK_TOKENS
        model = make_model(Path(name, "model"), options.layers, context)
        config = EngineConfig(model=model, device="cpu", dtype=options.dtype)
        dice = random.Random(0)  # noqa: S311 -- prompts, no secrets
        benches = [
            Bench(
                replace(config, context_tokens=length + BLOCK_TOKENS),
                Path(name, str(length)),
                length,
                dice,
                seconds,
            )
            for length in options.lengths
        ]
        for _ in range(options.rounds):
            for bench in benches:
                bench.run_round(SHARES)
    report(seconds, options)
    if options.json:
        write(options.json, seconds, options.layers)


if __name__ == "__main__":
    main()
