"""Costs of the devices of a pilot's servers, by the tier file."""

import pytest

from pipelines.errors import BadSetting
from pipelines.pilots.device_terms import find_target_of, terms_of
from pipelines.telemetry.config.tier import Tier, parse_tier

TARGETS = """
[[target]]
name = "ascend"
url = "http://10.0.0.11:8000/metrics"
engine = "vllm"
devices = 8
device_kind = "Ascend 910B2"

[[target]]
name = "other"
url = "http://10.0.0.12/metrics"
engine = "vllm"
device_kind = "unpriced"
"""
COSTS = """
[[cost]]
device_kind = "Ascend 910B2"
capex_usd = 17532
amortisation_years = 2
opex_usd_per_hour = 0.5
idle_watts = 90
rated_watts = 400

[energy]
usd_per_kwh = 0.10
pue = 1.5
"""


def tier(text: str = TARGETS + COSTS) -> Tier:
    return parse_tier(text)


def test_a_server_is_the_target_at_its_host_and_port() -> None:
    found = find_target_of(tier(), "http://10.0.0.11:8000/v1", None)
    assert found is not None
    assert found.name == "ascend"
    assert find_target_of(tier(), "http://10.0.0.11:8001/v1", None) is None
    # A port that is not written is 80 on both sides.
    other = find_target_of(tier(), "http://10.0.0.12:80/v1", None)
    assert other is not None
    assert other.name == "other"


def test_a_name_comes_before_the_address_and_must_be_known() -> None:
    found = find_target_of(tier(), "http://proxy/v1", "ascend")
    assert found is not None
    assert found.name == "ascend"
    with pytest.raises(BadSetting, match="only ascend, other"):
        find_target_of(tier(), "http://proxy/v1", "nobody")


def test_costs_are_those_of_all_devices() -> None:
    """Eight devices at 1 $ an hour for the price and 0.5 for the rest; 1.5 kWh for each used."""
    terms = terms_of(tier(), tier().targets[0])
    assert terms.usd_per_second == pytest.approx(8 * 1.5 / 3600)
    assert terms.usd_per_joule == pytest.approx(0.15 / 3.6e6)
    assert terms.rated_watts == 3200
    assert terms.cost_reason is None


@pytest.mark.parametrize(
    ("text", "number", "reason"),
    [
        (TARGETS + COSTS, 1, "no [[cost]] of unpriced in the tier file"),
        (TARGETS + COSTS.partition("[energy]")[0], 0, "no [energy] with a price in the tier file"),
    ],
)
def test_what_a_tier_file_lacks_is_named(text: str, number: int, reason: str) -> None:
    terms = terms_of(tier(text), tier(text).targets[number])
    assert (terms.cost_reason, terms.usd_per_second) == (reason, None)


def test_without_a_target_nothing_is_known() -> None:
    for terms in (terms_of(None, None), terms_of(tier(), None)):
        assert "--target-a" in (terms.cost_reason or "")
        assert terms.cost_reason == terms.energy_reason
