"""Guardian of a started server: whatever it left behind ends with it, however it ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.supervision.guardian import descendants

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Only Linux adopts orphans.")
# A server that starts a worker in another session, which ignores the polite signal.
WORKER = (
    "import os, signal, sys, time\n"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "open(sys.argv[1] + '.tmp', 'w').write(str(os.getpid()))\n"
    "os.replace(sys.argv[1] + '.tmp', sys.argv[1])\n"
    "time.sleep(600)\n"
)
SERVER = (
    "import subprocess, sys, time\n"
    f"subprocess.Popen([sys.executable, '-c', {WORKER!r}, sys.argv[1]], start_new_session=True)\n"
    "time.sleep(float(sys.argv[2]))\n"
)
SECONDS = 60


@pytest.fixture
def note(tmp_path: Path) -> Iterator[Path]:
    """Return the file in which the worker notes its id; end the worker if it is left."""
    path = tmp_path / "worker"
    yield path
    if path.exists() and is_alive(int(path.read_text())):
        os.kill(int(path.read_text()), signal.SIGKILL)


def guard(*command: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-m", "pipelines.supervision.guardian", *command])


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def wait_for(path: Path) -> int:
    deadline = time.monotonic() + SECONDS
    while not path.exists():
        assert time.monotonic() < deadline, "the worker did not start"
        time.sleep(0.05)
    return int(path.read_text())


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + SECONDS
    while is_alive(pid):
        assert time.monotonic() < deadline, "the worker is left"
        time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_all_that_was_started(note: Path, number: signal.Signals) -> None:
    """Also a worker in another session that ignores the polite signal."""
    guardian = guard(sys.executable, "-c", SERVER, str(note), "600")
    worker = wait_for(note)
    assert worker in set(descendants(guardian.pid))
    guardian.send_signal(number)
    guardian.wait(SECONDS)
    wait_until_gone(worker)


@pytest.mark.slow
def test_a_server_that_ends_leaves_no_worker(note: Path) -> None:
    """The guardian adopts the orphan and ends it too."""
    guardian = guard(sys.executable, "-c", SERVER, str(note), "1")
    worker = wait_for(note)
    assert guardian.wait(SECONDS) == 0
    wait_until_gone(worker)


def test_the_code_of_the_command_is_the_guardians() -> None:
    assert guard(sys.executable, "-c", "raise SystemExit(7)").wait(SECONDS) == 7
