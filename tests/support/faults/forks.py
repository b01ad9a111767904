"""Processes that are killed by the hundred: a process that has imported everything forks them.

Starting Python for each kill would take a second; a fork takes milliseconds and is a process of its
own all the same, with its files and locks.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parents[2]
SERVER = "from support.faults.forks import serve; serve()"


@dataclass
class Ended:
    """The end of a forked process: killed or not, and what it had confirmed until then."""

    was_killed: bool
    confirmed: list[str]
    seconds: float
    error: str = ""


@dataclass
class Forks:
    """A server of forks, and the number of processes that were killed."""

    folder: Path
    kills: int = 0
    confirmed: int = 0
    process: "subprocess.Popen[str]" = field(init=False)

    def __post_init__(self) -> None:
        """Start the server."""
        self.folder.mkdir(parents=True, exist_ok=True)
        paths = [str(TESTS), str(TESTS.parent)]
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        )

    def run(
        self, action: str, *arguments: Any, kill_after: float | None = None, note: str = ""
    ) -> Ended:
        """Run an action in a process, and kill it after some seconds if it is not over by then.

        The seconds begin with its start, or once it has confirmed `note`.
        """
        assert self.process.stdin
        assert self.process.stdout
        notes = self.folder / "confirmed"
        notes.unlink(missing_ok=True)
        request = {"action": action, "arguments": [str(each) for each in arguments]}
        print(json.dumps({**request, "notes": str(notes)}), file=self.process.stdin, flush=True)
        number = int(self.process.stdout.readline())
        began = time.monotonic()
        if kill_after is not None:
            if note:
                _wait_for(note, notes, number)
            time.sleep(kill_after)
            # A zombie until the server waits for it, so that the number is nobody else's.
            os.kill(number, signal.SIGKILL)
        print("waited", file=self.process.stdin, flush=True)
        status = int(self.process.stdout.readline())
        was_killed = status == -signal.SIGKILL
        self.kills += was_killed
        lines = notes.read_bytes().split(b"\n")[:-1] if notes.exists() else []
        confirmed = [line.decode() for line in lines if not line.startswith(b"!")]
        errors = [line.decode() for line in lines if line.startswith(b"!")]
        self.confirmed += len(confirmed)
        return Ended(was_killed, confirmed, time.monotonic() - began, "\n".join(errors))

    def close(self) -> None:
        """End the server."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()


def _wait_for(note: str, notes: Path, number: int) -> None:
    """Wait until a process has confirmed something, or has ended."""
    while note not in (notes.read_text().splitlines() if notes.exists() else []):
        if " Z " in Path(f"/proc/{number}/stat").read_text():
            return
        time.sleep(0.02)


class Instants:
    """Instants at which to kill, spread by a seed over the time that an action takes."""

    def __init__(self, seed: int, seconds: float) -> None:
        self._random = random.Random(seed)
        self._seconds = seconds

    def __call__(self) -> float:
        """Return the seconds until the next kill; some lie right at the beginning."""
        return self._random.random() ** 1.5 * self._seconds


def serve() -> None:
    """Fork a process for each line of standard input; print its number, then how it ended."""
    from support.faults.actions import ACTIONS

    for line in sys.stdin:
        request = json.loads(line)
        number = os.fork()
        if number == 0:
            _become(ACTIONS[request["action"]], request)
        print(number, flush=True)
        sys.stdin.readline()
        _, status = os.waitpid(number, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _become(action: Any, request: dict[str, Any]) -> None:
    handle = os.open(request["notes"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    code = 0
    # Standard output is the server's, which speaks to the test by it.
    os.dup2(2, 1)
    try:
        action(lambda note: os.write(handle, f"{note}\n".encode()), *request["arguments"])
    except BaseException as error:  # noqa: BLE001  # reported to the test, which fails with it
        os.write(
            handle, f"!{type(error).__name__}: {error}\n".encode().replace(b"\n", b" ") + b"\n"
        )
        code = 1
    os._exit(code)
