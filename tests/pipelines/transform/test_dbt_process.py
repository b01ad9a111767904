"""The process of dbt ends with the one that started it, however that is killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

# A verb that compiles the project, such as `build` or `publish` after an upgrade.
PARENT = """
import sys
from pathlib import Path
from pipelines.transform.dbt_process import run_dbt
run_dbt(["compile"], Path(sys.argv[1]) / "w.duckdb", Path(sys.argv[1]) / "target")
"""


def children(process: int) -> list[int]:
    """Return the numbers of a process's children."""
    try:
        found = Path(f"/proc/{process}/task/{process}/children").read_text()
    except OSError:
        return []
    return [int(number) for number in found.split()]


def is_running(process: int) -> bool:
    """Tell whether a process is there and has not ended."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def wait_until(is_so: Callable[[], object]) -> None:
    """Wait for something that happens soon."""
    end = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_killed_verb_leaves_no_dbt_behind(tmp_path: Path) -> None:
    """Kill -9 while dbt compiles."""
    command = [sys.executable, "-c", PARENT, str(tmp_path)]
    with subprocess.Popen(command, env=dict(os.environ)) as parent:
        wait_until(lambda: children(parent.pid))
        [dbt] = children(parent.pid)
        wait_until(lambda: b"dbt.cli" in Path(f"/proc/{dbt}/cmdline").read_bytes())
        time.sleep(0.5)
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    wait_until(lambda: not is_running(dbt))
