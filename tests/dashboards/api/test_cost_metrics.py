"""Our cost as metrics: OpenCost's names where they say what is known, and nothing else."""

import shutil
import subprocess

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from support.rules.requirements import require

from dashboards.api.cost_metrics import write
from dashboards.generations import OpenGeneration


def samples(text: str) -> dict[tuple[str, str], float]:
    """Return values by metric and by target or model."""
    return {
        (
            sample.name,
            sample.labels.get("model_name") or sample.labels.get("node", ""),
        ): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_a_node_costs_what_its_target_costs_in_its_newest_hour(client: httpx.Client) -> None:
    """Devices times their cost is the node's."""
    response = client.get("/metrics")
    assert response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    found = samples(response.text)
    assert found["node_total_hourly_cost", "one"] == 2
    assert found["node_gpu_count", "one"] == 2
    assert found["node_gpu_hourly_cost", "one"] == 1
    assert 'instance_type="Ascend 910B2"' in response.text
    assert found["tokentide_target_cost_hour_time_seconds", "one"] == 1781942400


def test_a_processor_is_no_gpu(client: httpx.Client) -> None:
    found = samples(client.get("/metrics").text)
    assert found["node_total_hourly_cost", "two"] == 0.125
    assert ("node_gpu_hourly_cost", "two") not in found


def test_simulated_load_is_labelled(client: httpx.Client) -> None:
    """Its cost is real, and its tokens served nobody."""
    found = samples(client.get("/metrics").text)
    assert found["tokentide_target_is_load_simulated", "two"] == 1
    assert found["tokentide_target_is_load_simulated", "one"] == 0


def test_what_is_not_known_or_past_is_absent(client: httpx.Client) -> None:
    """A cost that is not known, a target that left, processors and memory."""
    text = client.get("/metrics").text
    assert 'node="three"' not in text
    assert 'node="gone"' not in text
    assert "node_cpu_hourly_cost" not in text
    assert "node_ram_hourly_cost" not in text


def test_models_share_the_cost_of_their_target(client: httpx.Client) -> None:
    text = client.get("/metrics").text
    parts = [
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "tokentide_model_hourly_cost" and sample.labels["target"] == "one"
    ]
    assert sum(parts) == pytest.approx(2)
    assert samples(text)["tokentide_model_usd_per_mtok", 'tide "max"'] == 0.5


def test_prometheus_finds_nothing_wrong_with_the_page(client: httpx.Client) -> None:
    """Its own tool; the names are OpenCost's, so it may ask for nothing but base units."""
    promtool = require(shutil.which("promtool"), "no promtool: install Debian's prometheus")
    page = client.get("/metrics").text
    checked = subprocess.run(
        [promtool, "check", "metrics"], input=page, capture_output=True, text=True, check=False
    )
    assert "error" not in checked.stderr.lower(), checked.stderr
    assert checked.returncode in {0, 3}


def test_a_home_without_a_tier_states_no_cost(bare: OpenGeneration) -> None:
    assert b"hourly_cost" not in write(bare)
