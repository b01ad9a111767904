"""The verb `pilot` as a process: two servers on loopback, a report, a ledger, Ctrl-C."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from support.cli.command import Command
from support.collecting import free_port
from support.inference.openai_server import serve
from support.inference.pilot_servers import PilotReply

FIELDS = {"metric", "a", "b", "difference", "low", "high", "pairs"}
SHORT = ("--rate", "30", "--minutes", "0.05", "--blocks", "6", "--max-tokens", "4", "--json")


@pytest.fixture
def command(tmp_path: Path) -> Command:
    return Command(tmp_path / "home")


def run(command: Command, *arguments: str, code: int = 0) -> dict[str, Any]:
    """Run a pilot and parse its result, which stands alone on standard output."""
    done = command.run("pilot", *arguments, *SHORT)
    assert done.returncode == code, done.stdout + done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


@pytest.mark.slow
def test_a_pilot_prints_reports_and_keeps_its_result(command: Command, tmp_path: Path) -> None:
    """The three are one result."""
    out = tmp_path / "report.html"
    with serve(PilotReply()) as a, serve(PilotReply(has_tools=False)) as b:
        result = run(command, a.url, b.url, "-o", str(out), "--name", "mine", "--ttft-ms", "500")
    assert (result["name"], result["blocks"], result["was_stopped"]) == ("mine", 6, False)
    assert all(each.keys() >= FIELDS for each in result["differences"])
    known = [each["metric"] for each in result["differences"] if each["low"] is not None]
    assert known == [
        "ttft_ms",
        "tpot_ms",
        "e2e_ms",
        "goodput_per_second",
        "output_tokens_per_second",
        "completed_share",
    ]
    outcomes = {each["check"]: each["outcome"] for each in result["servers"]["b"]["checks"]}
    assert outcomes["tools"] == "ignored"
    assert (result["greedy"]["equal"], result["greedy"]["completed"]) == (8, 8)
    assert "mine" in out.read_text()
    [kept] = (command.home / "spool" / "pilots").iterdir()
    assert json.loads(kept.read_text()) == result


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "unknown"),
    [
        ({"has_usage": False}, {"tpot_ms", "output_tokens_per_second"}),
        ({"streams": "nothing"}, {"ttft_ms", "tpot_ms"}),
    ],
)
def test_what_a_server_lacks_is_left_unknown(
    command: Command, change: dict[str, Any], unknown: set[str]
) -> None:
    """Neither is asked to stream where one does not, and the rest is compared."""
    with serve(PilotReply()) as a, serve(PilotReply(**change)) as b:
        result = run(command, a.url, b.url, "--no-ledger")
    rows = {each["metric"]: each for each in result["differences"]}
    assert {name for name in unknown if rows[name]["reason"] is None} == set()
    assert rows["e2e_ms"]["low"] is not None
    assert not (command.home / "spool" / "pilots").exists()


@pytest.mark.slow
def test_a_server_that_fails_half_of_its_requests_is_compared_on_the_rest(
    command: Command,
) -> None:
    with serve(PilotReply()) as a, serve(PilotReply(fails_every=2)) as b:
        result = run(command, a.url, b.url)
    rows = {each["metric"]: each for each in result["differences"]}
    assert rows["completed_share"]["a"] == 1.0
    assert rows["completed_share"]["b"] == pytest.approx(0.5, abs=0.1)
    assert rows["completed_share"]["is_distinct"]
    assert any("requests of B failed" in note for note in result["notes"])


@pytest.mark.slow
def test_ctrl_c_keeps_the_blocks_until_then(command: Command) -> None:
    """It says so, and exits as shells expect."""
    slow = PilotReply(first_s=0.02)
    with serve(slow) as a, serve(slow) as b:
        process = command.start(
            *("pilot", a.url, b.url, "--rate", "10", "--minutes", "4", "--blocks", "60"),
            *("--max-tokens", "3"),
        )
        assert process.stdout
        lines = [next(process.stdout)]
        while not lines[-1].startswith("5 of 120"):
            lines.append(next(process.stdout))
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=60)
    assert process.returncode == 130, rest
    assert "Stopped. 2 of 60 blocks are kept." in rest
    assert "The pilot was stopped after 2 of 60 blocks" in rest
    [kept] = (command.home / "spool" / "pilots").iterdir()
    assert json.loads(kept.read_text())["was_stopped"] is True


@pytest.mark.slow
def test_servers_are_started_timed_and_ended(command: Command, tmp_path: Path) -> None:
    """The time to the first token counts from the start of the process."""
    script = tmp_path / "server.py"
    script.write_text(
        "import sys, time\n"
        "from support.inference.openai_server import serve\n"
        "from support.inference.pilot_servers import PilotReply\n"
        "with serve(PilotReply(), int(sys.argv[1])):\n"
        "    time.sleep(600)\n"
    )
    port = free_port()
    paths = [str(Path(__file__).resolve().parents[3]), command.environment.get("PYTHONPATH", "")]
    command.environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    with serve(PilotReply()) as b:
        result = run(
            command,
            *(f"http://127.0.0.1:{port}/v1", b.url),
            *("--start-a", f"{sys.executable} {script} {port}"),
        )
    servers = result["servers"]
    assert servers["a"]["start_to_first_token_seconds"] > servers["a"]["first_request_seconds"]
    assert servers["b"]["start_to_first_token_seconds"] is None
    assert servers["a"]["start_command"].endswith(str(port))
    time.sleep(0.1)
    left = subprocess.run(["pgrep", "-f", str(script)], capture_output=True, check=False)
    assert left.returncode == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("http://127.0.0.1:1/v1",), "http://127.0.0.1:1/v1/models lists no model"),
        (("nowhere",), "A must be http or https"),
        (("http://h/v1", "--trace", "t", "--rate", "1"), "Give one of them"),
        (("http://h/v1", "--start-a", "no-such-program"), "no-such-program is no program"),
        (("http://h/v1", "-o", "missing/report.html"), "Create it first"),
        (("http://h/v1", "--key-a", "NO_SUCH_KEY"), "NO_SUCH_KEY is not set"),
        (("http://h/v1", "--rate", "0.01", "--minutes", "0.1"), "0 requests make no 6 blocks"),
        (("http://h/v1", "--target-a", "t"), "no target 't'"),
    ],
)
def test_what_cannot_work_is_said_before_any_load(
    command: Command, arguments: tuple[str, ...], words: str
) -> None:
    done = command.run("pilot", arguments[0], "http://127.0.0.1:1/v1", *arguments[1:])
    assert done.returncode == 1, done.stdout
    assert words in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
