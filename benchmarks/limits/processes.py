"""CPU seconds and memory of processes, read from /proc. They do not depend on other work."""

import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
MB = 1e6
# Of /proc/PID/stat after the name: the parent, and CPU ticks with those of children that ended.
PARENT, FIRST_TIME, LAST_TIME = 1, 11, 15


@dataclass(frozen=True)
class ProcessUse:
    """Use of a process so far: its words, its CPU seconds, its memory."""

    words: tuple[str, ...]
    cpu_seconds: float
    """Its own and those of its children that ended."""
    megabytes: float
    """Its proportional set: a page that several processes share counts for each in part."""


def descendants(pid: int) -> Iterator[int]:
    """Yield a process and all that it started, and what those did."""
    parents = {each: found[PARENT] for each, found in _all_stats()}
    members = {pid}
    # A child may have a smaller number than its parent.
    while more := {each for each, parent in parents.items() if parent in members} - members:
        members |= more
    yield from sorted(members)


def use_of(pid: int) -> ProcessUse | None:
    """Return what a process uses; None if it has ended."""
    try:
        stat, folder = _stat(pid), Path(f"/proc/{pid}")
        words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
        rollup = (folder / "smaps_rollup").read_text()
    except (OSError, ProcessLookupError):
        return None
    shares = [line for line in rollup.splitlines() if line.startswith("Pss:")]
    kilobytes = sum(int(line.split()[1]) for line in shares)
    ticks = sum(stat[FIRST_TIME:LAST_TIME])
    return ProcessUse(tuple(words), ticks / TICKS, kilobytes * 1024 / MB)


def uses(pid: int) -> dict[int, ProcessUse]:
    """Return what a process and its descendants use, by their numbers."""
    found = {each: use_of(each) for each in descendants(pid)}
    return {each: use for each, use in found.items() if use}


class MemoryWatch:
    """A thread that notes the most that a process and its descendants held at one instant."""

    def __init__(self, pid: int, seconds: float = 0.1) -> None:
        self.largest = 0.0
        self._pid = pid
        self._seconds = seconds
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "MemoryWatch":
        """Begin to watch."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Watch no longer."""
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(self._seconds):
            held = sum(use.megabytes for use in uses(self._pid).values())
            self.largest = max(self.largest, held)


def cpu_between(before: dict[int, ProcessUse], after: dict[int, ProcessUse]) -> dict[int, float]:
    """Return the CPU seconds of each process between two instants; a new one counts whole."""
    return {
        pid: use.cpu_seconds - (before[pid].cpu_seconds if pid in before else 0.0)
        for pid, use in after.items()
    }


def sleep_until(instant: float) -> None:
    """Sleep until an instant of the monotonic clock."""
    time.sleep(max(0.0, instant - time.monotonic()))


def _all_stats() -> Iterator[tuple[int, list[int]]]:
    for path in Path("/proc").glob("[0-9]*"):
        try:
            yield int(path.name), _stat(int(path.name))
        except (OSError, ProcessLookupError):
            continue


def _stat(pid: int) -> list[int]:
    """Return the numbers of a process after its name and its state, which is put as 0."""
    text = Path(f"/proc/{pid}/stat").read_text()
    # The name may hold spaces and brackets.
    _state, *numbers = text[text.rindex(")") + 2 :].split()
    return [0, *map(int, numbers)]
