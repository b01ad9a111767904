"""One run of everything: a server under load, scraped, loaded, built, published; the tokens of the marts are those of its clients."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.tier import tiny_checkpoint

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
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


class Home:
    """A home with a tier file, and `tokentide` run in it."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        (folder / "tier.toml").write_text(TIER.format(port=port, seconds=SCRAPE_SECONDS))
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("TOKENTIDE_", "OPENROUTER_"))
        }
        self.environment = {
            **inherited,
            "TOKENTIDE_HOME": str(folder / "var"),
            "TOKENTIDE_TIER": str(folder / "tier.toml"),
        }

    def run(self, *arguments: str) -> str:
        """What a verb prints; it must succeed."""
        command = [sys.executable, "-m", "pipelines", *arguments]
        done = subprocess.run(
            command,
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=200,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def rows(self, query: str) -> list[dict[str, Any]]:
        """The answer to a query on the published file."""
        found: list[dict[str, Any]] = json.loads(self.run("sql", "--json", query))
        return found

    @contextmanager
    def running(self, *arguments: str) -> Iterator[None]:
        """A verb that runs until it is told to end, which it must do well."""
        with subprocess.Popen(
            [sys.executable, "-m", "pipelines", *arguments], env=self.environment, cwd=self.folder
        ) as process:
            try:
                yield
            finally:
                process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0


@pytest.fixture(scope="module")
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        found: int = probe.getsockname()[1]
    return found


@pytest.fixture(scope="module")
def usages(home: Home, port: int) -> list[dict[str, Any]]:
    """Serve, ask, scrape, load, publish; what each client was told that it used."""
    checkpoint = tiny_checkpoint(home.folder / "tiny")
    with home.running("serve", "--port", str(port), "--model", str(checkpoint), "--device", "cpu"):
        until(lambda: httpx.get(f"http://127.0.0.1:{port}/health").is_success)
        with home.running("collect", "--port", "0", "--segment-seconds", "2"):
            time.sleep(3 * SCRAPE_SECONDS)
            found = [asked(port, number) for number in range(REQUESTS)]
            # What was served before the last scrape of all is what can be known.
            time.sleep(4 * SCRAPE_SECONDS)
    home.run("ingest", "telemetry")
    return found


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, port: int) -> Home:
    return Home(tmp_path_factory.mktemp("live"), port)


def until(holds: Any, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if holds():
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError("It did not come in time.")


def asked(port: int, number: int) -> dict[str, Any]:
    body = {
        "model": "tiny",
        "prompt": f"def add_{number}(left, right):",
        "max_tokens": 3 + number,
        "temperature": 0,
    }
    answer = (
        httpx.post(f"http://127.0.0.1:{port}/v1/completions", json=body, timeout=60)
        .raise_for_status()
        .json()
    )
    usage: dict[str, Any] = answer["usage"]
    return usage


def total(usages: list[dict[str, Any]]) -> dict[str, int]:
    names = {"prompt_tokens": "prompt_tokens", "completion_tokens": "generation_tokens"}
    return {ours: sum(usage[theirs] for usage in usages) for theirs, ours in names.items()}


def test_the_marts_hold_what_the_clients_used(home: Home, usages: list[dict[str, Any]]) -> None:
    sums = "sum(prompt_tokens) as prompt_tokens, sum(generation_tokens) as generation_tokens"
    [counted] = home.rows(
        f"select {sums} from served_tokens_minutely where target = 'live' and model_name = 'tiny'"
    )
    assert {name: int(value) for name, value in counted.items()} == total(usages)
    [ended] = home.rows(
        "select sum(requests_total) as ended, sum(resets) as resets from served_tokens_minutely"
    )
    assert (int(ended["ended"]), int(ended["resets"])) == (REQUESTS, 0)


def test_counters_and_the_log_of_requests_agree(home: Home, usages: list[dict[str, Any]]) -> None:
    assert home.rows("from served_token_disagreements") == []


def test_latency_is_there_by_both_methods_and_efficiency_says_what_it_knows(
    home: Home, usages: list[dict[str, Any]]
) -> None:
    found = home.rows(
        "select method, sum(count) as requests from served_latency_hourly where metric = 'ttft' group by all order by all"
    )
    assert [(row["method"], int(row["requests"])) for row in found] == [
        ("events", REQUESTS),
        ("histogram", REQUESTS),
    ]
    [efficiency] = home.rows("""
        select
            sum(tokens_per_second) as speed, min(usd_per_mtok) as cost, min(goodput_share) as goodput,
            min(mfu) as mfu, any_value(mfu_reason) as reason
        from local_efficiency_hourly
    """)
    assert efficiency["speed"] > 0
    assert float(efficiency["cost"]) > 0
    assert efficiency["goodput"] == 1
    assert efficiency["mfu"] is None
    assert efficiency["reason"]


def test_status_says_what_each_target_served(home: Home, usages: list[dict[str, Any]]) -> None:
    [target] = json.loads(home.run("status", "--json"))["targets"]
    assert target["target"] == "live"
    assert target["generation_tokens"] == total(usages)["generation_tokens"]


def test_loading_again_adds_nothing(home: Home, usages: list[dict[str, Any]]) -> None:
    again = json.loads(home.run("ingest", "telemetry", "--json"))
    assert (again["segments"], again["samples"], again["requests"]) == (0, 0, 0)
