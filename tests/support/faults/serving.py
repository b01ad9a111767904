"""`tokentide serve` with its engine and with clients, killed at an instant that a test chooses."""

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

START_SECONDS = 240.0
REPLY_SECONDS = 60.0
CLIENTS = 4
END_OF_STREAM = "data: [DONE]"


@dataclass
class Replies:
    """Replies that clients had of a server until it ended."""

    was_ready: bool = False
    was_killed: bool = False
    sent: int = 0
    # Requests whose reply was read to its last byte.
    confirmed: list[str] = field(default_factory=list)
    # From its launch to its first reply could be had.
    start_seconds: float = 0.0


@contextmanager
def serving(checkpoint: Path, home: Path) -> Iterator["Serving"]:
    """Launch a server in a home; none is left at the end."""
    home.mkdir(parents=True, exist_ok=True)
    path = home / "server.log"
    words = ["--model", str(checkpoint), "--served-model-name", "tiny", "--port", "0"]
    with (
        path.open("wb") as log,
        subprocess.Popen(
            [sys.executable, "-m", "pipelines", "serve", *words],
            cwd=home,
            env={**os.environ, "TOKENTIDE_HOME": str(home)},
            stdout=log,
            stderr=log,
        ) as process,
    ):
        try:
            yield Serving(process, path)
        finally:
            process.kill()


class Serving:
    """One server, and clients that ask it without a pause until it is gone."""

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self._process, self._log = process, log
        self._began = time.monotonic()
        self._served = Replies()

    def until_killed(self, seconds: float, *, is_ready_first: bool) -> Replies:
        """Kill it some seconds after its launch, or after it was ready."""
        if is_ready_first:
            self._await_url()
        timer = threading.Timer(seconds, self._process.kill)
        timer.start()
        self._ask_all()
        timer.join()
        self._served.was_killed = self._process.wait(REPLY_SECONDS) == -signal.SIGKILL
        return self._served

    def until_asked(self, seconds: float) -> Replies:
        """Let clients ask for some seconds, and end it as a service manager does."""
        assert self._await_url(), self._log.read_text()
        timer = threading.Timer(seconds, self._process.terminate)
        timer.start()
        self._ask_all()
        timer.join()
        assert self._process.wait(REPLY_SECONDS) == 0, self._log.read_text()
        return self._served

    def _await_url(self) -> str:
        """Wait until it is ready; return its address, or nothing if it has ended before."""
        while self._process.poll() is None:
            if "served at" in (text := self._log.read_text()):
                self._served.was_ready = True
                self._served.start_seconds = time.monotonic() - self._began
                return text.split()[-1]
            assert time.monotonic() - self._began < START_SECONDS, text
            time.sleep(0.02)
        return ""

    def _ask_all(self) -> None:
        if url := self._await_url():
            with ThreadPoolExecutor(CLIENTS) as pool:
                list(pool.map(self._ask, itertools.repeat(url, CLIENTS)))

    def _ask(self, url: str) -> None:
        """Send one request after the other, whole and streamed, until the server is gone."""
        with httpx.Client(timeout=REPLY_SECONDS) as client, suppress(httpx.HTTPError):
            for number in itertools.count():
                is_stream = number % 2 == 1
                body = {"model": "tiny", "prompt": "def", "max_tokens": 1 + number % 5}
                self._served.sent += 1
                with client.stream(
                    "POST", f"{url}/completions", json={**body, "stream": is_stream}
                ) as reply:
                    name = _read_stream(reply) if is_stream else json.loads(reply.read()).get("id")
                if name is None:
                    return
                self._served.confirmed.append(name)


def _read_stream(reply: httpx.Response) -> str | None:
    """Return the id of a request whose stream came to its end; None for one that did not."""
    lines = [line for line in reply.iter_lines() if line.startswith("data: ")]
    if not lines or lines[-1] != END_OF_STREAM:
        return None
    name: str = json.loads(lines[0].removeprefix("data: "))["id"]
    return name
