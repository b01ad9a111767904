"""A loader or a builder as a process that kills itself at a step: python loaders.py WHAT STEP N.

The settings come from the environment. The process ends with SIGKILL at the Nth time that the step
ends, and otherwise as usual.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

from pipelines.settings import Settings, read_settings

TESTS = Path(__file__).resolve().parents[2]
PROCESSES = {"load", "build"}


def start(
    what: str, settings: Settings, step: str = "", number: int = 1
) -> "subprocess.Popen[bytes]":
    """Start a process of this kind with these settings."""
    ours = {
        name: value
        for name, value in settings.variables.items()
        if name.startswith(("TOKENTIDE_", "AWS_", "PG"))
    }
    paths = [str(TESTS.parent), str(TESTS), *filter(None, [os.environ.get("PYTHONPATH")])]
    inherited = {n: v for n, v in os.environ.items() if not n.startswith("TOKENTIDE_")}
    return subprocess.Popen(
        [sys.executable, __file__, what, step, str(number)],
        env=inherited | ours | {"PYTHONPATH": os.pathsep.join(paths)},
        cwd=settings.home.parent,
    )


def _kill_at(step: str, number: int) -> "object":
    left = [number]

    def on_step(*at: str) -> None:
        left[0] -= at[-1] == step
        if at[-1] == step and not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)

    return on_step


def _run(what: str, step: str, number: int) -> None:
    from pipelines.lake.building import build_from_lake
    from pipelines.lake.connection import open_lake
    from pipelines.lake.loading import load_waiting
    from pipelines.lake.spool import list_waiting
    from pipelines.services.object_store import ObjectStore

    settings, on_step = read_settings(dotenv=Path("/nonexistent/.env")), _kill_at(step, number)
    if what == "build":
        build_from_lake(settings, on_step=on_step)  # type: ignore[arg-type]
        return
    assert settings.services.spool
    with open_lake(settings) as lake:
        load_waiting(lake, list_waiting(ObjectStore(settings.services.spool)), on_step)  # type: ignore[arg-type]


if __name__ == "__main__":
    _run(sys.argv[1], sys.argv[2], int(sys.argv[3]))
