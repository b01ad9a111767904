"""Run a command that ends when its parent ends, however that is killed.

    python tether.py PARENT SIGNAL NICENESS COMMAND...

The kernel sends SIGNAL when the thread that started the command ends. This is a separate script,
which the command then replaces: code between fork and exec of a process with threads could find a
lock held for ever. Only Linux knows this; elsewhere the command just runs.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Ask for the signal, and become the command."""
    parent, number, niceness, *command = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)
    os.nice(int(niceness))
    # It may have ended before the kernel was asked.
    if os.getppid() != int(parent):
        sys.exit(1)
    os.execvp(command[0], command)  # noqa: S606 - the words of a command of ours


if __name__ == "__main__":
    main()
