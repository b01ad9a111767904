"""Two hundred pods that come and go through a list over HTTP, from their pages to the tables.

Each lives some seconds, as real ones live minutes: all intervals are as much shorter.
"""

import json
import signal
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from support.cli.command import Command
from support.collecting import free_port

from pipelines.simulator.api.serve import serve_in_thread
from pipelines.telemetry.collector.segments import read_segment

# Real processes and many builds: a busy machine takes its time.
pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.timeout(1200)]

PODS = 200
LIFE_SECONDS = 6.0
BETWEEN_SECONDS = 0.15  # so that some forty live at once
SCRAPE_SECONDS = 1.0
TOKENS_PER_SECOND = 1000
TIER = """
[[discover]]
name = "fleet"
kind = "http_sd"
url = "{url}/sd"
refresh_seconds = 1
engine = "vllm"
service = "chat"
device_kind = "gpu"
model_map = {{ m = "owner/model" }}
scrape_seconds = {seconds}

[[discover.relabel]]
source_labels = ["pod"]
regex = "(.+)"
target_label = "name"

[[cost]]
device_kind = "gpu"
opex_usd_per_hour = 3600
idle_watts = 100
rated_watts = 100

[energy]
usd_per_kwh = 0
"""
PAGE = """process_start_time_seconds {start}
vllm:generation_tokens_total{{model_name="m"}} {tokens}
vllm:prompt_tokens_total{{model_name="m"}} {tokens}
"""


@dataclass
class ShortPod:
    """A pod that serves tokens at an even pace while it lives."""

    start: float

    def tokens_at(self, now: float) -> int:
        """Return what it has served by an instant."""
        return round((min(now, self.start + LIFE_SECONDS) - self.start) * TOKENS_PER_SECOND)


@dataclass
class Cluster:
    """Pods that live one after another, their list and their pages."""

    pods: dict[str, ShortPod] = field(default_factory=dict)
    url: str = ""
    lists: int = 0

    def listed(self, request: Request) -> Response:
        """List the pods that live."""
        self.lists += 1
        now = time.time()
        address = self.url.split("/")[2]
        return JSONResponse(
            [
                {
                    "targets": [address],
                    "labels": {"pod": name, "__metrics_path__": f"/api/v1/pods/{name}"},
                }
                for name, pod in list(self.pods.items())
                if now < pod.start + LIFE_SECONDS
            ]
        )

    def page(self, request: Request) -> Response:
        """Show the page of a pod that lives."""
        pod, now = self.pods[request.path_params["name"]], time.time()
        if now >= pod.start + LIFE_SECONDS:
            return Response(status_code=503)
        return Response(PAGE.format(start=pod.start, tokens=pod.tokens_at(now)))

    def live(self) -> None:
        """Start pods, one after another, once the list has been read without any."""
        while self.lists < 2:
            time.sleep(0.05)
        for number in range(PODS):
            self.pods[f"pod-{number}"] = ShortPod(time.time())
            time.sleep(BETWEEN_SECONDS)
        time.sleep(LIFE_SECONDS + 2.5)


@dataclass(frozen=True)
class FleetRun:
    """A run that has ended: what was true, and what the collector took."""

    command: Command
    cluster: Cluster
    kib: tuple[int, ...]  # memory of the collector, over time
    page: str  # its own metrics after the last pod


