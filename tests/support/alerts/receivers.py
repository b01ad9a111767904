"""Receivers on loopback: a webhook and a mail server that keep what they were sent."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any


@dataclass
class Webhook:
    """A webhook: its address, the statuses that it answers in order, and what it received."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    delay: float = 0.0
    location: str | None = None
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def ids(self) -> list[str]:
        """Return the id of each request, in the order of arrival."""
        return [headers["Idempotency-Key"] for headers in self.headers]

    def events(self) -> list[tuple[str, str]]:
        """Return event and subject of each alert of each notification, in order."""
        return [
            (alert["event"], alert["subject"]) for body in self.bodies for alert in body["alerts"]
        ]


@contextmanager
def webhook(*statuses: int, delay: float = 0.0, location: str | None = None) -> Iterator[Webhook]:
    """Run a webhook while the `with` lasts; after its statuses it answers 204."""
    found = Webhook("", list(statuses), delay, location)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.bodies.append(json.loads(body))
            found.headers.append(dict(self.headers))
            time.sleep(found.delay)
            self.send_response(found.statuses.pop(0) if found.statuses else 204)
            if found.location:
                self.send_header("Location", found.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *words: object) -> None:
            """Print nothing."""

        def finish(self) -> None:
            # A client that was killed, or lost patience, has closed the connection.
            with _ignoring_broken_pipes():
                super().finish()

        def handle(self) -> None:
            with _ignoring_broken_pipes():
                super().handle()

    with _serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as port:
        found.url = f"http://127.0.0.1:{port}/hook?key=s3cret"
        yield found


@dataclass
class MailServer:
    """A mail server without encryption: its port, what it answers, and the mails it took."""

    port: int = 0
    data_reply: bytes = b"250 taken"
    pause: float = 0.0
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)


class _MailHandler(StreamRequestHandler):
    """One connection of the mail server, which is an attribute of its socket's server."""

    def handle(self) -> None:
        """Answer each command; what is no mail is always well."""
        with _ignoring_broken_pipes():
            self._say(b"220 loopback")
            while line := self.rfile.readline():
                verb = line.strip().upper()[:4]
                if verb == b"QUIT":
                    self._say(b"221 bye")
                    return
                if verb == b"RCPT":
                    self._found.recipients.append(line.decode().strip())
                if verb == b"DATA":
                    self._take()
                else:
                    self._say(b"250 well")

    @property
    def _found(self) -> MailServer:
        found: MailServer = self.server.mail_server  # type: ignore[attr-defined]
        return found

    def _take(self) -> None:
        self._say(b"354 go on")
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line)
        mail = message_from_bytes(b"".join(lines), policy=policy.default)
        if self._found.data_reply.startswith(b"2") and isinstance(mail, EmailMessage):
            self._found.mails.append(mail)
        self._say(self._found.data_reply)

    def _say(self, line: bytes) -> None:
        if not self._found.pause:
            self.wfile.write(line + b"\r\n")
            return
        for byte in line:
            self.wfile.write(bytes([byte]))
            time.sleep(self._found.pause)


@contextmanager
def mail_server(data_reply: bytes = b"250 taken", pause: float = 0.0) -> Iterator[MailServer]:
    """Run a mail server while the `with` lasts; with a pause it sends a byte at a time."""
    found = MailServer(0, data_reply, pause)
    server = ThreadingTCPServer(("127.0.0.1", 0), _MailHandler)
    server.mail_server = found  # type: ignore[attr-defined]
    with _serving(server) as port:
        found.port = port
        yield found


@contextmanager
def _serving(server: ThreadingTCPServer | ThreadingHTTPServer) -> Iterator[int]:
    server.daemon_threads = True
    server.block_on_close = False
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def _ignoring_broken_pipes() -> Iterator[None]:
    try:
        yield
    except (BrokenPipeError, ConnectionResetError, ValueError):
        return
