"""The verb `simulate fleet`: what it refuses, and what it serves."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import stamina
from support.collecting import free_port
from typer.testing import CliRunner

from pipelines.cli import app


def test_a_tier_file_of_somebody_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "fleet.toml"
    path.write_text("mine")
    done = CliRunner().invoke(app, ["simulate", "fleet", "--tier", str(path)])
    assert done.exit_code != 0
    assert "there already" in str(done.exception)
    assert path.read_text() == "mine"


def test_a_fleet_that_cannot_be_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "fleet.toml"
    done = CliRunner().invoke(app, ["simulate", "fleet", "--alone", "0", "--tier", str(path)])
    assert "above 0" in str(done.exception)
    assert not path.exists()


def test_a_fleet_is_served_until_it_is_interrupted(tmp_path: Path) -> None:
    """Its truth is what was printed."""
    port = free_port()
    command = [sys.executable, "-m", "pipelines", "simulate", "fleet", "--port", str(port)]
    with subprocess.Popen(
        [*command, "--json", "--devices", "16"],
        cwd=tmp_path,
        env={**os.environ, "TOKENTIDE_HOME": str(tmp_path / "home")},
        stdout=subprocess.PIPE,
    ) as running:
        for attempt in stamina.retry_context(on=httpx.TransportError, timeout=60, attempts=None):
            with attempt:
                served = httpx.get(f"http://127.0.0.1:{port}/truth").json()
        running.send_signal(signal.SIGINT)
        output, _ = running.communicate(timeout=30)
    assert json.loads(output.splitlines()[0]) == served["truth"]
    assert f"http://127.0.0.1:{port}/targets" in (tmp_path / "fleet.toml").read_text()
    assert running.returncode in (0, 130, -signal.SIGINT)


@pytest.mark.parametrize("words", [["simulate", "--help"], ["simulate", "fleet", "--help"]])
def test_help_has_an_example_of_a_fleet(words: list[str]) -> None:
    assert "tokentide simulate fleet" in CliRunner().invoke(app, words).output
