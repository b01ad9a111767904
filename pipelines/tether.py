"""Run a command that ends when its parent ends, however that is killed.

    python tether.py PARENT SIGNAL NICENESS COMMAND...

The kernel sends SIGNAL when the thread that started the command ends. This is a separate script,
which the command then replaces: code between fork and exec of a process with threads could find a
lock held for ever. Only Linux knows this; elsewhere the command just runs.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Sequence

PR_SET_PDEATHSIG = 1


def tie(command: Sequence[str], number: int = signal.SIGTERM, niceness: int = 0) -> list[str]:
    """Return a command that runs another one, which ends with the thread that starts it."""
    return [sys.executable, __file__, str(os.getpid()), str(int(number)), str(niceness), *command]


def end_with_parent(number: int) -> None:
    """Ask the kernel to send this process a signal when the thread that started it ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)


def main() -> None:
    """Ask for the signal, and become the command."""
    parent, number, niceness, *command = sys.argv[1:]
    end_with_parent(int(number))
    os.nice(int(niceness))
    # It may have ended before the kernel was asked.
    if os.getppid() != int(parent):
        sys.exit(1)
    os.execvp(command[0], command)  # noqa: S606 - the words of a command of ours


if __name__ == "__main__":
    main()
