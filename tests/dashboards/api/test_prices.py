"""Our cost in LiteLLM's form: what its documentation asks of an entry, and our own figures."""

import httpx
import pytest
from jsonschema import Draft202012Validator

from dashboards.api.prices import MAX_HOURS, price_file
from dashboards.generations import OpenGeneration
from dashboards.query import Query

# As docs.litellm.ai describes model_prices_and_context_window.json: USD for one token.
ENTRY = {
    "type": "object",
    "required": ["input_cost_per_token", "output_cost_per_token", "litellm_provider", "mode"],
    "properties": {
        "input_cost_per_token": {"type": "number", "minimum": 0},
        "output_cost_per_token": {"type": "number", "minimum": 0},
        "cache_read_input_token_cost": {"type": "number", "minimum": 0},
        "litellm_provider": {"const": "hosted_vllm"},
        "mode": {"const": "chat"},
        "source": {"type": "string", "pattern": "^http"},
        "metadata": {"type": "object", "required": ["notes", "is_load_simulated"]},
    },
    "additionalProperties": False,
}
BY_TABLE = """
    select models.model_name, costs.usd_per_mtok
    from local_cost_daily as costs
    inner join served_models as models using (target)
    where costs.date = (select max(date) from local_cost_daily)
"""
FILE = {
    "type": "object",
    "propertyNames": {"pattern": "^hosted_vllm/."},
    "additionalProperties": ENTRY,
}


def test_the_file_has_litellms_form(client: httpx.Client) -> None:
    prices = client.get("/prices/litellm.json").json()
    Draft202012Validator(FILE).validate(prices)
    assert set(prices) == {"hosted_vllm/tide-mini", 'hosted_vllm/tide "max"'}


def test_prices_times_tokens_are_what_the_targets_cost(client: httpx.Client) -> None:
    """Idle hours are paid for, both kinds of token cost the same, and hours can be chosen."""
    day, hour = (client.get(f"/prices/litellm.json?hours={hours}").json() for hours in (24, 1))
    # 6 USD for 4 million tokens of the first target, 0.125 USD for half a million of the second.
    mini = day["hosted_vllm/tide-mini"]
    assert mini["input_cost_per_token"] == pytest.approx((3 * 1.5 + 0.125) / 3.5e6)
    assert mini["output_cost_per_token"] == mini["input_cost_per_token"]
    assert mini["cache_read_input_token_cost"] == mini["input_cost_per_token"]
    assert day['hosted_vllm/tide "max"']["input_cost_per_token"] == pytest.approx(1.5e-6)
    assert hour['hosted_vllm/tide "max"']["input_cost_per_token"] == pytest.approx(2 / 3e6)
    assert (
        "3 hours from 2026-06-20T06:00 to 2026-06-20T08:59 UTC, for chat, two:"
        in (mini["metadata"]["notes"])
    )


def test_simulated_load_is_labelled(client: httpx.Client) -> None:
    """Of any service that the price rests on."""
    prices = client.get("/prices/litellm.json").json()
    mini, largest = prices["hosted_vllm/tide-mini"], prices['hosted_vllm/tide "max"']
    assert mini["metadata"]["is_load_simulated"]
    assert "The load is simulated" in mini["metadata"]["notes"]
    assert not largest["metadata"]["is_load_simulated"]
    assert "simulated" not in largest["metadata"]["notes"]


def test_a_model_whose_cost_is_not_known_has_no_price(client: httpx.Client) -> None:
    """A price of zero would be taken for one."""
    assert "hosted_vllm/unknown" not in client.get("/prices/litellm.json").json()


def test_the_whole_tier_costs_what_the_table_says(generation: OpenGeneration) -> None:
    """The price of a whole day of a target with one model is that of `local_cost_daily`."""
    prices = price_file(generation, 24, "http://localhost/")
    Draft202012Validator(FILE).validate(prices)
    days = generation.frame(Query(BY_TABLE))
    assert days.height == len(prices) == 4
    for model_name, usd_per_mtok in days.iter_rows():
        price = prices[f"hosted_vllm/{model_name}"]["input_cost_per_token"]
        assert price * 1e6 == pytest.approx(float(usd_per_mtok), abs=1e-9)


@pytest.mark.parametrize("hours", ["0", "x", str(MAX_HOURS + 1), "1.5", "9" * 30])
def test_hours_that_are_none_say_how_to_write_them(client: httpx.Client, hours: str) -> None:
    response = client.get("/prices/litellm.json", params={"hours": hours})
    assert response.status_code == 400
    assert "such as hours=24" in response.text


def test_a_home_without_a_tier_has_no_prices(bare: OpenGeneration) -> None:
    assert price_file(bare, 24, "http://localhost/") == {}
