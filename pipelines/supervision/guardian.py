"""Run a command, and end all that it started when it ends or this process is asked to.

    python guardian.py COMMAND...

A server may start engines, workers and compilers, some of them in sessions of their own. On Linux
this process adopts whatever they leave behind and ends it too, so that no orphan keeps a device.
Started through `tether`, it is asked to end when its parent is gone, however that was killed.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from pipelines.tether import tie

PR_SET_CHILD_SUBREAPER = 36
PROC = Path("/proc")
ENDING_SECONDS = 10.0  # for an orderly end; then all is killed
LOOK_SECONDS = 0.05


class AskedToEnd(BaseException):
    """A signal asked this process to end."""


def main() -> int:
    """Run the command and return its exit code."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _ask_to_end)
    process: subprocess.Popen[bytes] | None = None
    try:
        # It dies with this process, even if that is killed.
        process = subprocess.Popen(tie(sys.argv[1:], signal.SIGKILL), start_new_session=True)
        return process.wait()
    except AskedToEnd:
        return 128 + signal.SIGTERM
    finally:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        end_all(process)


def end_all(process: "subprocess.Popen[bytes] | None") -> None:
    """End every process below this one: first as it likes, then at once."""
    deadline = time.monotonic() + ENDING_SECONDS
    asked: set[int] = set()
    while found := _left(process):
        is_late = time.monotonic() > deadline
        for pid in found:
            if is_late or pid not in asked:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL if is_late else signal.SIGTERM)
                asked.add(pid)
        time.sleep(LOOK_SECONDS)


def _left(process: "subprocess.Popen[bytes] | None") -> list[int]:
    """Reap what has ended; return what still runs. Elsewhere than on Linux it is the command."""
    if sys.platform != "linux":
        return [process.pid] if process and process.poll() is None else []
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    return [*descendants(os.getpid())]


def descendants(root: int) -> Iterator[int]:
    """Yield the processes below one, from the nearest on (Linux)."""
    children: dict[int, list[int]] = defaultdict(list)
    for path in PROC.glob("[0-9]*/stat"):
        # It may have ended meanwhile. The name of a process may contain spaces and brackets.
        with contextlib.suppress(OSError):
            fields = path.read_text(errors="replace").rpartition(")")[2].split()
            children[int(fields[1])].append(int(path.parent.name))
    waiting = [root]
    while waiting:
        found = children[waiting.pop(0)]
        waiting += found
        yield from found


def _ask_to_end(number: int, frame: FrameType | None) -> None:
    raise AskedToEnd


if __name__ == "__main__":
    sys.exit(main())
