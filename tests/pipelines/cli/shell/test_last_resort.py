"""The process of a query is killed from outside where nothing inside can end it."""

import os
import signal
import subprocess
import sys
import time

from pipelines.cli.shell.last_resort import killed_after

# One call into C that holds the interpreter for half a minute, as printing a huge value does.
STUCK = """
from pipelines.cli.shell.last_resort import killed_after
with killed_after(0.2):
    print(len(str(7 ** 20_000_000)), "digits")
"""
# Waits for whoever reads its output, who takes time.
PAGED = """
import sys
from pipelines.cli.shell.last_resort import killed_after
with killed_after(0.0):
    sys.stdout.write("x" * (1 << 20))
"""


def start(code: str) -> "subprocess.Popen[str]":
    """Run code with pipes for its output."""
    command = [sys.executable, "-X", "int_max_str_digits=0", "-c", code]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ)
    )


def test_what_cannot_be_stopped_is_killed() -> None:
    """Some seconds after its time, with a message that names the option."""
    with start(STUCK) as process:
        output, message = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    assert output == ""
    assert "its process was killed" in message
    assert "--timeout" in message


def test_a_slow_reader_is_waited_for() -> None:
    """A page of a pager may be read for minutes."""
    with start(PAGED) as process:
        time.sleep(6)
        output, message = process.communicate(timeout=60)
    assert (process.returncode, len(output), message) == (0, 1 << 20, "")


def test_what_is_done_in_time_is_left_alone() -> None:
    """The watching process ends with the query."""
    with killed_after(0.0):
        pass
    time.sleep(0.1)
    assert not [pid for pid in children() if "last_resort" in pid]


def children() -> list[str]:
    """Return the commands of all children of this process."""
    done = subprocess.run(
        ["ps", "--ppid", str(os.getpid()), "-o", "args="],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.splitlines()
