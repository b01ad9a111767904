"""Dashboards of Grafana on a Prometheus that scrapes a real tier, collector and dashboard.

Each query of a panel must be one, and must have an answer where the metrics that it names exist.
"""

import json
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import combinations
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from support.cli.command import Command
from support.collecting import free_port
from support.dashboard.browser import dashboard
from support.prometheus_process import prometheus
from support.published import MARTS, published
from support.rules.requirements import require
from support.rules.source_files import ROOT
from support.scripted_server import bytes_response, scripted_server
from support.tier import tiny_checkpoint

from pipelines.publish.generations import NEWEST
from pipelines.settings import Settings

FOLDER = ROOT / "deploy" / "grafana"
FILES = sorted((FOLDER / "dashboards").glob("*.json"))
COSTS = (ROOT / "tests" / "dashboards" / "api" / "tier_and_news.sql").read_text()
# What Grafana puts in their place; a rate needs several scrapes.
VARIABLES = {"$__rate_interval": "10s", "$model": ".*", "$target": ".*", "$host": ".*"}
METRIC = re.compile(r"\b(?:vllm:|tokentide[:_]|node_|npu_chip_info_)\w+")
# Neither speculative decoding nor a list of targets is in the trial.
ABSENT = re.compile(r"spec_decode|discover")
TIER = """
[[target]]
name = "live"
engine = "tokentide"
url = "http://127.0.0.1:{port}/metrics"
devices = 1
device_kind = "cpu"
scrape_seconds = 0.5
"""
# As npu-exporter names them, for two NPUs.
NPU_FIGURES = {
    "power": 212.5,
    "utilization": 63,
    "temperature": 51,
    "hbm_used_memory": 40960,
    "hbm_total_memory": 65536,
    "health_status": 1,
    "network_status": 1,
    "bandwidth_tx": 12.5,
    "bandwidth_rx": 11.5,
}
NPU_PAGE = "".join(
    f'npu_chip_info_{name}{{id="{device}",model_name="910B2"}} {value}\n'
    for name, value in NPU_FIGURES.items()
    for device in range(2)
)
GrafanaDashboard = dict[str, Any]


def read_dashboard(path: Path) -> GrafanaDashboard:
    found: GrafanaDashboard = json.loads(path.read_text())
    return found


def queries(path: Path) -> Iterator[str]:
    """Yield the queries of a dashboard's panels with values in place of its variables."""
    for panel in read_dashboard(path)["panels"]:
        for target in panel["targets"]:
            query = target["expr"]
            for name, value in VARIABLES.items():
                query = query.replace(name, value)
            yield query


@contextmanager
def running(command: Command, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """Run a verb while the `with` lasts."""
    with command.start(*arguments) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=60)


def wait_until(holds: Callable[[], bool], seconds: float = 120) -> None:
    """Wait until a condition of servers holds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if holds():
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError("The condition did not hold in time.")


def answer(address: str, path: str, **params: str) -> Any:
    response = httpx.get(f"{address}/api/v1/{path}", params=params, trust_env=False)
    content = response.json()
    assert content["status"] == "success", (params, content)
    return content["data"]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield the address of a Prometheus that has scraped all three under load."""
    folder = tmp_path_factory.mktemp("grafana")
    ports = [free_port(), free_port()]
    (folder / "tier.toml").write_text(TIER.format(port=ports[0]))
    command = Command(folder / "var", TOKENTIDE_TIER=str(folder / "tier.toml"))
    settings = Settings(home=folder / "published")
    published(settings, f"{MARTS}; {COSTS}")
    model = str(tiny_checkpoint(folder / "tiny"))
    with ExitStack() as stack:
        url = stack.enter_context(dashboard(settings.published / NEWEST))
        serve = ("serve", "--port", str(ports[0]), "--model", model, "--rated-watts", "65")
        stack.enter_context(running(command, *serve))
        tier = f"http://127.0.0.1:{ports[0]}"
        wait_until(lambda: httpx.get(f"{tier}/health", trust_env=False).is_success)
        collect = ("collect", "--port", str(ports[1]), "--segment-seconds", "1")
        stack.enter_context(running(command, *collect))
        npus = stack.enter_context(scripted_server(bytes_response(NPU_PAGE.encode())))
        addresses = [f"127.0.0.1:{port}" for port in ports] + [url.removeprefix("http://")]
        configs = scrape_configs(addresses, npus.url.split("/")[2])
        found = stack.enter_context(prometheus(folder, configs))
        wait_until(lambda: len(answer(found, "query", query="up == 1")["result"]) == 4)
        # Growth is seen between scrapes.
        for _ in range(3):
            body = {"model": "tiny", "prompt": "def add", "max_tokens": 8}
            httpx.post(f"{tier}/v1/completions", json=body, timeout=60).raise_for_status()
            time.sleep(1.2)
        yield found


