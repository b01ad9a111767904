"""One scrape of a page or a command: whole and in time, or a failure with one short name."""

import asyncio
import shutil
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import Response
from support.rules.requirements import require
from support.scripted_server import bytes_response, scripted_server

from pipelines.errors import BadSetting
from pipelines.telemetry.collector.scraping import (
    ScrapeFailed,
    check_authorities,
    fetch_page,
    make_client,
    make_context,
    run_command,
)
from pipelines.telemetry.config.tier import Target, Tier
from pipelines.telemetry.metrics.exposition import MAX_BYTES


def fetch(
    url: str,
    seconds: float = 10,
    headers: Mapping[str, str] | None = None,
    context: ssl.SSLContext | None = None,
) -> bytes:
    async def run() -> bytes:
        async with make_client(headers or {}, context or make_context()) as client:
            return await fetch_page(client, url, seconds)

    return asyncio.run(run())


def execute(*command: str, seconds: float = 20) -> bytes:
    return asyncio.run(run_command(command, seconds))


def python(script: str) -> tuple[str, str, str]:
    return sys.executable, "-c", script


def test_a_page_is_requested_in_the_text_format() -> None:
    """Headers of the target are added."""
    with scripted_server(bytes_response(b"up 1\n")) as server:
        assert fetch(f"{server.url}/metrics", headers={"X-Key": "k"}) == b"up 1\n"
    [request] = server.received
    assert request.path.endswith("/metrics")
    assert request.headers["accept"].startswith("text/plain;version=0.0.4")
    assert request.headers["x-key"] == "k"


def test_a_client_keeps_its_connection() -> None:
    """A thousand targets would otherwise open a thousand connections every few seconds."""
    peers = []

    def remember(request: Request) -> Response:
        assert request.client
        peers.append(request.client.port)
        return Response(b"up 1\n")

    async def fetch_twice(url: str) -> None:
        async with make_client({}, ssl.create_default_context()) as client:
            for _ in range(2):
                await fetch_page(client, url, 10)

    with scripted_server(remember) as server:
        asyncio.run(fetch_twice(server.url))
    assert len(peers) == 2
    assert len(set(peers)) == 1


def test_a_redirect_to_another_server_is_not_followed() -> None:
    """It could carry a header's secret to another host."""
    with (
        scripted_server(bytes_response(b"")) as other,
        scripted_server(bytes_response(b"", 307, Location=other.url)) as it,
    ):
        with pytest.raises(ScrapeFailed) as raised:
            fetch(it.url, headers={"Authorization": "s3cret"})
        assert (raised.value.reason, other.received) == ("status_307", [])


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize("host", ["", "http://127.0.0.1:{port}", "https://127.0.0.1:9"])
def test_a_redirect_within_the_host_is_followed(status: int, host: str) -> None:
    """Servers redirect to the address with a slash; behind a proxy they name their own port.

    The request stays at the address of the tier file, with its headers.
    """

    def redirect(request: Request) -> Response:
        if request.url.path.endswith("/metrics/"):
            return Response(b"up 1\n")
        place = f"{host.format(port=request.url.port)}{request.url.path}/"
        return Response(b"", status, {"Location": place})

    with scripted_server(redirect) as server:
        page = fetch(f"{server.url.rstrip('/')}/metrics", headers={"Authorization": "s3cret"})
    assert page == b"up 1\n"
    assert [each.headers["authorization"] for each in server.received] == ["s3cret"] * 2


def test_redirects_in_a_circle_end() -> None:
    def circle(request: Request) -> Response:
        there = "b" if request.url.path.endswith("a") else "a"
        return Response(b"", 302, {"Location": there})

    with scripted_server(circle) as server, pytest.raises(ScrapeFailed, match="status_302"):
        fetch(f"{server.url.rstrip('/')}/a")


@pytest.mark.parametrize("page", [b"<!DOCTYPE html><p>Sign in", b"\n<html>", b"<HTML lang=en>"])
def test_a_web_page_is_no_metrics(page: bytes) -> None:
    """The address is wrong, or a proxy asks to sign in."""
    with scripted_server(bytes_response(page)) as server, pytest.raises(ScrapeFailed, match="html"):
        fetch(server.url)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file with a key and its own certificate."""
    openssl = require(shutil.which("openssl"), "no openssl: install it")
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    options = [
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
    ]
    names = "subjectAltName=IP:127.0.0.1,DNS:localhost"
    subprocess.run(
        [
            openssl,
            *options,
            "-subj",
            "/CN=localhost",
            "-addext",
            names,
            "-keyout",
            path.with_suffix(".key"),
            "-out",
            path,
        ],
        check=True,
        capture_output=True,
    )
    return path


@contextmanager
def tls_server(certificate: Path) -> Iterator[str]:
    """Serve a page over TLS and yield its address."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"up 1\n")

        def log_message(self, format: str, *args: object) -> None:
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_suffix(".key"))
    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"https://127.0.0.1:{server.server_address[1]}/metrics"
        server.shutdown()


