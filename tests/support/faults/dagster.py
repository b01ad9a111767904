"""Dagster of a home under the supervisor that `tokentide up` has, for tests that kill either.

    python -m support.faults.dagster PORT

Runs both until it is killed; the home is that of TOKENTIDE_HOME.
"""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import httpx

from pipelines.settings import Settings, read_settings
from pipelines.supervision.product import free_port, make_environment, schedules_service
from pipelines.supervision.supervisor import Supervisor

TESTS = Path(__file__).resolve().parents[2]
NOBODY = "http://127.0.0.1:1"
WAIT_SECONDS = 300.0
REPOSITORIES = """{ repositoriesOrError { ... on RepositoryConnection {
    nodes { name location { name } }
} } }"""
LAUNCH = """mutation launch($selector: JobOrPipelineSelector!) {
    launchRun(executionParams: {selector: $selector, runConfigData: {}, mode: "default"}) {
        __typename
        ... on LaunchRunSuccess { run { runId } }
        ... on PythonError { message }
    }
}"""
PARENT = "dagster/parent_run_id"
PROCESS_OF_RUN = re.compile(r"\(pid: (\d+)\)")


class SupervisedDagster:
    """The supervisor's process, the address of Dagster's page, and the runs of the home."""

    def __init__(self, process: "subprocess.Popen[bytes]", settings: Settings, port: int) -> None:
        self.process = process
        self._settings = settings
        self._url = f"http://127.0.0.1:{port}"

    def await_page(self) -> None:
        """Wait until the page answers."""
        self._wait(lambda: self._ask("{ version }") is not None)

    def launch(self, job: str) -> str:
        """Launch a run; return its id."""
        data = self._ask(REPOSITORIES)
        assert data
        [repository] = data["repositoriesOrError"]["nodes"]
        selector = {
            "repositoryName": repository["name"],
            "repositoryLocationName": repository["location"]["name"],
            "jobName": job,
        }
        launched = self._ask(LAUNCH, selector=selector)
        assert launched
        assert launched["launchRun"]["__typename"] == "LaunchRunSuccess", launched
        run_id: str = launched["launchRun"]["run"]["runId"]
        return run_id

    def await_process_of(self, run_id: str) -> int:
        """Wait until a run has a process; return its number."""
        found: list[str] = []

        def look() -> bool:
            with self._instance() as instance:
                entries = instance.all_logs(run_id, of_type=dg.DagsterEventType.ENGINE_EVENT)
            for entry in entries:
                found.extend(PROCESS_OF_RUN.findall(entry.message))
                found.extend(str(value) for value in _process_numbers(entry))
            return bool(found)

        self._wait(look)
        return int(found[0])

    def server_process(self) -> int:
        """Return the number of the process that is Dagster's page and parent of all others."""
        children = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        [number] = [int(each) for path in children for each in path.read_text().split()]
        return number

    def await_success(self, run_id: str) -> bool:
        """Wait until a run has ended, and what repeats it; tell whether the last one succeeded."""
        self._wait(lambda: self._run(run_id).is_finished)
        if self._run(run_id).is_success:
            return True
        repeated = dg.RunsFilter(tags={PARENT: run_id})

        def is_repeated() -> bool:
            with self._instance() as instance:
                return bool(instance.get_runs(repeated))

        self._wait(is_repeated)
        with self._instance() as instance:
            [run] = instance.get_runs(repeated)
        return self.await_success(run.run_id)

    def _run(self, run_id: str) -> dg.DagsterRun:
        with self._instance() as instance:
            run = instance.get_run_by_id(run_id)
        assert run
        return run

    def _instance(self) -> dg.DagsterInstance:
        return dg.DagsterInstance.from_config(str(self._settings.dagster))

    def _ask(self, query: str, **variables: Any) -> dict[str, Any] | None:
        """Return what Dagster's page gets; None while nobody answers."""
        body = {"query": query, "variables": variables}
        try:
            reply = httpx.post(f"{self._url}/graphql", json=body, timeout=60)
        except httpx.TransportError:
            return None
        data: dict[str, Any] | None = reply.json().get("data")
        return data

    def _wait(self, is_so: Callable[[], bool]) -> None:
        end = time.monotonic() + WAIT_SECONDS
        while not is_so():
            assert self.process.poll() is None, self.log()
            assert time.monotonic() < end, self.log()
            time.sleep(0.2)

    def log(self) -> str:
        """Return the end of what Dagster has printed."""
        path = self._settings.logs / "schedules.log"
        return path.read_text(errors="replace")[-4000:] if path.exists() else "no log"


def _process_numbers(entry: dg.EventLogEntry) -> list[object]:
    event = entry.dagster_event
    metadata = event.engine_event_data.metadata if event else {}
    return [metadata["pid"].value] if "pid" in metadata else []


@contextmanager
def supervised_dagster(settings: Settings) -> Iterator[SupervisedDagster]:
    """Run the supervisor with Dagster in a home; end both in order, as Ctrl-C does."""
    port = free_port(32_000)
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent)]),
        "TOKENTIDE_HOME": str(settings.home),
        "TOKENTIDE_TIER": str(settings.tier),
        "TOKENTIDE_OPENROUTER_URL": NOBODY,
    }
    command = [sys.executable, "-m", "support.faults.dagster", str(port)]
    with subprocess.Popen(command, env=environment, cwd=settings.home) as process:
        try:
            yield SupervisedDagster(process, settings, port)
        finally:
            process.terminate()
            process.wait(60)


def main() -> None:
    """Supervise Dagster until SIGTERM."""
    settings = read_settings()
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    supervisor = Supervisor(settings.logs, print)
    supervisor.start()
    supervisor.add([schedules_service(make_environment(settings), int(sys.argv[1]))])
    ended.wait()
    supervisor.stop()


if __name__ == "__main__":
    main()
