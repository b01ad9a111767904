"""Time and memory: stages within a process, and whole processes seen from outside."""

import contextlib
import json
import os
import resource
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SAMPLE_SECONDS = 0.02
MAX_WAIT_SECONDS = 60.0
PAGE_BYTES = resource.getpagesize()
MIB = 1 << 20


class ContenderFailed(Exception):
    """A measured process ended with an error; the message has the end of its output."""


@dataclass
class Stages:
    """Seconds of each named stage of one attempt, and the instant at which the last one ended.

    Seconds on the clock are what a person waits. CPU seconds, with those of child processes that
    ended meanwhile, are what the work costs; other work on the machine changes them less.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    cpu_seconds: dict[str, float] = field(default_factory=dict)
    ready_at: float = 0.0

    @contextlib.contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Time the block; stages of the same name add up."""
        cpu, started = _cpu_seconds(), time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - started
        self.cpu_seconds[name] = self.cpu_seconds.get(name, 0.0) + _cpu_seconds() - cpu
        # One clock for all processes, so that the parent can tell how long this one took in all.
        self.ready_at = time.clock_gettime(time.CLOCK_MONOTONIC)


@dataclass(frozen=True)
class Measured:
    """One process from its start to its end, seen from outside."""

    whole_seconds: float
    """From the start of the process to the end of the last stage of its first attempt.

    That includes interpreter, imports, reading, and the load.
    """
    largest_mib: float
    """The most that any one process of it held."""
    together_mib: float
    """The most that all its processes held at one instant; shared memory counts for each."""
    others_share: float
    """The part of all processors that other work used meanwhile; 0 where it is not known."""
    attempts: list[dict[str, Any]]
    """The stages of each attempt."""


def measure(command: Sequence[str], env: Mapping[str, str], report: Path, log: Path) -> Measured:
    """Run a process to its end and watch it; it writes the stages of its attempts to `report`."""
    together, busy = 0, _busy_seconds()
    started_at = time.clock_gettime(time.CLOCK_MONOTONIC)
    with log.open("wb") as out:
        process = subprocess.Popen(command, env=dict(env), stdout=out, stderr=subprocess.STDOUT)
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            together = max(together, resident_bytes(process.pid))
            time.sleep(SAMPLE_SECONDS)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        output = log.read_text(errors="replace").splitlines()[-20:]
        raise ContenderFailed(
            f"{' '.join(command)} ended with {process.returncode}:\n" + "\n".join(output)
        )
    elapsed = time.clock_gettime(time.CLOCK_MONOTONIC) - started_at
    others = _busy_seconds() - busy - usage.ru_utime - usage.ru_stime
    largest, attempts = usage.ru_maxrss / 1024, json.loads(report.read_text())
    whole_seconds = attempts[0]["ready_at"] - started_at
    return Measured(
        whole_seconds,
        largest,
        max(together / MIB, largest),
        max(0.0, others / elapsed / _cores()),
        attempts,
    )


def wait_for_idle(max_load: float) -> None:
    """Wait, at most a minute, for a second in which other work leaves the CPUs idle enough."""
    deadline = time.monotonic() + MAX_WAIT_SECONDS
    while max_load < 1 and time.monotonic() < deadline:
        busy = _busy_seconds()
        time.sleep(1)
        if (_busy_seconds() - busy) / _cores() <= max_load:
            return


def _cores() -> int:
    return os.cpu_count() or 1


def _busy_seconds() -> float:
    """Return the seconds that all processors have worked since the machine was started."""
    path = Path("/proc/stat")
    if not path.exists():
        return 0.0
    user, nice, system, _idle, _waiting, *interrupts = map(
        int, path.read_text().split(maxsplit=9)[1:9]
    )
    return (user + nice + system + sum(interrupts)) / os.sysconf("SC_CLK_TCK")


def _cpu_seconds() -> float:
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def process_cpu_seconds(pid: int) -> float:
    """Return the CPU seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_bytes(pid: int) -> int:
    """Return the memory of a process and its descendants; those that end meanwhile count 0."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        children = [
            int(child)
            for path in Path(f"/proc/{pid}/task").glob("*/children")
            for child in path.read_text().split()
        ]
    except (OSError, IndexError):
        return 0
    return pages * PAGE_BYTES + sum(map(resident_bytes, children))
