"""The dashboard's HTTP server: waitress, with connections that cannot be held for ever.

By itself waitress stops accepting at a hundred connections and keeps one open as long as a byte
comes now and then, so that anybody could silence the pages before a log-in. Here a request has to
be complete within twenty seconds, and where there are too many connections, one that waits makes
room for the new one.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any

from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer

THREADS = 8
# A browser opens six; each takes some kilobytes and a file descriptor, of which there are 1024.
MAX_CONNECTIONS = 400
REQUEST_SECONDS = 20  # from its first byte to its last, and for a connection to send another
CLEANUP_SECONDS = 2


class BoundedChannel(HTTPChannel):  # type: ignore[misc]
    """A connection whose clock does not begin again with each byte of a request."""

    last_activity: float

    def handle_read(self) -> None:
        """Read what has come, of a request that began when it began."""
        began = self.last_activity if self.request is not None else None
        super().handle_read()
        if began is not None and self.request is not None:
            self.last_activity = began


class DashboardServer(TcpWSGIServer):  # type: ignore[misc]
    """A server that always accepts."""

    channel_class = BoundedChannel

    def handle_accept(self) -> None:
        """Accept a connection; above the limit, close one whose request is not complete."""
        if len(self.active_channels) >= MAX_CONNECTIONS:
            self._make_room()
        super().handle_accept()

    def _make_room(self) -> None:
        channels = list(self.active_channels.values())
        shares = Counter(channel.addr[0] for channel in channels)
        # The oldest of the address that has most of them.
        waiting = min(
            (channel for channel in channels if not channel.requests),
            key=lambda channel: (-shares[channel.addr[0]], channel.last_activity),
            default=None,
        )
        if waiting is not None:
            waiting.handle_close()


def make_server(app: Callable[..., Any], host: str, port: int) -> DashboardServer:
    """Listen on an address. Raise OSError where that is not possible."""
    settings = Adjustments(
        host=host,
        port=port,
        threads=THREADS,
        ident=None,
        channel_timeout=REQUEST_SECONDS,
        cleanup_interval=CLEANUP_SECONDS,
        # Above ours, which makes room before.
        connection_limit=2 * MAX_CONNECTIONS,
        asyncore_use_poll=True,
    )
    return DashboardServer(app, adj=settings)