def test_a_certificate_of_no_known_authority_has_its_reason(certificate: Path) -> None:
    """A file of authorities makes it known."""
    with tls_server(certificate) as url:
        with pytest.raises(ScrapeFailed, match="certificate"):
            fetch(url)
        assert fetch(url, context=make_context(certificate)) == b"up 1\n"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_guarded_client_checks_the_certificate_of_the_name(certificate: Path, host: str) -> None:
    """Though it connects to an address that it has looked up before."""
    known = make_context(certificate)
    with tls_server(certificate) as address:
        url = address.replace("127.0.0.1", host)
        assert fetch(url, context=known) == b"up 1\n"
        with pytest.raises(ScrapeFailed, match="certificate"):
            fetch(url)


def test_a_server_without_tls_has_its_reason() -> None:
    with scripted_server() as server, pytest.raises(ScrapeFailed, match="tls"):
        fetch(server.url.replace("http:", "https:"))


def test_a_file_without_certificates_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("none")
    for name in ("ca.pem", "missing.pem"):
        with pytest.raises(BadSetting, match=f"{name} cannot be used"):
            make_context(tmp_path / name)
        target = Target("a", "https://h:1", "vllm", ca_file=tmp_path / name)
        with pytest.raises(BadSetting, match=f"{name} cannot be used"):
            check_authorities(Tier((target,)))


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://127.0.0.1:1/", "refused"),
        ("http://nowhere.invalid/", "unknown_host"),
        (f"http://{'a' * 64}.invalid/", "unknown_host"),
    ],
)
def test_a_server_that_cannot_be_reached_has_a_reason(url: str, reason: str) -> None:
    with pytest.raises(ScrapeFailed) as raised:
        fetch(url)
    assert raised.value.reason == reason


def test_a_slow_page_is_given_up() -> None:
    def slow(request: Request) -> Response:
        time.sleep(0.5)
        return Response(b"up 1\n")

    with scripted_server(slow) as server, pytest.raises(ScrapeFailed, match="timeout"):
        fetch(server.url, seconds=0.1)


@pytest.mark.parametrize(("size", "is_whole"), [(MAX_BYTES, True), (MAX_BYTES + 1, False)])
def test_a_page_has_a_maximum_size(size: int, is_whole: bool) -> None:
    """Half a page would be counters that seem to be gone."""
    with scripted_server(bytes_response(b"#" * size)) as server:
        if is_whole:
            assert len(fetch(server.url, seconds=60)) == size
        else:
            with pytest.raises(ScrapeFailed, match="too_large"):
                fetch(server.url, seconds=60)


def test_an_unknown_error_of_a_client_is_not_swallowed() -> None:
    """An address that no request can be made of is a fault of ours."""
    with pytest.raises(ValueError, match="port"):
        fetch("http://h:port")


def test_the_output_of_a_command_is_read() -> None:
    """Its errors are not."""
    script = "import sys; print('out'); print('err', file=sys.stderr)"
    assert execute(*python(script)) == b"out\n"


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (("/no/such/npu-smi",), "no_such_command"),
        (python("raise SystemExit(3)"), "exit_3"),
        (python("import os; os.kill(os.getpid(), 9)"), "exit_-9"),
        (python(f"print('x' * {MAX_BYTES + 1})"), "too_large"),
    ],
)
def test_a_command_that_fails_has_a_reason(command: tuple[str, ...], reason: str) -> None:
    with pytest.raises(ScrapeFailed) as raised:
        execute(*command)
    assert raised.value.reason == reason


def test_a_command_that_hangs_is_killed() -> None:
    """Its time is bounded like that of a page."""
    started = time.monotonic()
    with pytest.raises(ScrapeFailed, match="timeout"):
        execute(*python("import time; time.sleep(60)"), seconds=0.5)
    assert time.monotonic() - started < 30
