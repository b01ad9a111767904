"""Locks between real processes: one holder at a time, none after a kill, 0.1.0 kept out."""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipelines.errors import LockHeld
from pipelines.locks import file_lock

HOLD = """
import sys, time
from pathlib import Path
from pipelines.locks import file_lock
with file_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""
# The collector of version 0.1.0.
HOLD_AS_BEFORE = """
import fcntl, os, sys, time
handle = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
print("held", flush=True)
time.sleep(60)
"""
TAKE_AS_BEFORE = """
import fcntl, os, sys
handle = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
try:
    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    print("refused")
else:
    print("taken")
"""


@contextmanager
def process(script: str, path: Path) -> Iterator["subprocess.Popen[str]"]:
    """Run a script until it says that it holds the lock; kill it at the end."""
    command = [sys.executable, "-c", script, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        try:
            yield holder
        finally:
            holder.kill()


def try_lock(path: Path) -> None:
    with file_lock(path, blocking=False):
        pass


def take_as_before(path: Path) -> str:
    command = [sys.executable, "-c", TAKE_AS_BEFORE, str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_a_held_lock_is_refused_and_names_its_holder(tmp_path: Path) -> None:
    """In another process, and within this one too."""
    path = tmp_path / "folder" / "lock"
    with process(HOLD, path) as holder, pytest.raises(LockHeld) as raised:
        try_lock(path)
    assert f"{path} is held by process {holder.pid}." in str(raised.value)
    with file_lock(path), pytest.raises(LockHeld, match=f"process {os.getpid()}"):
        try_lock(path)


def test_a_killed_holder_leaves_no_lock(tmp_path: Path) -> None:
    """`kill -9` gives it no chance to clean up."""
    path = tmp_path / "lock"
    with process(HOLD, path) as holder:
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        with file_lock(path, blocking=False):
            assert path.read_text() == str(os.getpid())
    assert path.read_text() == ""


def test_an_error_releases_the_lock(tmp_path: Path) -> None:
    """The error itself goes on."""
    path = tmp_path / "lock"
    with pytest.raises(ZeroDivisionError), file_lock(path):
        raise ZeroDivisionError
    try_lock(path)


def test_a_waiting_process_gets_the_lock_and_says_that_it_waits(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A lock that is free is taken without a word."""
    path = tmp_path / "lock"
    caplog.set_level(logging.INFO)
    with process(HOLD, path) as holder:
        threading.Timer(0.3, holder.kill).start()
        started = time.monotonic()
        with file_lock(path):
            assert time.monotonic() - started >= 0.2
    assert f"Waiting for process {holder.pid}, which holds {path}." in caplog.text
    caplog.clear()
    with file_lock(path):
        assert caplog.text == ""


def test_version_0_1_0_holds_the_same_lock(tmp_path: Path) -> None:
    """Both ways: a home may be used by both versions during an update."""
    path = tmp_path / "lock"
    with process(HOLD_AS_BEFORE, path), pytest.raises(LockHeld, match="another process"):
        try_lock(path)
    with file_lock(path):
        assert take_as_before(path) == "refused"
    assert take_as_before(path) == "taken"