@pytest.fixture(scope="module")
def fleet_run(tmp_path_factory: pytest.TempPathFactory) -> FleetRun:
    """Collect from all pods, then load, build and publish."""
    folder = tmp_path_factory.mktemp("fleet")
    cluster = Cluster()

    async def listed(request: Request) -> Response:
        return cluster.listed(request)

    async def page(request: Request) -> Response:
        return cluster.page(request)

    routes = [Route("/api/v1/sd", listed), Route("/api/v1/pods/{name}", page)]
    with serve_in_thread(Starlette(routes=routes)) as url:
        cluster.url = url
        tier = folder / "tier.toml"
        tier.write_text(TIER.format(url=url, seconds=SCRAPE_SECONDS))
        command = Command(folder / "var", TOKENTIDE_TIER=str(tier))
        port = free_port()
        kib: list[int] = []
        options = ("collect", "--port", str(port), "--segment-seconds", "2")
        with command.start(*options) as process:
            living = threading.Thread(target=cluster.live, daemon=True)
            living.start()
            while living.is_alive():
                living.join(1)
                assert process.poll() is None, process.communicate()[0]
                kib.append(resident_kib(process.pid))
            own = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text
            process.send_signal(signal.SIGTERM)
            output, _ = process.communicate(timeout=60)
        assert process.returncode == 0, output
    command("ingest", "telemetry")
    return FleetRun(command, cluster, tuple(kib), own)


def resident_kib(pid: int) -> int:
    """Return the memory of a process; of the program itself, where a wrapper started it."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])


def last_samples(archive: Path) -> dict[str, int]:
    """Return what the last page of each pod said, which all begin from zero."""
    rows = [row for path in archive.glob("*/*.parquet") for row in read_segment(path).to_pylist()]
    said = [row for row in rows if row["metric"] == "generation_tokens"]
    return {
        row["target"]: int(row["value"]) for row in sorted(said, key=lambda row: row["scraped_at"])
    }


def test_the_tokens_of_all_pods_are_known(fleet_run: FleetRun) -> None:
    """Nothing is missing of a pod's beginning; of its end, what it served after the last scrape."""
    rows = fleet_run.command.rows(
        "select target, sum(generation_tokens)::bigint as tokens, sum(resets)::bigint as resets "
        "from served_tokens_minutely group by all"
    )
    counted = {row["target"]: int(row["tokens"]) for row in rows}
    assert set(counted) == set(fleet_run.cluster.pods)
    assert counted == last_samples(fleet_run.command.home / "raw" / "telemetry" / "scrapes")
    assert {int(row["resets"]) for row in rows} == {0}
    true = PODS * LIFE_SECONDS * TOKENS_PER_SECOND
    at_ends = PODS * SCRAPE_SECONDS * TOKENS_PER_SECOND
    assert true - at_ends <= sum(counted.values()) <= true


def test_pods_that_are_gone_keep_their_costs(fleet_run: FleetRun) -> None:
    """All are gone by now; their hours have the price of their device."""
    rows = fleet_run.command.rows(
        "select target, cost_reason, usd_per_second, usd_per_mtok from local_efficiency_hourly"
    )
    assert {row["target"] for row in rows} == set(fleet_run.cluster.pods)
    assert {(row["cost_reason"], float(row["usd_per_second"])) for row in rows} == {(None, 1.0)}
    assert all(row["usd_per_mtok"] is not None for row in rows)


def test_memory_and_pages_do_not_grow_with_pods_that_are_gone(fleet_run: FleetRun) -> None:
    """After a quarter of them, as many live at once as ever."""
    kib = fleet_run.kib
    assert max(kib[-5:]) - kib[len(kib) // 4] < 40_000, kib
    assert 'target="pod-' not in fleet_run.page
    assert 'tokentide_collector_discovered_targets{discovery="fleet"} 0.0' in fleet_run.page


def test_records_are_differences(fleet_run: FleetRun) -> None:
    """Each pod stands in them once when it comes and once when it leaves, and no more."""
    archived = sorted((fleet_run.command.home / "raw" / "telemetry" / "tier").glob("*/*.json"))
    records = [json.loads(path.read_text()) for path in archived]
    own = [record for record in records if record["origin"] == "discovery fleet"]
    assert own[0]["is_whole"]
    assert sum(len(record["entries"]) for record in own) == PODS
    assert sum(len(record["gone"]) for record in own) == PODS
    assert all(entry["entry"]["not_listed_at"] for record in own for entry in record["entries"])
