"""Processes of one home, however they were started and whoever is their parent by now."""

import time
from pathlib import Path


def processes_of(home: Path) -> dict[int, str]:
    """Return the command of each process whose environment names this home, by its number."""
    word = f"TOKENTIDE_HOME={home}".encode()
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            # A process that has ended and that nobody has waited for has no environment.
            if word in (folder / "environ").read_bytes().split(b"\0"):
                words = (folder / "cmdline").read_bytes().replace(b"\0", b" ")
                found[int(folder.name)] = words.decode(errors="replace")
        except OSError:
            continue
    return found


def wait_until_none_is_left(home: Path, seconds: float) -> float:
    """Wait until a home has no process; return the seconds. Raise AssertionError if some stay."""
    began = time.monotonic()
    while left := processes_of(home):
        assert time.monotonic() - began < seconds, left
        time.sleep(0.05)
    return time.monotonic() - began
