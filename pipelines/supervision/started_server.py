"""A server that a command starts for its own time, such as a pilot's, and that ends with it."""

import asyncio
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

from models.errors import BadConfig
from models.loadgen.target import LoadTarget, ServerUnreachable, find_served_model
from pipelines.errors import BadSetting, ServerNotStarted
from pipelines.supervision import guardian
from pipelines.supervision.log_file import keep_output, last_lines
from pipelines.tether import tie

LOOK_SECONDS = 0.1
REPORT_SECONDS = 5.0
ENDING_SECONDS = guardian.ENDING_SECONDS + 5.0
SHOWN_LINES = 8


class StartedServer:
    """A server's process below its guardian. All of it is used from one thread, which it ends with.

    `started_at` is the moment of its start, on `perf_counter`.
    """

    def __init__(self, command: str, log: Path) -> None:
        self._words, self._log = split_command(command), log
        log.unlink(missing_ok=True)
        self.started_at = perf_counter()
        guarded = [sys.executable, "-m", "pipelines.supervision.guardian", *self._words]
        self._process = subprocess.Popen(
            tie(guarded),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        if self._process.stdout:
            self._reader = keep_output(self._process.stdout, log)

    @property
    def pid(self) -> int:
        """Process id of the guardian."""
        return self._process.pid

    def wait_until_ready(
        self, target: LoadTarget, seconds: float, on_wait: Callable[[float], None]
    ) -> None:
        """Wait until the server lists a model, or declines to.

        Raise ServerNotStarted if it ends or takes longer.
        `on_wait` takes the seconds so far, every few seconds.
        """
        reported = 0.0
        while not is_up(target):
            waited = perf_counter() - self.started_at
            if self._process.poll() is not None:
                raise ServerNotStarted(self._say(f"ended with code {self._process.returncode}"))
            if waited > seconds:
                raise ServerNotStarted(
                    self._say(f"does not reply at {target.url} after {seconds:g} s")
                )
            if waited - reported >= REPORT_SECONDS:
                reported = waited
                on_wait(waited)
            self._pause()

    def end(self) -> None:
        """End the server and all that it started."""
        if self._process.poll() is None:
            self._process.terminate()
        try:
            self._process.wait(ENDING_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(LOOK_SECONDS)

    def _pause(self) -> None:
        try:
            self._process.wait(LOOK_SECONDS)
        except subprocess.TimeoutExpired:
            return

    def _say(self, problem: str) -> str:
        self._reader.join(LOOK_SECONDS)
        lines = "\n".join(f"  {each}" for each in last_lines(self._log, SHOWN_LINES))
        return (
            f"`{self._words[0]}` {problem}. Its last lines:\n{lines or '  (none)'}\n"
            f"{self._log} has all of them. Check the command, its port and --start-seconds."
        )


@contextmanager
def started_server(command: str, log: Path) -> Iterator[StartedServer]:
    """Start a server and end it with the `with`."""
    server = StartedServer(command, log)
    try:
        yield server
    finally:
        server.end()


def split_command(command: str) -> list[str]:
    """Split a command as a shell would, which is not asked; raise BadSetting if it cannot start."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise BadSetting(f"{command!r} is no command ({error}). Close its quotes.") from error
    if not words or shutil.which(words[0]) is None:
        name = words[0] if words else "an empty command"
        raise BadSetting(f"{name} is no program that is installed here. Install it, or correct it.")
    return words


def is_up(target: LoadTarget) -> bool:
    """Ask the address for its models; a server that declines to list any is up too."""
    try:
        asyncio.run(find_served_model(target))
    except ServerUnreachable as error:
        # Some list none, or not without a key; while they load they do not listen, or say 5xx.
        return error.status is not None and error.status < 500
    except BadConfig:
        # It lists several, or none yet by this name: it is up, and the model is chosen elsewhere.
        return True
    return True
