"""The only place that starts dbt: for compiling the project, and for a command of a developer.

It runs in another process, since it sets up logging for everyone and keeps what it opened for as
long as its process lives.
"""

import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import warehouse
from pipelines.tether import tie

log = logging.getLogger(__name__)

PROJECT = Path(warehouse.__file__).parent


@dataclass(frozen=True)
class DbtRun:
    """A finished dbt command: its exit code, and the lines that it printed."""

    exit_code: int
    lines: list[str]


def run_dbt(
    command: Sequence[str], warehouse: Path, target: Path, project: Path = PROJECT
) -> DbtRun:
    """Run a dbt command on a project and this warehouse; what dbt writes lies in `target`."""
    places = {
        "project-dir": project,
        "profiles-dir": project,
        "target-path": target,
        "log-path": target,
    }
    options = [word for name, place in places.items() for word in (f"--{name}", str(place))]
    start = [sys.executable, "-c", "from dbt.cli.main import cli; cli()", "--log-format", "json"]
    variables = {"DBT_WAREHOUSE": str(warehouse), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
    log.debug("Starting dbt %s.", command[0])
    done = subprocess.run(
        tie([*start, *command, *options], signal.SIGKILL),
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return DbtRun(done.returncode, [_message(line) for line in done.stdout.splitlines()])


def _message(line: str) -> str:
    try:
        return str(json.loads(line)["info"]["msg"])
    except ValueError:
        return line.rstrip()
