"""Series beyond vLLM's, all `tokentide:`: build, device, experts, cache tiers, logged events."""

import time

from models.protocol import EngineInfo, StepStats
from models.server.metrics.device import DeviceSeries
from models.server.metrics.experts import ExpertParallelSeries, ExpertTokenSeries
from models.server.metrics.factory import MetricFactory
from models.server.metrics.kv_tiers import KvTierSeries


class TierMetrics:
    """Series that only this tier has."""

    def __init__(self, make: MetricFactory, info: EngineInfo, sparse_layers: list[int]) -> None:
        facts = {"device": info.device, "quantisation": info.quantisation, **info.stack}
        make.info("tokentide:build_info", "Versions.", facts)
        constants = {
            "tokentide:weight_bytes": ("Memory of the weights.", info.weight_bytes),
            "tokentide:active_parameters": (
                "Weights that one token is multiplied with.",
                info.active_parameters,
            ),
            "tokentide:context_tokens": (
                "Maximum tokens of a prompt with its completion.",
                info.context_tokens,
            ),
        }
        if info.cache_bytes:
            constants["tokentide:cache_bytes"] = ("Memory of the cache.", info.cache_bytes)
        if info.parameters:
            constants["tokentide:parameters"] = ("Weights in all.", info.parameters)
        for name, (text, value) in constants.items():
            make.gauge(name, text).set(value)
        self._values = make.values
        self._requests = make.counters(
            "tokentide:requests", "Events in the log of requests.", "outcome"
        )
        self._device = DeviceSeries(make)
        self._experts = ExpertTokenSeries(make, sparse_layers)
        self._parallel = ExpertParallelSeries(make)
        self._kv_tiers = KvTierSeries(make)

    def count_event(self, outcome: str) -> None:
        """Count a logged event."""
        self._requests.labels(*self._values, outcome).inc()

    def observe_step(self, stats: StepStats) -> None:
        """Observe a step of the engine."""
        if stats.device:
            self._device.observe(stats.device, time.monotonic())
        if stats.layer_times:
            self._parallel.observe(stats.layer_times)
        self._kv_tiers.observe(stats.kv_tiers)
        self._experts.count(stats.expert_tokens)
