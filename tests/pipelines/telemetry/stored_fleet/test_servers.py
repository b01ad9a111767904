"""The families of a page say which engine it is of."""

import pytest

from pipelines.telemetry.metrics.vocabulary import Vocabulary
from pipelines.telemetry.stored_fleet.servers import ENGINES, find_engine, known_names


@pytest.mark.parametrize(
    ("names", "engine"),
    [
        ({"vllm:prompt_tokens_total", "vllm:num_requests_running"}, "vllm"),
        ({"sglang:prompt_tokens_total"}, "sglang"),
        ({"vllm:prompt_tokens_total", "tokentide:weight_bytes"}, "tokentide"),
        ({"ray_vllm_prompt_tokens_total"}, "vllm"),
        ({"DCGM_FI_DEV_POWER_USAGE"}, None),
        ({"node_load1"}, None),
        (set(), None),
    ],
)
def test_the_families_tell_the_engine(names: set[str], engine: str | None) -> None:
    """Exporters of devices do not serve."""
    assert find_engine(frozenset(names)) == engine


@pytest.mark.parametrize("engine", ENGINES)
def test_each_engine_is_looked_for(engine: str) -> None:
    """Buckets are not, of which there are many."""
    names = set(Vocabulary(engine).names)
    assert names & known_names()
    assert not any(name.endswith("_bucket") for name in known_names())
