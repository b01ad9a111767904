"""`tokentide up` while the network is down: a simulated market gives way to the real one."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from support.collecting import free_port
from support.simulator import KEY

from pipelines.archive import Archive
from pipelines.cli.up import watch_for
from pipelines.settings import Settings

ROOT = Path(__file__).resolve().parents[3]


def run(arguments: list[str], folder: Path, **variables: str) -> "subprocess.Popen[bytes]":
    """Start a verb in a folder, its output in a file there."""
    command = ["env", "--default-signal=INT", sys.executable, "-m", "pipelines", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    with (folder / f"{arguments[0]}.txt").open("wb") as output:
        return subprocess.Popen(
            command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT
        )


def wait_until(is_so: Callable[[], object], seconds: float, output: Path) -> None:
    """Wait for something that happens in this time."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, output.read_text()
        time.sleep(0.3)


def hosts(home: Path) -> set[str]:
    """Return the hosts of all answers of a home's archive."""
    return {urlsplit(answer.url).netloc for answer in Archive(home / "raw").answers()}


def test_a_market_that_cannot_be_reached_is_asked_again(tmp_path: Path) -> None:
    """Until the `with` ends, in a thread that nobody waits for."""
    answers = threading.Event()
    # Nobody listens at a port that is held, and nobody else can get it.
    with closing(socket.socket()) as held:
        held.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{held.getsockname()[1]}/api/v1"
        with watch_for(Settings(home=tmp_path, openrouter_url=url), answers, seconds=0.05):
            assert not answers.wait(0.5)


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.timeout(1900)
def test_the_real_market_takes_the_place_of_the_simulated_one(tmp_path: Path) -> None:
    """Both have a home, an archive and published files, and neither holds the other's answers."""
    port, home = free_port(), tmp_path / "home"
    ports = ["--port", str(free_port()), "--dashboard-port", str(free_port())]
    variables = {
        "TOKENTIDE_HOME": str(home),
        "TOKENTIDE_OPENROUTER_URL": f"http://127.0.0.1:{port}/api/v1",
        "OPENROUTER_API_KEY": KEY,
    }
    product = run(["up", "--no-tier", *ports], tmp_path, **variables)
    output = tmp_path / "up.txt"
    market = None
    try:
        wait_until((home / "simulated" / "published" / "tokentide.duckdb").exists, 900, output)
        options = ["--port", str(port), "--no-limits", "--key", KEY]
        market = run(["simulate", *options], tmp_path)
        wait_until((home / "published" / "tokentide.duckdb").exists, 900, output)
        assert product.poll() is None
        assert "takes the place of the simulated market" in output.read_text().replace("\n", " ")
        assert hosts(home) == {f"127.0.0.1:{port}"}
        assert hosts(home) & hosts(home / "simulated") == set()
    finally:
        product.kill()
        product.wait()
        if market:
            market.kill()
            market.wait()
