"""Results as plain values: complete, without secrets, and honest about what happened."""

import json

import pytest
from support.inference.pilot_results import STARTED, pilot_result

from models.pilot.result import mask_secrets

FIELDS = {"metric", "a", "b", "difference", "low", "high", "pairs"}


def test_a_result_is_json_with_every_metric() -> None:
    """Each row has at least the seven fields that programs rely on."""
    result = pilot_result()
    assert json.loads(json.dumps(result, allow_nan=False)) == result
    assert len(result["differences"]) == 8
    assert all(each.keys() >= FIELDS for each in result["differences"])
    assert result["pilot_id"].startswith(f"{STARTED:%Y%m%dT%H%M%SZ}-")
    assert (result["blocks"], result["planned_blocks"], result["was_stopped"]) == (12, 12, False)


def test_servers_have_first_tokens_and_checks() -> None:
    servers = pilot_result()["servers"]
    assert servers["a"]["start_to_first_token_seconds"] == 31.5
    assert servers["b"]["start_to_first_token_seconds"] is None
    assert servers["b"]["start_reason"] == "the pilot did not start it"
    assert [each["outcome"] for each in servers["b"]["checks"]][-2:] == ["refused", "ignored"]
    assert servers["a"]["latencies"]["ttft"]["count"] == servers["a"]["completed"]


def test_a_stopped_pilot_and_failures_are_said() -> None:
    notes = pilot_result(was_stopped=True, failing=0.5)["notes"]
    assert any("stopped after 12 of 20 blocks" in each for each in notes)
    assert any("requests of B failed" in each for each in notes)


def test_a_cost_with_rated_power_is_said() -> None:
    """Of the server whose power nobody measured, and of no other."""
    notes = pilot_result(metered=("a",))["notes"]
    [note] = [each for each in notes if "rated power" in each]
    assert "Power of B was not measured in 12 of 12 blocks" in note
    assert "100 W" in note
    assert not any("rated power" in each for each in pilot_result()["notes"])


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("vllm serve m --api-key sk-1 --port 1", "vllm serve m --api-key *** --port 1"),
        ("env HF_TOKEN=hf_1 vllm serve m", "env HF_TOKEN=*** vllm serve m"),
        ("serve --max-tokens 64", "serve --max-tokens 64"),
    ],
)
def test_secrets_of_a_command_are_masked(command: str, shown: str) -> None:
    assert mask_secrets(command) == shown
