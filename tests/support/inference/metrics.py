"""Reading of the inference tier's /metrics in tests."""

from collections.abc import Mapping

from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import CollectorRegistry

from models.protocol import StepStats

STEP = StepStats(seconds=0.1, running=1, waiting=2, cache_usage=0.5, batch_tokens=10)


def parse_families(text: bytes) -> dict[str, Metric]:
    """Parse a page, without the creation times of counters."""
    families = text_string_to_metric_families(text.decode())
    return {each.name: each for each in families if not each.name.endswith("_created")}


def sum_samples(
    families: Mapping[str, Metric], name: str, suffix: str = "", **labels: str
) -> float:
    """Sum the samples of a family that have these labels."""
    return sum(
        each.value
        for each in families[name].samples
        if each.name == name + suffix and labels.items() <= each.labels.items()
    )


def collect(registry: CollectorRegistry) -> dict[str, Metric]:
    """Collect the families of a registry."""
    return {family.name: family for family in registry.collect()}
