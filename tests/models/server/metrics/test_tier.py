"""Series of the build, and steps handed on to device and experts."""

from dataclasses import replace

from support.inference.engine import engine_info
from support.inference.metrics import STEP, collect, sum_samples

from models.device import DeviceReading
from models.protocol import LayerTimes
from models.server.metrics.factory import MetricFactory
from models.server.metrics.tier import TierMetrics


def test_facts_of_the_build_are_constant() -> None:
    """Versions as labels, sizes as gauges."""
    factory = MetricFactory("tiny")
    info = engine_info(quantisation="w8a16", parameters=5000, cache_bytes=9000)
    TierMetrics(factory, info, [0])
    families = collect(factory.registry)
    labels = {"quantisation": "w8a16", "device": "cpu", "torch": "2.13"}
    assert sum_samples(families, "tokentide:build_info", **labels) == 1
    assert sum_samples(families, "tokentide:weight_bytes") == 4000
    assert sum_samples(families, "tokentide:cache_bytes") == 9000
    assert sum_samples(families, "tokentide:active_parameters") == 1000
    assert sum_samples(families, "tokentide:parameters") == 5000
    assert sum_samples(families, "tokentide:context_tokens") == 64


def test_a_step_updates_device_and_experts() -> None:
    """If it has readings of them."""
    factory = MetricFactory("tiny")
    tier = TierMetrics(factory, engine_info(), [0])
    tier.observe_step(STEP)
    times = LayerTimes(1, 1.0, 0.5, 0.5, 0.1, 2.0, "waves", 4)
    reading = DeviceReading(100, 200, 0.5, None)
    tier.observe_step(replace(STEP, device=reading, layer_times=times, expert_tokens=[[3, 1]]))
    families = collect(factory.registry)
    assert sum_samples(families, "tokentide:device_memory_used_bytes") == 100
    assert sum_samples(families, "tokentide:expert_rows", "_total", schedule="waves") == 4
    assert sum_samples(families, "tokentide:expert_tokens", "_total") == 4


def test_events_are_counted_by_outcome() -> None:
    """As many as the log has."""
    factory = MetricFactory("tiny")
    tier = TierMetrics(factory, engine_info(), [])
    for outcome in ("finished", "finished", "refused"):
        tier.count_event(outcome)
    families = collect(factory.registry)
    assert sum_samples(families, "tokentide:requests", "_total", outcome="finished") == 2
