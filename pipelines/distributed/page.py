"""Dagster's page of the distributed form, behind the guard that `tokentide up` has before its own.

    python -m pipelines.distributed.page WORKSPACE [HOST [PORT]]

Where TOKENTIDE_DASHBOARD_SECRET is set, it asks for it; bound to more than loopback, it demands
that it is set.
"""

import sys

import uvicorn
from dagster import DagsterInstance
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster_webserver.app import create_app_from_workspace_process_context
from dagster_webserver.version import __version__

from pipelines.errors import BadSetting
from pipelines.settings import read_settings
from pipelines.supervision.page_guard import PageGuard

LOOPBACK = "127.0.0.1"
PORT = 3000


def main(workspace: str, host: str = LOOPBACK, port: str = str(PORT)) -> None:
    """Serve until a signal. Raise BadSetting where others could reach it without a secret."""
    secret = read_settings().dashboard_secret
    if host != LOOPBACK and not secret:
        raise BadSetting(
            f"On {host} others can reach Dagster's page: set TOKENTIDE_DASHBOARD_SECRET, "
            f"or serve it on {LOOPBACK}."
        )
    with (
        DagsterInstance.get() as instance,
        WorkspaceProcessContext(
            instance, workspace_load_target=WorkspaceFileTarget([workspace]), version=__version__
        ) as context,
    ):
        page = create_app_from_workspace_process_context(context)
        uvicorn.run(PageGuard(page, secret), host=host, port=int(port), log_level="warning")


if __name__ == "__main__":
    main(*sys.argv[1:])
