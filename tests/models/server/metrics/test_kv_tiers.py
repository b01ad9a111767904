"""Series of the prefix cache's tiers."""

from support.inference.metrics import collect, sum_samples

from models.protocol import KvTierStats
from models.server.metrics.factory import MetricFactory
from models.server.metrics.kv_tiers import KvTierSeries


def test_tokens_add_up_and_bytes_are_the_last() -> None:
    """By tier; only the disk loses blocks."""
    factory = MetricFactory("tiny")
    series = KvTierSeries(factory)
    device, host = KvTierStats("device", 10, 4, 100, 400), KvTierStats("host", 6, 2, 200, 800)
    series.observe([device, host, KvTierStats("disk", 4, 1, 300, 900, 1, 2)])
    series.observe([device, host, KvTierStats("disk", 0, 0, 500, 900, 1, 3)])
    families = collect(factory.registry)
    for name, values in {
        "prefix_cache_tier_queries": (20, 12, 4),
        "prefix_cache_tier_hits": (8, 4, 1),
        "kv_tier_bytes": (100, 200, 500),
        "kv_tier_max_bytes": (400, 800, 900),
    }.items():
        suffix = "_total" if "cache" in name else ""
        for tier, value in zip(("device", "host", "disk"), values, strict=True):
            assert sum_samples(families, f"tokentide:{name}", suffix, tier=tier) == value
    lost = {
        each.labels["reason"]: each.value
        for each in families["tokentide:kv_tier_lost_blocks"].samples
    }
    assert lost == {"damaged": 1, "dropped": 3}


def test_without_tiers_there_are_no_series() -> None:
    """Families without samples are not on the page."""
    factory = MetricFactory("tiny")
    KvTierSeries(factory).observe([])
    assert not [
        each for name, each in collect(factory.registry).items() if "tier" in name and each.samples
    ]
