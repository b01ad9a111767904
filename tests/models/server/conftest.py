"""The real server in its own process, with a tiny model, and what tests read of it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import openai
import pyarrow as pa
import pytest
from prometheus_client.parser import text_string_to_metric_families
from support.tier import tiny_checkpoint

ROOT = Path(__file__).resolve().parents[3]
TEMPLATE = (
    "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"
    "{% if add_generation_prompt %}assistant:{% endif %}"
)
START_SECONDS = 60
WAIT_SECONDS = 20


@dataclass
class RunningServer:
    """A server that is ready."""

    process: "subprocess.Popen[bytes]"
    url: str
    home: Path
    log: Path

    @property
    def name(self) -> str:
        """Name of its model."""
        return "tiny"

    def client(self) -> openai.OpenAI:
        """Return OpenAI's own client, without retries."""
        return openai.OpenAI(
            base_url=f"{self.url}/v1", api_key="none", max_retries=0, timeout=WAIT_SECONDS
        )

    def post(self, path: str = "/v1/completions", **body: Any) -> httpx.Response:
        """Send a valid request with changes."""
        return httpx.post(
            self.url + path,
            json={"model": self.name, "prompt": "def", "max_tokens": 2} | body,
            timeout=WAIT_SECONDS,
        )

    def sample(self, name: str, **labels: str) -> float:
        """Sum the samples of a metric that have these labels."""
        text = httpx.get(f"{self.url}/metrics").text
        samples = (
            sample for family in text_string_to_metric_families(text) for sample in family.samples
        )
        return sum(
            each.value
            for each in samples
            if each.name == name and labels.items() <= each.labels.items()
        )

    def wait_for(self, name: str, value: float, **labels: str) -> None:
        """Wait until a metric has this value."""
        wait_until(lambda: self.sample(name, **labels) == value)

    def events(self) -> list[dict[str, Any]]:
        """Read the log of requests of its home, events of earlier servers included."""
        return read_events(self.home)

    def wait_for_event(self, request_id: str) -> None:
        """Wait until a request is in the log, whose segments take some seconds."""
        wait_until(lambda: any(each["request_id"] == request_id for each in self.events()))

    def engine_process(self) -> int:
        """Return the id of the engine's process: the child that runs our code."""
        children = (
            Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        )
        [engine] = [
            int(child)
            for child in children
            if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()
        ]
        return engine

    def kill_engine(self) -> None:
        """Kill the engine's process."""
        os.kill(self.engine_process(), signal.SIGKILL)

    def terminate(self) -> int:
        """Send SIGTERM and return the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(WAIT_SECONDS)


Start = Callable[..., Any]


def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait for something that happens soon."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def read_events(home: Path) -> list[dict[str, Any]]:
    """Read all events of a home, oldest segment first."""
    segments = sorted((home / "spool" / "requests").glob("*.arrow"))
    return [row for segment in segments for row in pa.ipc.open_file(segment).read_all().to_pylist()]


@contextmanager
def running_server(checkpoint: Path, home: Path, *options: str) -> Iterator[RunningServer]:
    """Run a server on any free port. Kill it at the end if it still runs."""
    home.mkdir(parents=True, exist_ok=True)
    log = home / "server.log"
    command = [sys.executable, "-m", "models.server", "--model", str(checkpoint)]
    command += ["--served-model-name", "tiny", "--home", str(home), "--port", "0", *options]
    with (
        log.open("wb") as output,
        subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output) as process,
    ):
        try:
            yield RunningServer(process, _wait_for_url(process, log), home, log)
        finally:
            if process.poll() is None:
                process.kill()


def _wait_for_url(process: "subprocess.Popen[bytes]", log: Path) -> str:
    deadline = time.monotonic() + START_SECONDS
    while "served at" not in log.read_text():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, "it did not start in time"
        time.sleep(0.05)
    return log.read_text().split()[-1].removesuffix("/v1")


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a model of random weights with a chat template."""
    folder = tiny_checkpoint(tmp_path_factory.mktemp("served"))
    (folder / "chat_template.jinja").write_text(TEMPLATE)
    return folder


@pytest.fixture(scope="session")
def start(checkpoint: Path) -> Start:
    """Return a function that runs a server in a home, for as long as the `with` lasts."""
    return lambda home, *options: running_server(checkpoint, home, *options)


@pytest.fixture(scope="session")
def server(start: Start, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Run one server for all tests that only send requests."""
    with start(tmp_path_factory.mktemp("home")) as running:
        yield running
        assert running.terminate() == 0
    assert "Traceback" not in running.log.read_text()
