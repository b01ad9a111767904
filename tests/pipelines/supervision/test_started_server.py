"""Servers that are started for a time: ready, ended, and never left behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
from support.collecting import free_port
from support.inference.http_server import serve_app

from models.loadgen.target import LoadTarget
from pipelines.errors import BadSetting, ServerNotStarted
from pipelines.supervision.started_server import is_up, split_command, started_server

SERVER = """
import http.server, json, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"data": [{"id": "m"}]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
SECONDS = 60


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "server.py"
    path.write_text(SERVER)
    return path


def answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/v1/models", trust_env=False).is_success
    except httpx.HTTPError:
        return False


def test_a_server_is_ready_once_it_lists_a_model_and_ends_with_the_block(
    tmp_path: Path, script: Path
) -> None:
    port = free_port()
    target = LoadTarget(f"http://127.0.0.1:{port}/v1")
    with started_server(f"{sys.executable} {script} {port}", tmp_path / "a.log") as server:
        server.wait_until_ready(target, SECONDS, lambda seconds: None)
        assert answers(port)
        assert server.started_at < time.perf_counter()
    assert not answers(port)


def test_a_server_that_ends_is_an_error_with_its_last_words(tmp_path: Path) -> None:
    target = LoadTarget(f"http://127.0.0.1:{free_port()}/v1")
    command = f"{sys.executable} -c \"print('no such model'); raise SystemExit(3)\""
    with (
        started_server(command, tmp_path / "a.log") as server,
        pytest.raises(ServerNotStarted, match=r"(?s)ended with code 3.*no such model.*a\.log"),
    ):
        server.wait_until_ready(target, SECONDS, lambda seconds: None)


@pytest.mark.parametrize(("status", "is_ready"), [(404, True), (401, True), (503, False)])
def test_a_server_that_declines_to_list_models_is_up(status: int, is_ready: bool) -> None:
    """It may want a key, or its model named; one that is loading says 503."""
    app = Starlette(routes=[Route("/v1/models", lambda _: Response("", status))])
    with serve_app(app) as url:
        assert is_up(LoadTarget(f"{url}/v1")) is is_ready


def test_a_server_that_takes_too_long_is_an_error(tmp_path: Path) -> None:
    target = LoadTarget(f"http://127.0.0.1:{free_port()}/v1")
    command = f'{sys.executable} -c "import time; time.sleep(600)"'
    with (
        started_server(command, tmp_path / "a.log") as server,
        pytest.raises(ServerNotStarted, match=r"does not reply at .* after 0\.5 s"),
    ):
        server.wait_until_ready(target, 0.5, lambda seconds: None)


@pytest.mark.parametrize(
    ("command", "words"),
    [("no-such-program serve", "no-such-program is no program"), ("a 'b", "Close its quotes")],
)
def test_a_command_that_cannot_start_is_an_error_at_once(command: str, words: str) -> None:
    with pytest.raises(BadSetting, match=words):
        split_command(command)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="Only Linux ends a child with its parent.")
def test_a_server_ends_even_if_its_starter_is_killed(tmp_path: Path, script: Path) -> None:
    """SIGKILL runs no cleanup of ours; the kernel tells the guardian."""
    port = free_port()
    program = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from pipelines.supervision.started_server import StartedServer\n"
        "StartedServer(sys.argv[1], Path(sys.argv[2]))\n"
        "time.sleep(600)\n"
    )
    words = [sys.executable, "-c", program, f"{sys.executable} {script} {port}"]
    starter = subprocess.Popen([*words, str(tmp_path / "a.log")])
    wait_until(lambda: answers(port))
    os.kill(starter.pid, signal.SIGKILL)
    starter.wait(SECONDS)
    wait_until(lambda: not answers(port))


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)
