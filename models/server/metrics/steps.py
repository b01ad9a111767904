"""vLLM's series of the engine: queue, cache, steps and speculative decoding."""

from models.protocol import EngineInfo, StepStats
from models.server.metrics.buckets import STEP_TOKENS
from models.server.metrics.factory import MetricFactory

FLOP_PER_PARAMETER = 2  # a multiplication and an addition
SLEEP_STATES = ("awake", "weights_offloaded", "discard_all")


class StepSeries:
    """Series that each step of the engine updates."""

    def __init__(self, make: MetricFactory, info: EngineInfo, max_draft_tokens: int) -> None:
        self._flop_per_token = FLOP_PER_PARAMETER * info.active_parameters / info.expert_ranks
        self._speculation = SpecDecodeSeries(make, max_draft_tokens) if max_draft_tokens else None
        self._make_queue_gauges(make)
        self._make_counters(make)
        _make_constants(make, info)

    def set_queue(self, running: int, waiting: int) -> None:
        """Set the number of running and waiting requests."""
        self._running.set(running)
        self._waiting.set(waiting)
        self._waiting_for_capacity.set(waiting)

    def observe(self, stats: StepStats) -> None:
        """Observe a step. A step without tokens reports the state only."""
        self.set_queue(stats.running, stats.waiting)
        self._cache_usage.set(stats.cache_usage)
        self._prefix_queries.inc(stats.prefix_queries)
        self._prefix_hits.inc(stats.prefix_hits)
        self._preemptions.inc(stats.preemptions)
        slower = [each for each in stats.kv_tiers if each.tier != "device"]
        if slower:
            self._external_queries.inc(slower[0].queries)
            self._external_hits.inc(sum(each.hits for each in slower))
        if stats.batch_tokens:
            self._step_tokens.observe(stats.batch_tokens)
            self._flop.inc(self._flop_per_token * stats.batch_tokens)
        if self._speculation and stats.drafts:
            self._speculation.observe(stats)

    def _make_queue_gauges(self, make: MetricFactory) -> None:
        self._running = make.gauge("vllm:num_requests_running", "Requests in the batch.")
        self._waiting = make.gauge("vllm:num_requests_waiting", "Requests in the queue.")
        by_reason = make.gauges(
            "vllm:num_requests_waiting_by_reason",
            "Requests in the queue by the reason for waiting.",
            "reason",
        )
        self._waiting_for_capacity, _ = (
            by_reason.labels(*make.values, reason) for reason in ("capacity", "deferred")
        )
        self._cache_usage = make.gauge(
            "vllm:kv_cache_usage_perc", "Used share of the cache, 0 to 1."
        )

    def _make_counters(self, make: MetricFactory) -> None:
        self._prefix_queries = make.counter(
            "vllm:prefix_cache_queries", "Prompt tokens looked up in the device's cache."
        )
        self._prefix_hits = make.counter(
            "vllm:prefix_cache_hits", "Prompt tokens found in the device's cache."
        )
        self._external_queries = make.counter(
            "vllm:external_prefix_cache_queries",
            "Prompt tokens looked up in host memory and on disk.",
        )
        self._external_hits = make.counter(
            "vllm:external_prefix_cache_hits", "Prompt tokens found in host memory or on disk."
        )
        self._preemptions = make.counter(
            "vllm:num_preemptions", "Requests preempted because the cache was full."
        )
        self._flop = make.counter(
            "vllm:estimated_flops_per_gpu",
            "Twice the active parameters per computed token, divided by the ranks; "
            "without attention scores.",
        )
        self._step_tokens = make.histogram(
            "vllm:iteration_tokens_total", "Tokens of a step.", STEP_TOKENS
        )


class SpecDecodeSeries:
    """vLLM's series of speculative decoding, present only if it is on.

    Those of all positions begin at 0: growth of a series that appears later is not known.
    """

    def __init__(self, make: MetricFactory, max_draft_tokens: int) -> None:
        self._values = make.values
        self._drafts = make.counter("vllm:spec_decode_num_drafts", "Verified drafts.")
        self._draft_tokens = make.counter("vllm:spec_decode_num_draft_tokens", "Draft tokens.")
        self._accepted_tokens = make.counter(
            "vllm:spec_decode_num_accepted_tokens", "Accepted draft tokens."
        )
        self._drafted_per_position = make.counters(
            "vllm:spec_decode_num_draft_tokens_per_pos",
            "Draft tokens by position in the draft: the denominator of acceptance there.",
            "position",
        )
        self._accepted_per_position = make.counters(
            "vllm:spec_decode_num_accepted_tokens_per_pos",
            "Accepted draft tokens by position in the draft.",
            "position",
        )
        for position in range(max_draft_tokens):
            for series in (self._drafted_per_position, self._accepted_per_position):
                series.labels(*self._values, str(position))

    def observe(self, stats: StepStats) -> None:
        """Observe a step that verified drafts."""
        self._drafts.inc(stats.drafts)
        self._draft_tokens.inc(stats.draft_tokens)
        self._accepted_tokens.inc(sum(stats.accepted_per_position))
        for series, counts in (
            (self._drafted_per_position, stats.drafted_per_position),
            (self._accepted_per_position, stats.accepted_per_position),
        ):
            for position, count in enumerate(counts):
                series.labels(*self._values, str(position)).inc(count)


def _make_constants(make: MetricFactory, info: EngineInfo) -> None:
    sleep = make.gauges(
        "vllm:engine_sleep_state",
        "1 for the current state; this engine never sleeps.",
        "sleep_state",
    )
    for state in SLEEP_STATES:
        sleep.labels(*make.values, state).set(state == "awake")
    facts = {
        "block_size": str(info.block_tokens),
        "num_gpu_blocks": str(info.cache_blocks),
        "cache_dtype": info.kv_cache_dtype,
    }
    make.info("vllm:cache_config_info", "Size of the cache.", facts)
