"""The simulated fleet over HTTP."""

from starlette.testclient import TestClient

from pipelines.simulator.fleet.plan import FleetPlan
from pipelines.simulator.fleet.server import create_fleet_app

PLAN = FleetPlan(devices=16, devices_per_target=8, down_share=0)


def test_each_listed_target_has_a_page_whose_counters_grow() -> None:
    clock = iter(range(1000, 2000, 10))
    client = TestClient(create_fleet_app(PLAN, now=lambda: float(next(clock))))
    listed = client.get("/targets").json()
    assert [each["labels"]["devices"] for each in listed] == ["8", "8"]
    path = listed[0]["labels"]["__metrics_path__"]
    first, second = (client.get(path).text for _ in range(2))
    assert "vllm:generation_tokens_total" in first
    assert first != second


def test_a_target_that_is_down_or_unknown_has_no_page() -> None:
    client = TestClient(create_fleet_app(FleetPlan(devices=8, down_share=1)))
    assert client.get("/t/fleet-0000/metrics").status_code == 503
    assert client.get("/t/other/metrics").status_code == 404


def test_the_truth_is_served_beside_its_plan() -> None:
    served = TestClient(create_fleet_app(PLAN)).get("/truth").json()
    assert served["plan"]["devices"] == 16
    assert served["truth"]["scaling_efficiency"] == PLAN.truth().scaling_efficiency
