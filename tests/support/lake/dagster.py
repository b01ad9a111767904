"""Dagster of the distributed form as processes on loopback, with a Redis that this starts too.

Its instance is deploy/dagster/dagster-postgres.yaml, but for shorter intervals.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from shutil import which

import dagster as dg
import yaml
from support.collecting import free_port
from support.deploy.files import DEPLOY
from support.lake.services import PASSWORD, LakeServices
from support.rules.requirements import require

from pipelines.settings import Settings

REDIS_PASSWORD = "lake-test-redis"
MODULE = "pipelines.distributed.definitions"
SECONDS = 300.0
# Of the instance in deploy/, which is for fleets, and not for tests that wait.
SHORTER = {"poll_interval_seconds": 2, "max_runtime_seconds": 60}


@dataclass
class LakeDagster:
    """Processes of Dagster, each with its log in the folder."""

    folder: Path
    services: LakeServices
    database: str
    settings: Settings
    redis_port: int = field(default_factory=free_port)
    code_port: int = field(default_factory=free_port)
    page_port: int = field(default_factory=free_port)
    processes: "dict[str, subprocess.Popen[bytes]]" = field(default_factory=dict)

    @property
    def variables(self) -> dict[str, str]:
        """Return the environment of all processes, and of an instance in this one."""
        return {
            **self.settings.variables,
            "DAGSTER_HOME": str(self.folder),
            "DAGSTER_POSTGRES_HOST": "127.0.0.1",
            "DAGSTER_POSTGRES_PORT": str(self.services.postgres_port),
            "DAGSTER_POSTGRES_USER": "lake",
            "DAGSTER_POSTGRES_PASSWORD": PASSWORD,
            "DAGSTER_POSTGRES_DB": self.database,
            "DAGSTER_CELERY_URL": f"redis://:{REDIS_PASSWORD}@127.0.0.1:{self.redis_port}/0",
            "DAGSTER_CODE_HOST": "127.0.0.1",
            "DAGSTER_ARTIFACTS": str(self.folder / "artifacts"),
        }

    def start(self) -> None:
        """Start Redis, the code location and the daemon, and wait until they answer."""
        self.folder.mkdir()
        config = yaml.safe_load((DEPLOY / "dagster" / "dagster-postgres.yaml").read_text())
        config["run_monitoring"] |= SHORTER
        (self.folder / "dagster.yaml").write_text(yaml.safe_dump(config))
        workspace = yaml.safe_load((DEPLOY / "dagster" / "workspace.yaml").read_text())
        workspace["load_from"][0]["grpc_server"]["port"] = self.code_port
        (self.folder / "workspace.yaml").write_text(yaml.safe_dump(workspace))
        redis = require(which("redis-server"), "no redis-server: install Debian's redis-server")
        self._start("redis", redis, "-", stdin=_redis_config(self.redis_port))
        self._python(
            "code", "dagster", "code-server", "start", "--module-name", MODULE,
            "--host", "127.0.0.1", "--port", str(self.code_port),
        )  # fmt: skip
        for port in (self.redis_port, self.code_port):
            wait_until(partial(answers, port))
        self._python("daemon", "dagster._daemon", "run", "--workspace", self._workspace)

    def start_worker(self, name: str, *queues: str) -> None:
        """Start a worker of celery that takes one run at a time."""
        self._python(
            name, "celery", "--app", "pipelines.distributed.worker", "worker",
            "--queues", ",".join(queues), "--concurrency", "1", "--hostname", f"{name}@test",
        )  # fmt: skip

    def start_page(self) -> str:
        """Start the page; return its address."""
        self._python(
            "page", "pipelines.distributed.page", self._workspace, "127.0.0.1", str(self.page_port)
        )
        return f"http://127.0.0.1:{self.page_port}"

    def kill(self, name: str) -> None:
        """Kill all processes of one that was started, as where its host is gone."""
        process = self.processes.pop(name)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop(self) -> None:
        """End all of it."""
        for name in reversed(list(self.processes)):
            self.kill(name)

    def kill_run(self, name: str) -> None:
        """Kill the process in which a worker executes its run; the worker itself stays."""
        pid = self.processes[name].pid
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            os.kill(int(child), signal.SIGKILL)

    @property
    def _workspace(self) -> str:
        return str(self.folder / "workspace.yaml")

    def _environment(self) -> dict[str, str]:
        inherited = ("PATH", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "TMPDIR")
        return {
            **{name: os.environ[name] for name in inherited if name in os.environ},
            **self.variables,
        }

    def _python(self, name: str, module: str, *arguments: str) -> None:
        self._start(name, sys.executable, "-m", module, *arguments)

    def _start(self, name: str, *command: str, stdin: bytes = b"") -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                command,
                env=self._environment(),
                cwd=self.folder,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        assert process.stdin
        process.stdin.write(stdin)
        process.stdin.close()
        self.processes[name] = process


@contextmanager
def lake_dagster(
    services: LakeServices, settings: Settings, folder: Path
) -> Iterator[tuple[LakeDagster, dg.DagsterInstance]]:
    """Run Dagster for a lake while the `with` lasts; give it, and its instance."""
    database = f"dagster{free_port()}"
    services.create_database(database)
    running = LakeDagster(folder, services, database, settings)
    before = dict(os.environ)
    os.environ.update(running.variables)
    try:
        running.start()
        with dg.DagsterInstance.from_config(str(folder)) as instance:
            yield running, instance
    finally:
        running.stop()
        os.environ.clear()
        os.environ.update(before)


def wait_until(condition: Callable[[], object], seconds: float = SECONDS) -> None:
    """Wait until something holds; fail where it does not in time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to hold in time"
        time.sleep(0.3)


def _redis_config(port: int) -> bytes:
    lines = (f"port {port}", "bind 127.0.0.1", f"requirepass {REDIS_PASSWORD}", 'save ""')
    return "\n".join(lines).encode()


def answers(port: int) -> bool:
    """Tell whether somebody takes connections on a port of loopback."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
