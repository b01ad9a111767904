"""Work in a process of which nothing stays: its errors are ours, and it ends with us."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipelines.errors import LimitReached, WorkEnded
from pipelines.supervision.apart import run_apart

PARENT = """
import sys
from pipelines.supervision.apart import run_apart
from support.faults.apart import work_for_long
if __name__ == "__main__":
    run_apart(work_for_long, sys.argv[1])
"""


def write_number(path: Path) -> None:
    path.write_text(f"{os.getpid()}")


def refuse() -> None:
    raise LimitReached("no more today", 7.0)


def refuse_strangely() -> None:
    class Strange(Exception):
        """An error that no other process knows."""

    raise Strange("why")


def end_at_once() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_work_is_done_in_another_process(tmp_path: Path) -> None:
    run_apart(write_number, tmp_path / "number")
    assert int((tmp_path / "number").read_text()) != os.getpid()


def test_an_error_is_raised_here() -> None:
    """With all that it says; one that cannot be sent comes in words."""
    with pytest.raises(LimitReached, match="no more today") as raised:
        run_apart(refuse)
    assert raised.value.retry_after == 7.0
    with pytest.raises(WorkEnded, match="Strange: why"):
        run_apart(refuse_strangely)


def test_a_process_that_was_killed_is_said() -> None:
    with pytest.raises(WorkEnded, match=r"end_at_once ended with code -9\. Was it killed"):
        run_apart(end_at_once)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_it_ends_with_its_parent(tmp_path: Path, number: int) -> None:
    """By Ctrl-C, and when the parent is killed."""
    script, noted = tmp_path / "parent.py", tmp_path / "number"
    script.write_text(PARENT)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        ["env", "--default-signal=INT", sys.executable, str(script), str(noted)],
        env=environment,
        stderr=subprocess.DEVNULL,
    ) as parent:
        while not (noted.exists() and noted.read_text()):
            assert parent.poll() is None
            time.sleep(0.05)
        child = int(noted.read_text())
        parent.send_signal(number)
    end = time.monotonic() + 20
    while Path(f"/proc/{child}/stat").exists() and time.monotonic() < end:
        time.sleep(0.05)
    assert not Path(f"/proc/{child}/stat").exists()


def test_other_things_are_done_meanwhile_and_at_the_end(tmp_path: Path) -> None:
    seen: list[bool] = []
    path = tmp_path / "number"
    run_apart(write_number, path, meanwhile=lambda: seen.append(path.exists()))
    assert seen[-1]
