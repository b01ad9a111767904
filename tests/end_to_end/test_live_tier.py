"""One run of everything: a server under load, scraped, loaded, built and published.

The tokens of the marts are those of its clients.
"""

import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from support.cli.command import Command
from support.collecting import free_port
from support.tier import tiny_checkpoint

pytestmark = [pytest.mark.slow, pytest.mark.long]

SCRAPE_SECONDS = 0.5
REQUESTS = 12
TIER = """
[[target]]
name = "live"
engine = "tokentide"
url = "http://127.0.0.1:{port}/metrics"
devices = 1
device_kind = "cpu"
scrape_seconds = {seconds}

[[cost]]
device_kind = "cpu"
capex_usd = 1000
amortisation_years = 4
opex_usd_per_hour = 0.01
idle_watts = 15
rated_watts = 65

[energy]
usd_per_kwh = 0.2
pue = 1.1

[slo]
ttft_ms = 60000
tpot_ms = 60000
"""
Usage = dict[str, Any]


@pytest.fixture(scope="module")
def port() -> int:
    """Return the port of the server."""
    return free_port()


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory, port: int) -> Command:
    """Return the command with a home and a tier file."""
    folder = tmp_path_factory.mktemp("live")
    tier = folder / "tier.toml"
    tier.write_text(TIER.format(port=port, seconds=SCRAPE_SECONDS))
    return Command(folder / "var", TOKENTIDE_TIER=str(tier))


@pytest.fixture(scope="module")
def usages(command: Command, port: int) -> list[Usage]:
    """Serve, send requests, scrape, load and publish; return the usage that each client got."""
    checkpoint = tiny_checkpoint(command.home.parent / "tiny")
    serve = ("serve", "--port", str(port), "--model", str(checkpoint), "--device", "cpu")
    collect = ("collect", "--port", "0", "--segment-seconds", "2")
    with running(command, *serve) as server:
        wait_until(lambda: httpx.get(f"http://127.0.0.1:{port}/health").is_success, server)
        with running(command, *collect) as collector:
            wait_until((command.home / "spool" / "telemetry").exists, collector)
            time.sleep(6 * SCRAPE_SECONDS)
            usages = [complete(port, number) for number in range(REQUESTS)]
            # Only tokens that were served before the last scrape can be known.
            time.sleep(6 * SCRAPE_SECONDS)
    command("ingest", "telemetry")
    return usages


@contextmanager
def running(command: Command, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """Run a verb while the `with` lasts; it must end well on SIGTERM."""
    with command.start(*arguments) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=60)
        assert process.returncode == 0, output


def wait_until(
    holds: Callable[[], bool], process: "subprocess.Popen[str]", seconds: float = 200
) -> None:
    """Wait until a condition of a process holds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()[0]
        try:
            if holds():
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError("The condition did not hold in time.")


def complete(port: int, number: int) -> Usage:
    """Ask the server for a completion of `3 + number` tokens."""
    body = {
        "model": "tiny",
        "prompt": f"def add_{number}(left, right):",
        "max_tokens": 3 + number,
        "temperature": 0,
    }
    reply = httpx.post(f"http://127.0.0.1:{port}/v1/completions", json=body, timeout=60)
    usage: Usage = reply.raise_for_status().json()["usage"]
    return usage


def total(usages: list[Usage]) -> dict[str, int]:
    names = {"prompt_tokens": "prompt_tokens", "completion_tokens": "generation_tokens"}
    return {ours: sum(usage[theirs] for usage in usages) for theirs, ours in names.items()}


def test_the_marts_have_the_tokens_of_the_clients(command: Command, usages: list[Usage]) -> None:
    sums = "sum(prompt_tokens) as prompt_tokens, sum(generation_tokens) as generation_tokens"
    [counted] = command.rows(
        f"select {sums} from served_tokens_minutely where target = 'live' and model_name = 'tiny'"
    )
    assert {name: int(value) for name, value in counted.items()} == total(usages)
    [ended] = command.rows(
        "select sum(requests_total) as ended, sum(resets) as resets from served_tokens_minutely"
    )
    assert (int(ended["ended"]), int(ended["resets"])) == (REQUESTS, 0)


def test_counters_and_the_usage_log_agree(command: Command, usages: list[Usage]) -> None:
    assert command.rows("from served_token_disagreements") == []


def test_latency_has_both_methods(command: Command, usages: list[Usage]) -> None:
    rows = command.rows(
        "select method, sum(count) as requests from served_latency_hourly "
        "where metric = 'ttft' group by all order by all"
    )
    counts = [(row["method"], int(row["requests"])) for row in rows]
    assert counts == [("events", REQUESTS), ("histogram", REQUESTS)]


def test_efficiency_has_a_figure_or_a_reason(command: Command, usages: list[Usage]) -> None:
    """A CPU has no data sheet here, so how much of its peak is used is unknown."""
    rows = command.rows("from local_efficiency_hourly")
    assert sum(row["tokens_per_second"] or 0 for row in rows) > 0
    assert min(float(row["usd_per_mtok"]) for row in rows if row["usd_per_mtok"]) > 0
    assert {row["goodput_share"] for row in rows} - {None} == {1}
    assert {row["mfu"] for row in rows} == {None}
    assert any(row["mfu_reason"] for row in rows)


def test_status_has_the_tokens_of_each_target(command: Command, usages: list[Usage]) -> None:
    done = command.run("status", "--json")
    assert done.returncode == 0, done.stderr
    [target] = json.loads(done.stdout)["targets"]
    assert target["target"] == "live"
    assert target["generation_tokens"] == total(usages)["generation_tokens"]


def test_loading_again_adds_nothing(command: Command, usages: list[Usage]) -> None:
    done = command.run("ingest", "telemetry", "--json")
    assert done.returncode == 0, done.stderr
    again = json.loads(done.stdout)
    assert (again["segments"], again["samples"], again["requests"]) == (0, 0, 0)
