"""Series of the prefix cache's tiers; absent without a tier beyond the device."""

from models.protocol import KvTierStats
from models.server.metrics.factory import MetricFactory


class KvTierSeries:
    """Tokens looked up and found, bytes, and lost blocks, by tier: device, host or disk."""

    def __init__(self, make: MetricFactory) -> None:
        self._values = make.values
        self._queries = make.counters(
            "tokentide:prefix_cache_tier_queries",
            "Prompt tokens looked up in a tier: those that no faster tier had.",
            "tier",
        )
        self._hits = make.counters(
            "tokentide:prefix_cache_tier_hits", "Prompt tokens found in a tier.", "tier"
        )
        self._held = make.gauges("tokentide:kv_tier_bytes", "Bytes of blocks in a tier.", "tier")
        self._bound = make.gauges(
            "tokentide:kv_tier_max_bytes", "Bytes that a tier may have.", "tier"
        )
        self._lost = make.gauges(
            "tokentide:kv_tier_lost_blocks",
            "Blocks since the start that were damaged, or not written.",
            "tier",
            "reason",
        )

    def observe(self, tiers: list[KvTierStats]) -> None:
        """Observe the tiers after a step."""
        for each in tiers:
            labels = (*self._values, each.tier)
            self._queries.labels(*labels).inc(each.queries)
            self._hits.labels(*labels).inc(each.hits)
            self._held.labels(*labels).set(each.held_bytes)
            self._bound.labels(*labels).set(each.max_bytes)
            if each.tier == "disk":
                self._lost.labels(*labels, "damaged").set(each.damaged_blocks)
                self._lost.labels(*labels, "dropped").set(each.dropped_blocks)
