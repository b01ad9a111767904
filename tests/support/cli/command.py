"""`tokentide` as a process, without the settings of the person who runs the tests."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

TOKENTIDE = (sys.executable, "-m", "pipelines")


class Command:
    """The command with its own home. It runs in the folder that the home lies in."""

    def __init__(self, home: Path, **variables: str) -> None:
        self.home = home
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("TOKENTIDE_", "OPENROUTER_"))
        }
        own = {"TOKENTIDE_HOME": str(home), "COLUMNS": "120"}
        self.environment = inherited | own | variables

    def __call__(self, *arguments: str, code: int = 0) -> str:
        """Run a verb and return its output with its messages; check the exit code."""
        done = self.run(*arguments)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def run(self, *arguments: str, stdin: str | None = None) -> "subprocess.CompletedProcess[str]":
        """Run a verb to its end."""
        return subprocess.run(
            [*TOKENTIDE, *arguments],
            env=self.environment,
            cwd=self.home.parent,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )

    def start(self, *arguments: str, ignores_ctrl_c: bool = False) -> "subprocess.Popen[str]":
        """Start a verb that runs until a signal. Its output and messages share one pipe."""
        # A shell starts jobs in the background with Ctrl-C ignored, which processes inherit, and
        # Dagster then ignores SIGTERM too.
        signals = "--ignore-signal=INT" if ignores_ctrl_c else "--default-signal=INT,TERM"
        return subprocess.Popen(
            ["env", signals, *TOKENTIDE, *arguments],
            env=self.environment,
            cwd=self.home.parent,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def rows(self, query: str) -> list[dict[str, Any]]:
        """Return the rows of a query on the newest generation."""
        rows: list[dict[str, Any]] = json.loads(self("sql", "--json", query))
        return rows
