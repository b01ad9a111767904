"""Dagster as one process of the product: its schedules, and its page behind the guard.

    python -m pipelines.supervision.dagster_server PORT

It does what `dagster dev` does (a code server that the other two share, the daemon, the page), but
that command has no place for a guard, and a second server before the page would leave the first
one open to every website. The instance is the one of DAGSTER_HOME.
"""

import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
import yaml
from dagster import DagsterInstance
from dagster._cli.proxy_server_manager import ProxyServerManager
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import ModuleTarget, WorkspaceFileTarget
from dagster._utils.log import configure_loggers
from dagster_webserver.app import create_app_from_workspace_process_context
from dagster_webserver.version import __version__

from pipelines import tether
from pipelines.settings import read_settings
from pipelines.supervision.left_runs import end_left_runs
from pipelines.supervision.page_guard import PageGuard

DEFINITIONS = "pipelines.definitions"
HOST = "127.0.0.1"
POLL_MILLISECONDS = 2000  # at which the page asks for new data
CLOSE_SECONDS = 1  # for pages to end their requests
STOP_SECONDS = 5.0  # for the daemon


def main() -> int:
    """Serve until a signal. Return 1 where the daemon ended by itself."""
    port = int(sys.argv[1])
    secret = read_settings().dashboard_secret
    configure_loggers(log_level="INFO")
    with (
        _instance() as instance,
        _workspace(instance) as workspace,
        _daemon(workspace) as daemon,
        WorkspaceProcessContext(
            instance,
            workspace_load_target=WorkspaceFileTarget([str(workspace)]),
            version=__version__,
        ) as context,
    ):
        page = create_app_from_workspace_process_context(
            context, live_data_poll_rate=POLL_MILLISECONDS
        )
        server = uvicorn.Server(
            uvicorn.Config(
                PageGuard(page, secret),
                host=HOST,
                port=port,
                log_level="warning",
                timeout_graceful_shutdown=CLOSE_SECONDS,
            )
        )
        threading.Thread(target=_end_with, args=(daemon, server), daemon=True).start()
        # uvicorn raises the signal again that ended it.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: setattr(server, "should_exit", True))
        server.run()
        code = 0 if daemon.poll() is None else 1
    _end_runs()
    return code


@contextmanager
def _instance() -> Iterator[DagsterInstance]:
    """Open the instance, without runs that an earlier start of this home left unfinished."""
    with DagsterInstance.get() as instance:
        # Each start, not each `up`: the supervisor starts a Dagster again that was killed.
        if ended := end_left_runs(instance):
            logging.getLogger("dagster").warning("%d runs had been left; they are closed.", ended)
        yield instance


@contextmanager
def _workspace(instance: DagsterInstance) -> Iterator[Path]:
    """Run the code server that the daemon and the page share; yield the file that names it."""
    target = ModuleTarget(
        module_name=DEFINITIONS,
        attribute=None,
        working_directory=str(Path.cwd()),
        location_name=None,
    )
    with (
        ProxyServerManager(instance, target, code_server_log_level="warning") as code,
        tempfile.TemporaryDirectory() as folder,
    ):
        path = Path(folder) / "workspace.yaml"
        path.write_text(yaml.dump({"load_from": code.get_code_server_specs()}))
        yield path


@contextmanager
def _daemon(workspace: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Run schedules, sensors and the queue of runs. It ends with this process."""
    tied = (tether.__file__, str(os.getpid()), str(int(signal.SIGINT)), "0")
    command = (sys.executable, "-m", "dagster._daemon", "run", "--workspace", str(workspace))
    process = subprocess.Popen([sys.executable, *tied, *command])
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()


def _end_runs() -> None:
    """Ask runs to end, which code servers wait for: minutes in which nobody supervises them.

    They say so in their record, and the next start repeats them. Only where all processes of the
    group are ours, as the supervisor starts them.
    """
    if os.getpgrp() == os.getpid():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.killpg(0, signal.SIGTERM)


def _end_with(daemon: "subprocess.Popen[bytes]", server: uvicorn.Server) -> None:
    code = daemon.wait()
    if not server.should_exit:
        logging.getLogger("dagster").error("The daemon ended with code %d.", code)
        server.should_exit = True


if __name__ == "__main__":
    sys.exit(main())
