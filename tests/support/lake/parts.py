"""Parts of the distributed form as processes, each with its log, that a test kills and restarts."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

INHERITED = ("PATH", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "TMPDIR")


@dataclass(frozen=True)
class LakePart:
    """A verb with its arguments, and the environment that its host gives it."""

    words: tuple[str, ...]
    given: Mapping[str, str]


@dataclass
class LakeParts:
    """Parts that run, by name, and how often each was killed."""

    folder: Path
    parts: Mapping[str, LakePart]
    kills: dict[str, int] = field(default_factory=dict)
    _running: "dict[str, subprocess.Popen[bytes]]" = field(default_factory=dict)

    def start(self, *names: str) -> None:
        """Start parts, or start them again."""
        for name in names:
            part = self.parts[name]
            inherited = {key: os.environ[key] for key in INHERITED if key in os.environ}
            with (self.folder / f"{name}.log").open("ab") as log:
                self._running[name] = subprocess.Popen(
                    [sys.executable, "-m", "pipelines", *part.words],
                    env={**inherited, **part.given},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )

    def kill(self, name: str) -> None:
        """End a part and all of its processes by SIGKILL, as where its host is gone."""
        running = self._running.pop(name)
        assert running.poll() is None, self.log(name)
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()
        self.kills[name] = self.kills.get(name, 0) + 1

    def end(self, name: str, seconds: float = 60.0) -> None:
        """End a part by SIGTERM, as whoever supervises it would."""
        running = self._running.pop(name)
        running.terminate()
        running.wait(seconds)

    def end_all(self) -> None:
        """End all that run, by force if need be."""
        for running in self._running.values():
            running.terminate()
        for running in self._running.values():
            try:
                running.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(running.pid, signal.SIGKILL)
                running.wait()
        self._running.clear()

    def check(self) -> None:
        """Fail where a part ended by itself, with what it printed."""
        for name, running in self._running.items():
            assert running.poll() is None, f"{name} ended: {self.log(name)}"

    def log(self, name: str) -> str:
        """Return the end of what a part printed."""
        return (self.folder / f"{name}.log").read_text(errors="replace")[-4000:]
