"""`tokentide serve` and `tokentide load` are the tier's own commands under the product's name."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pyarrow import ipc
from support.tier import tiny_checkpoint

Tokentide = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def tokentide(tmp_path: Path) -> Tokentide:
    """Run the command with a home of its own; `without` are modules that shall not be installed."""

    def run(*arguments: str, without: tuple[str, ...] = ()) -> "subprocess.CompletedProcess[str]":
        # None in sys.modules is how Python itself marks a module that cannot be imported.
        start = f"import sys; sys.modules.update(dict.fromkeys({without!r})); from pipelines.cli import main; main()"
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("TOKENTIDE_")
        }
        return subprocess.run(
            [sys.executable, "-c", start, *arguments],
            env={**environment, "TOKENTIDE_HOME": str(tmp_path / "home"), "COLUMNS": "120"},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return run


@pytest.mark.parametrize(("verb", "option"), [("serve", "--speculation"), ("load", "--poisson")])
def test_help_is_the_tiers_own(tokentide: Tokentide, verb: str, option: str) -> None:
    """Every option of the tier with its meaning, and examples."""
    done = tokentide(verb, "--help")
    assert done.returncode == 0, done.stderr
    assert option in done.stdout
    assert "examples:" in done.stdout


@pytest.mark.parametrize("verb", ["serve", "load"])
def test_options_reach_the_tier(tokentide: Tokentide, verb: str) -> None:
    """Also those that do not exist: it is the tier that refuses them, with its exit code."""
    done = tokentide(verb, "--no-such-option", "5")
    assert done.returncode == 2
    assert "unrecognized arguments" in done.stderr or "required" in done.stderr


def test_load_says_what_is_wrong_in_one_line(tokentide: Tokentide) -> None:
    """The tier's errors and exit codes are passed through."""
    done = tokentide("load", "--trace", "absent.csv")
    assert done.returncode == 1
    assert done.stderr.startswith("tokentide: The trace absent.csv cannot be opened")
    assert "Traceback" not in done.stderr


def test_serve_needs_its_extra(tokentide: Tokentide) -> None:
    """Where torch or a tokenizer is missing, the message names it and how to get it."""
    done = tokentide("serve", without=("tokenizers", "torch"))
    assert done.returncode == 1
    assert "pip install 'tokentide[serve]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_load_needs_no_torch(tokentide: Tokentide) -> None:
    """Whoever asks a server need not be able to run one."""
    assert (
        tokentide("load", "--help", without=("tokenizers", "torch", "prometheus_client")).returncode
        == 0
    )


def test_serve_refuses_what_cannot_be_served(tokentide: Tokentide, tmp_path: Path) -> None:
    """A model that is not there ends it with one line, before a port is opened."""
    done = tokentide("serve", "--port", "0", "--model", str(tmp_path / "absent"))
    assert done.returncode == 1
    assert done.stderr.startswith("tokentide: ")
    assert "Traceback" not in done.stderr


def test_what_is_loaded_is_what_was_served(tokentide: Tokentide, tmp_path: Path) -> None:
    """Both verbs together: what the client saw of its requests and the server's own log of them, in the home, agree."""
    model = tiny_checkpoint(tmp_path / "tiny")
    environment = {**os.environ, "TOKENTIDE_HOME": str(tmp_path / "home")}
    command = [
        sys.executable,
        "-m",
        "pipelines",
        "serve",
        "--port",
        "0",
        "--device",
        "cpu",
        "--model",
        str(model),
    ]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            address = re.search(r"http://[\d.:]+", server.stdout.readline())
            assert address is not None
            options = [
                "--url",
                f"{address[0]}/v1",
                "--poisson",
                "20",
                "--requests",
                "10",
                "--prompt-tokens",
                "30",
                "--max-tokens",
                "8",
            ]
            done = tokentide("load", *options, "--token-ids", "300", "--ignore-eos", "--json")
        finally:
            server.terminate()
            server.wait(30)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["answered"], report["prompt_tokens"], report["output_tokens"]) == (10, 300, 80)
    segments = sorted((tmp_path / "home" / "spool" / "requests").glob("*.arrow"))
    logged = [
        row
        for segment in segments
        for row in ipc.open_file(segment.read_bytes()).read_all().to_pylist()
    ]
    assert sum(row["prompt_tokens"] for row in logged) == 300
    assert [row["completion_tokens"] for row in logged] == [8] * 10
    # The server's own time to the first token lies within what the client waited for it.
    waited_ms = sorted(
        1000 * (row["first_token_at"] - row["arrival_at"]).total_seconds() for row in logged
    )
    assert waited_ms[-1] <= report["ttft"]["max_ms"] + 5
