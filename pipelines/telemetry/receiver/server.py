"""The receiver's HTTP server: uvicorn, with bounded connections, and signals left to the caller."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from models.server.access.connections import BoundedConnection
from pipelines.telemetry.receiver.http_app import make_app
from pipelines.telemetry.receiver.receiver import PushReceiver

CLOSE_SECONDS = 5  # for requests to end
MAX_CONNECTIONS = 256


class PushServer(uvicorn.Server):
    """A server that is ended by its `should_exit` alone."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone: uvicorn would raise them again once it has ended."""
        yield


async def serve(
    receiver: PushReceiver,
    listener: socket.socket,
    key: str | None,
    stop: asyncio.Event,
    connection: type[BoundedConnection] = BoundedConnection,
) -> None:
    """Serve until `stop` is set; then answer what has come, and write all of it into a segment.

    `connection` says how long a request may take to be complete.
    """
    config = uvicorn.Config(
        make_app(receiver, key, listener.getsockname()[0]),
        http=connection,
        log_level="warning",
        access_log=False,
        lifespan="off",
        limit_concurrency=MAX_CONNECTIONS,
        timeout_graceful_shutdown=CLOSE_SECONDS,
    )
    server = PushServer(config)
    serving = asyncio.create_task(server.serve([listener]))
    writing = asyncio.create_task(receiver.run(stop))
    await asyncio.wait([serving, writing], return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    await serving
    stop.set()
    await writing
    await receiver.close()
