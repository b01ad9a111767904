"""`tokentide collect` as a process: scraping until a signal, and what it refuses."""

import re
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
from support.cli.command import Command
from support.scripted_server import (
    ScriptedServer,
    bytes_response,
    json_response,
    scripted_server,
)
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.cli.tier.collect import status_line
from pipelines.telemetry.collector.collector import Health

PAGE = b"""process_start_time_seconds 1795295012.25
vllm:prompt_tokens_total{engine="0",model_name="m"} 7
vllm:num_requests_running 2
"""
TIER = """
[[target]]
name = "ours"
url = "{url}"
engine = "vllm"
scrape_seconds = 0.2
headers = {{ Authorization = "OURS_TOKEN" }}
"""


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """Serve one page of metrics."""
    with scripted_server(bytes_response(PAGE)) as server:
        yield server


@pytest.fixture
def command(tmp_path: Path, server: ScriptedServer) -> Command:
    """Return the command with a home and a tier file with one target."""
    (tmp_path / "fleet.toml").write_text(TIER.format(url=f"{server.url}/metrics"))
    return Command(tmp_path / "home", OURS_TOKEN="Bearer s3cret")


@contextmanager
def collecting(command: Command, *options: str) -> Iterator[list[str]]:
    """Collect until the `with` ends; yield the lines it printed, which are complete afterwards."""
    with command.start("collect", "--tier", "fleet.toml", *options) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline()]
        try:
            yield lines
        finally:
            process.send_signal(signal.SIGTERM)
            lines += process.communicate(timeout=60)[0].splitlines()
    assert process.returncode == 0, lines


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def wait_for(condition: Callable[[], object]) -> None:
    """Wait at most ten seconds until a condition holds."""
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_samples_are_kept_when_a_signal_ends_it(command: Command, server: ScriptedServer) -> None:
    """A service manager sends SIGTERM: the open segment is closed, and the exit code is 0."""
    with collecting(command, "--port", "0") as lines:
        wait_for(lambda: len(server.received) > 2)
    assert lines[0].startswith("Collecting from 1 targets into ")
    tally = re.fullmatch(r"(\d+) samples in 1 segments, \d+ bytes\.", lines[-1])
    assert tally
    assert int(tally[1]) >= 6
    assert len(list((command.home / "spool" / "telemetry").glob("*.parquet"))) == 1


def test_headers_are_sent_and_not_printed(command: Command, server: ScriptedServer) -> None:
    """Their values come from the environment, and are secrets."""
    with collecting(command, "--port", "0") as lines:
        wait_for(lambda: server.received)
    assert server.received[0].headers["authorization"] == "Bearer s3cret"
    assert "s3cret" not in "".join(lines)


def test_its_own_metrics_are_on_its_port(command: Command, server: ScriptedServer) -> None:
    """Prometheus may scrape the collector too."""
    port = free_port()
    with collecting(command, "--port", str(port)):
        wait_for(lambda: server.received)
        metrics = httpx.get(f"http://127.0.0.1:{port}/metrics")
        health = httpx.get(f"http://127.0.0.1:{port}/health")
    assert 'target="ours"' in metrics.text
    assert health.status_code == 200


def test_a_second_collector_is_refused(command: Command, server: ScriptedServer) -> None:
    """Both would write every sample twice."""
    with collecting(command, "--port", "0"):
        wait_for(lambda: server.received)
        output = command("collect", "--tier", "fleet.toml", "--port", "0", code=1)
    assert "Error: " in output


def test_the_old_spelling_of_the_limit_still_works(
    command: Command, server: ScriptedServer
) -> None:
    """Scripts and units that people wrote go on; `--help` has the new name alone."""
    with collecting(command, "--port", "0", "--most-mib", "64") as lines:
        wait_for(lambda: server.received)
    assert lines[-1].endswith("bytes.")
    refused = CliRunner().invoke(app, ["collect", "--most-mib", "0"])
    assert refused.exit_code == 2
    assert "--max-mib" in refused.output
    assert "--most-mib" not in CliRunner().invoke(app, ["collect", "--help"]).output


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"OURS_TOKEN": ""}, "OURS_TOKEN, for the header Authorization of ours, is not set"),
        ({"OURS_TOKEN": "schlüssel"}, "holds characters that no header has"),
    ],
)
def test_a_header_without_a_usable_value_is_an_error(
    command: Command, variables: dict[str, str], message: str
) -> None:
    """Nothing is collected without it."""
    command.environment |= variables
    output = command("collect", "--tier", "fleet.toml", code=1)
    assert message in " ".join(output.split())
    assert not (command.home / "spool").exists()


