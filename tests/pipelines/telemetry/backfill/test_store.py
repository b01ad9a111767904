"""Errors of a store name what to do next, and never a secret."""

import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from support.rules.requirements import require
from support.scripted_server import Responder, bytes_response, json_response, scripted_server

from pipelines.errors import HistoryFailed, HistoryTooLarge
from pipelines.telemetry.backfill.store import MetricStore

AT = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("response", "kind", "message"),
    [
        (bytes_response(b"Unauthorized", 401), HistoryFailed, "--header Authorization="),
        (json_response(403, {"error": "no"}), HistoryFailed, "--header Authorization="),
        (json_response(422, {"error": "too many samples"}), HistoryTooLarge, "ask for less"),
        (json_response(400, {"error": "parse error"}), HistoryFailed, "parse error"),
        (bytes_response(b"<html>"), HistoryFailed, "Is it Prometheus' HTTP API"),
        (json_response(200, {"status": "success", "data": [1]}), HistoryFailed, "names of metrics"),
        (json_response(200, ["x"]), HistoryFailed, "refused"),
    ],
)
def test_what_a_store_refuses_says_what_to_do(
    response: Responder, kind: type[HistoryFailed], message: str
) -> None:
    """In its own words, if it has some."""
    with scripted_server(response) as server, MetricStore(server.url, {"X-Key": "secret"}) as store:
        with pytest.raises(kind, match=message) as raised:
            store.metric_names(AT, AT)
        assert "secret" not in str(raised.value)
    assert server.received[0].headers["x-key"] == "secret"


def test_a_redirect_is_not_followed() -> None:
    """A header's secret would go to another server."""
    moved = bytes_response(b"", 302, location="http://127.0.0.1:1/")
    with (
        scripted_server(moved) as server,
        MetricStore(server.url) as store,
        pytest.raises(HistoryFailed, match="302"),
    ):
        store.metric_names(AT, AT)


def test_a_store_that_scrapes_nothing_has_no_targets() -> None:
    """It is no error: the history is there all the same."""
    unsupported = bytes_response(b"unsupported", 400)
    with scripted_server(unsupported) as server, MetricStore(server.url) as store:
        assert store.targets() is None


class Names(BaseHTTPRequestHandler):
    """Responds with one name."""

    def do_GET(self) -> None:
        """Respond to any path."""
        body = b'{"status": "success", "data": ["up"]}'
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""


@pytest.fixture
def tls_store(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Serve names with a certificate that nobody knows; yield the address and its file."""
    openssl = require(shutil.which("openssl"), "no openssl: install it")
    path = tmp_path / "store.pem"
    name = ("-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1")
    made = ("-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", path, "-out", path)
    subprocess.run([openssl, "req", "-x509", *made, *name], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Names)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_port}", path
    finally:
        server.shutdown()
        server.server_close()


def test_a_file_of_certificates_is_trusted(tls_store: tuple[str, Path]) -> None:
    """Without it the message names the option."""
    url, path = tls_store
    with MetricStore(url) as store, pytest.raises(HistoryFailed, match="--ca-file"):
        store.metric_names(AT, AT)
    with MetricStore(url, ca_file=path) as store:
        assert store.metric_names(AT, AT) == ["up"]
