"""`serve` and `load` pass on to the tier's own commands; `ingest telemetry` checks its options."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pyarrow import ipc
from support.cli.command import Command
from support.tier import tiny_checkpoint

TIER = """
[[target]]
name = "ours"
url = "http://127.0.0.1:9/metrics"
engine = "vllm"
"""
# None in sys.modules is how Python itself marks a module that cannot be imported.
WITHOUT = """
import sys
sys.modules.update(dict.fromkeys(sys.argv.pop(1).split(",")))
from pipelines.cli import main
main()
"""


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """Return the command with a fresh home and a tier file."""
    (tmp_path / "tier.toml").write_text(TIER)
    return Command(tmp_path / "home", TOKENTIDE_TIER=str(tmp_path / "tier.toml"))


def run_without(
    modules: str, command: Command, *arguments: str
) -> "subprocess.CompletedProcess[str]":
    """Run the command as where these modules are not installed."""
    return subprocess.run(
        [sys.executable, "-c", WITHOUT, modules, *arguments],
        env=command.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(("verb", "option"), [("serve", "--speculation"), ("load", "--poisson")])
def test_help_is_the_tiers_own(command: Command, verb: str, option: str) -> None:
    """Every option of the tier with its meaning, and examples."""
    output = command(verb, "--help")
    assert option in output
    assert "examples:" in output


@pytest.mark.parametrize("verb", ["serve", "load"])
def test_options_reach_the_tier(command: Command, verb: str) -> None:
    """Also those that do not exist: the tier refuses them, with its exit code."""
    done = command.run(verb, "--no-such-option", "5")
    assert done.returncode == 2
    assert done.stderr.startswith(f"usage: tokentide {verb} ")
    assert "unrecognized arguments" in done.stderr or "required" in done.stderr


def test_load_says_what_is_wrong_in_one_line(command: Command) -> None:
    """Messages and exit codes of the tier are passed through."""
    done = command.run("load", "--trace", "absent.csv")
    assert done.returncode == 1
    assert done.stderr.startswith("tokentide: The trace absent.csv cannot be opened")
    assert "Traceback" not in done.stderr


def test_serve_needs_its_extra(command: Command) -> None:
    """The message names the package that is missing, and how to install it."""
    done = run_without("tokenizers,torch", command, "serve")
    assert done.returncode == 1
    assert "pip install 'tokentide[serve]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_load_needs_no_torch(command: Command) -> None:
    """A machine that sends requests need not be able to serve a model."""
    done = run_without("tokenizers,torch,prometheus_client", command, "load", "--help")
    assert done.returncode == 0, done.stderr


def test_serve_refuses_a_model_that_is_not_there(command: Command) -> None:
    """One line, before a port is opened."""
    done = command.run("serve", "--port", "0", "--model", "absent")
    assert done.returncode == 1
    assert done.stderr.startswith("tokentide: ")
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_the_clients_and_the_servers_tokens_agree(command: Command, tmp_path: Path) -> None:
    """`load` reports what clients received, and the log of requests in the home holds the same."""
    model = tiny_checkpoint(tmp_path / "tiny")
    options = ("--port", "0", "--device", "cpu", "--model", str(model))
    with command.start("serve", *options) as server:
        try:
            assert server.stdout is not None
            address = re.search(r"http://[\d.:]+", server.stdout.readline())
            assert address is not None
            requests = ("--poisson", "20", "--requests", "10", "--prompt-tokens", "30")
            tokens = ("--max-tokens", "8", "--token-ids", "300", "--ignore-eos")
            done = command.run("load", "--url", f"{address[0]}/v1", *requests, *tokens, "--json")
        finally:
            server.terminate()
            server.communicate(timeout=30)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["answered"], report["prompt_tokens"], report["output_tokens"]) == (10, 300, 80)
    log = logged_requests(command.home / "spool" / "requests")
    assert sum(row["prompt_tokens"] for row in log) == 300
    assert [row["completion_tokens"] for row in log] == [8] * 10
    # The server's own time to the first token lies within what the client waited for it.
    waited_ms = sorted(
        1000 * (row["first_token_at"] - row["arrival_at"]).total_seconds() for row in log
    )
    assert waited_ms[-1] <= report["ttft"]["max_ms"] + 5


def logged_requests(folder: Path) -> list[dict[str, Any]]:
    """Return the rows of a server's log of requests."""
    return [
        row
        for segment in sorted(folder.glob("*.arrow"))
        for row in ipc.open_file(segment.read_bytes()).read_all().to_pylist()
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--pages", "."), "--pages and --history need --target"),
        (("--target", "ours"), "--target needs one of them"),
        (("--pages", "absent", "--target", "ours"), "absent is not a folder"),
        (("--pages", ".", "--target", "theirs"), "no target 'theirs', only ours"),
        (("--history", "http://h:1", "--target", "ours"), "--history needs --matchers"),
    ],
)
def test_telemetry_of_the_past_needs_its_target(
    command: Command, options: tuple[str, ...], message: str
) -> None:
    """The missing option is named before anything is loaded or built."""
    output = command("ingest", "telemetry", *options, code=1)
    assert message in " ".join(output.split())
    assert not (command.home / "warehouse.duckdb").exists()
