"""The receiver's HTTP server: uvicorn, with bounded connections, and signals left to the caller."""

from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from models.server.access.connections import BoundedConnection
from pipelines.telemetry.receiver.http_app import make_app

__all__ = ["PushServer", "make_app", "make_server"]

CLOSE_SECONDS = 5  # for requests to end
MAX_CONNECTIONS = 256


class PushServer(uvicorn.Server):
    """A server that is ended by its `should_exit` alone."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone: uvicorn would raise them again once it has ended."""
        yield


def make_server(app: ASGIApp) -> PushServer:
    """Make the server; each request has 30 seconds to be complete."""
    return PushServer(
        uvicorn.Config(
            app,
            http=BoundedConnection,
            log_level="warning",
            access_log=False,
            lifespan="off",
            limit_concurrency=MAX_CONNECTIONS,
            timeout_graceful_shutdown=CLOSE_SECONDS,
        )
    )
