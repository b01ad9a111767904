"""End of a query that does not end: its process is killed by another one.

    python last_resort.py PROCESS SECONDS MESSAGE

DuckDB ends a query when it is asked to, but not while one huge value is made or printed, and Python
can do nothing else at that time either. This script watches from outside. It ends when its input
does, which is when the process that it watches is done with the query, or is gone.
"""

import contextlib
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# For DuckDB to end the query by itself, and for what was found to be printed.
GRACE_SECONDS = 2.0
LOOK_SECONDS = 1.0


@contextmanager
def killed_after(seconds: float) -> Iterator[None]:
    """Have this process killed if it still works at the block some time after these seconds."""
    message = (
        f"The query took longer than {seconds:g} s and could not be stopped, so its process was "
        "killed. Ask for less, or allow more with --timeout."
    )
    words = (str(os.getpid()), str(seconds + GRACE_SECONDS), message)
    command = [sys.executable, "-I", "-S", __file__, *words]
    # Ctrl-C is for the query alone.
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True):
        yield


def main() -> None:
    """Kill the process when its time is over, unless it waits for a reader of its output."""
    process, seconds, message = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
    before = -1.0
    while not select.select([sys.stdin], [], [], seconds)[0]:
        worked = _cpu_seconds(process)
        if worked is None or (before >= 0 and worked - before > LOOK_SECONDS / 10):
            print(message, file=sys.stderr, flush=True)
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
            return
        before, seconds = worked, LOOK_SECONDS


def _cpu_seconds(process: int) -> float | None:
    """Return the CPU seconds of a process so far; None where the system does not tell."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
