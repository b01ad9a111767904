"""`tokentide` on a terminal, as a person has it: keys in, what is shown out."""

import os
import pty
import re
import select
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from support.cli.command import TOKENTIDE, Command

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r|\x07")
SECONDS, PATIENCE = 60.0, 3.0
CTRL_C, CTRL_D, TAB, UP = "\x03", "\x04", "\t", "\x1b[A"


class Terminal:
    """A terminal with a process: `type` sends keys, `wait_for` returns what was shown since."""

    def __init__(self, screen: int, process: "subprocess.Popen[bytes]") -> None:
        self._screen = screen
        self._shown = ""
        self.process = process

    def type(self, keys: str) -> None:
        """Send keys, as a keyboard would."""
        os.write(self._screen, keys.encode())

    def interrupt(self, text: str) -> str:
        """Press Ctrl-C until the screen shows a text: a key may come before anybody listens."""
        self.type(CTRL_C)
        while text not in self._shown and not self._read(PATIENCE):
            self.type(CTRL_C)
        return self.wait_for(text)

    def wait_for(self, text: str) -> str:
        """Wait until the screen shows a text; return what it shows up to its end."""
        deadline = time.monotonic() + SECONDS
        while text not in self._shown:
            is_more = self._read(max(0, deadline - time.monotonic()))
            assert is_more, f"{text!r} did not come, but {self._shown!r}"
        found, _, self._shown = self._shown.partition(text)
        return found + text

    def _read(self, seconds: float) -> bool:
        """Read what is shown next; False if nothing is in this time."""
        ready, _, _ = select.select([self._screen], [], [], seconds)
        if ready:
            self._shown += ESCAPES.sub("", os.read(self._screen, 65536).decode(errors="replace"))
        return bool(ready)


@contextmanager
def terminal(command: Command, *arguments: str) -> Iterator[Terminal]:
    """Start a verb on a terminal of 120 columns, and end it if it has not ended."""
    screen, keyboard = pty.openpty()
    process = subprocess.Popen(
        # In a session with this terminal, Ctrl-C on it reaches this process; a shell starts jobs
        # in the background with Ctrl-C ignored, and processes inherit that.
        ["setsid", "--ctty", "env", "--default-signal=INT", *TOKENTIDE, *arguments],
        env=command.environment | {"TERM": "xterm"},
        cwd=command.home.parent,
        stdin=keyboard,
        stdout=keyboard,
        stderr=keyboard,
    )
    os.close(keyboard)
    try:
        yield Terminal(screen, process)
    finally:
        process.kill()
        process.wait()
        os.close(screen)