def scrape_configs(addresses: list[str], npus: str) -> list[dict[str, Any]]:
    """Return the jobs of our own configuration, at the addresses of the trial and faster."""
    jobs: list[dict[str, Any]] = yaml.safe_load((FOLDER / "prometheus.yml").read_text())[
        "scrape_configs"
    ]
    quick = {"scrape_interval": "500ms", "scrape_timeout": "500ms"}
    jobs.append({"job_name": "npus"})
    return [
        job | quick | {"static_configs": [{"targets": [address]}]}
        for job, address in zip(jobs, [*addresses, npus], strict=True)
    ]


@pytest.mark.slow
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_query_of_a_panel_has_an_answer(store: str, path: Path) -> None:
    """Queries on metrics that the trial lacks must at least be queries."""
    known = set(answer(store, "label/__name__/values"))
    found = list(queries(path))
    assert len(found) > 5
    for query in found:
        names = set(METRIC.findall(query))
        assert names, query
        result = answer(store, "query", query=query)["result"]
        if ABSENT.search(query):
            assert not names & known
        else:
            assert names <= known, (query, names - known)
            assert result, query


@pytest.mark.slow
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_choices_of_a_dashboard_have_values(store: str, path: Path) -> None:
    for variable in read_dashboard(path)["templating"]["list"]:
        if variable["type"] == "query":
            metric, label = re.findall(r"[\w:]+", variable["definition"])[1:]
            series = answer(store, "series", **{"match[]": metric})
            assert any(each.get(label) for each in series), variable["definition"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_panel_says_what_it_shows_and_covers_no_other(path: Path) -> None:
    """A title, a unit, a description, and the data source that the viewer chose."""
    shown = read_dashboard(path)
    assert shown["uid"] == path.stem
    panels = shown["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    for panel in panels:
        assert panel["title"]
        assert panel["description"]
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert panel["datasource"]["uid"] == "${datasource}"
    for one, other in combinations([panel["gridPos"] for panel in panels], 2):
        is_beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        is_below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert is_beside or is_below, (one, other)


def test_the_dashboards_are_provisioned() -> None:
    """The folder of the dashboards, and a Prometheus as the default data source."""
    provisioning = FOLDER / "provisioning"
    [provider] = yaml.safe_load((provisioning / "dashboards" / "tokentide.yaml").read_text())[
        "providers"
    ]
    assert provider["type"] == "file"
    [source] = yaml.safe_load((provisioning / "datasources" / "prometheus.yaml").read_text())[
        "datasources"
    ]
    assert (source["type"], source["isDefault"]) == ("prometheus", True)
    readme = (FOLDER / "README.md").read_text()
    assert provider["options"]["path"] in readme


def test_prometheus_reads_its_configuration() -> None:
    promtool = require(shutil.which("promtool"), "no promtool: install Debian's prometheus")
    command = [promtool, "check", "config", str(FOLDER / "prometheus.yml")]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