def test_a_tier_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """The message names the file."""
    output = Command(tmp_path / "home")("collect", "--tier", "absent.toml", code=1)
    assert "Error: " in output
    assert "absent.toml" in output


def collector(*healths: tuple[str, bool | None, str | None]) -> Any:
    """Return what the status line reads of a collector."""
    loops = [
        SimpleNamespace(
            target=SimpleNamespace(name=name), health=Health(is_up=is_up, reason=reason or "")
        )
        for name, is_up, reason in healths
    ]
    spool = SimpleNamespace(open=SimpleNamespace(rows=12), tally=SimpleNamespace(segments=3))
    return cast("Any", SimpleNamespace(loops=loops, spool=spool))


@pytest.mark.parametrize(
    ("healths", "line"),
    [
        ([("a", True, None), ("b", None, None)], "1 of 2 up, 12 samples open, 3 segments"),
        (
            [("a", False, "refused"), ("b", True, None)],
            "1 of 2 up, 12 samples open, 3 segments; down: a refused",
        ),
        (
            [(name, False, "timeout") for name in "abcd"],
            "0 of 4 up, 12 samples open, 3 segments; down: a timeout, b timeout, c timeout …",
        ),
    ],
)
def test_the_status_line_names_three_targets_that_are_down(
    healths: list[tuple[str, bool | None, str | None]], line: str
) -> None:
    """A target that was not scraped yet is neither up nor down."""
    assert status_line(collector(*healths)) == line


LIST = """
[[discover]]
name = "fleet"
kind = "http_sd"
url = "{url}"
refresh_seconds = 1
engine = "vllm"
scrape_seconds = 0.2
"""


def test_a_dry_run_prints_what_lists_find(command: Command, server: ScriptedServer) -> None:
    """A refusal and a list that cannot be read have reasons; nothing is scraped or kept."""
    tier = command.home.parent / "fleet.toml"
    groups = [{"targets": ["10.0.0.1:8000", "169.254.169.254:80"], "labels": {"service": "chat"}}]
    with scripted_server(json_response(200, groups)) as sd:
        tier.write_text(
            LIST.format(url=sd.url) + LIST.replace("fleet", "lost").format(url=f"{sd.url}1/")
        )
        output = command("collect", "--tier", "fleet.toml", "--check", code=1)
    assert "10.0.0.1:8000" in output
    assert "chat" in output
    assert "fleet: 1 targets" in output
    assert "no fleet: 169.254.169.254:80 has a __address__ that is link-local" in output
    assert "no lost: " in output
    assert not server.received
    assert not (command.home / "spool").exists()


def test_lists_and_the_tier_file_are_followed(command: Command, server: ScriptedServer) -> None:
    """Each target that appears or leaves is a line."""
    tier = command.home.parent / "fleet.toml"
    listed = [{"targets": [server.url.split("/")[2]], "labels": {"name": "found"}}]
    with scripted_server(json_response(200, listed)) as sd:
        tier.write_text(tier.read_text() + LIST.format(url=sd.url))
        with collecting(command, "--port", "0") as lines:
            wait_for(lambda: any(each.path == "/metrics" for each in server.received))
            sd.respond_with(json_response(200, []))
            asked = len(sd.received)
            wait_for(lambda: len(sd.received) > asked + 1)
    assert "from 1 targets and 1 lists into" in lines[0]
    assert "fleet: found appeared" in lines
    assert "fleet: found left" in lines
    assert list((command.home / "spool" / "tier").glob("*.json"))
