"""What /metrics shows of requests and steps: vLLM's names, labels and buckets, so that its dashboards fit.

What vLLM has no name for is in `metrics_tier`. Left out because nothing here measures it: bytes read and written per device, external
and multi-modal caches, adapters.
"""

from prometheus_client import Counter, generate_latest

from models.protocol import EngineInfo, StepStats
from models.server.metrics_tier import TierMetrics
from models.server.request_state import RequestState
from models.server.series import MetricFactory

STEP_TOKENS = (1, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384)
FIRST_TOKEN = (
    0.001,
    0.005,
    0.01,
    0.02,
    0.04,
    0.06,
    0.08,
    0.1,
    0.25,
    0.5,
    0.75,
    1,
    2.5,
    5,
    7.5,
    10,
    20,
    40,
    80,
    160,
    640,
    2560,
)
NEXT_TOKEN = (
    0.01,
    0.025,
    0.05,
    0.075,
    0.1,
    0.15,
    0.2,
    0.3,
    0.4,
    0.5,
    0.75,
    1,
    2.5,
    5,
    7.5,
    10,
    20,
    40,
    80,
)
REQUEST = (
    0.3,
    0.5,
    0.8,
    1,
    1.5,
    2,
    2.5,
    5,
    10,
    15,
    20,
    30,
    40,
    50,
    60,
    120,
    240,
    480,
    960,
    1920,
    7680,
)
PREEMPTIONS = (1, 2, 3, 4, 5, 10, 20)
CHOICES = (1, 2, 5, 10, 20)
FINISH_REASONS = ("stop", "length", "abort", "error", "repetition")
FLOP_PER_PARAMETER = 2  # a multiplication and an addition


def length_buckets(limit: int) -> tuple[int, ...]:
    """vLLM's buckets for lengths: 1, 2, 5, 10, 20, 50 … up to the model's context."""
    steps = (digit * 10**power for power in range(len(str(limit))) for digit in (1, 2, 5))
    return tuple(step for step in steps if step <= limit)


class ServerMetrics:
    """All series of one server."""

    def __init__(
        self, model: str, ready: EngineInfo, sparse_layers: list[int], is_speculating: bool
    ) -> None:
        self._series = MetricFactory(model)
        self._flop_per_token = FLOP_PER_PARAMETER * ready.active_parameters / ready.expert_ranks
        self._make_gauges(ready)
        self._make_counters()
        self._make_lengths(length_buckets(ready.context_tokens))
        self._make_times()
        self._speculation = SpecDecodeSeries(self._series) if is_speculating else None
        self.tier = TierMetrics(self._series, ready, sparse_layers)

    def text(self) -> bytes:
        """Prometheus' text format."""
        return generate_latest(self._series.registry)

    def rejected(self, reason: str) -> None:
        """One more request was not let in."""
        self._rejections.labels(self._series.values[1], reason).inc()

    def standing(self, running: int, waiting: int) -> None:
        """How many requests the engine has."""
        self._running.set(running)
        self._waiting.set(waiting)
        self._waiting_for_room.set(waiting)

    def step(self, stats: StepStats) -> None:
        """The engine did a step; one without tokens only says how it stands."""
        self.standing(stats.running, stats.waiting)
        self._cache_usage.set(stats.cache_usage)
        self._prefix_queries.inc(stats.prefix_queries)
        self._prefix_hits.inc(stats.prefix_hits)
        self._preemptions.inc(stats.preemptions)
        if stats.batch_tokens:
            self._step_tokens.observe(stats.batch_tokens)
            self._flop.inc(self._flop_per_token * stats.batch_tokens)
        if self._speculation and stats.drafts:
            self._speculation.step(stats)
        self.tier.step(stats)

    def tokens(self, flight: RequestState, count: int, now: float) -> None:
        """A request got tokens; its own times are those from before."""
        self._generation_tokens.inc(count)
        if flight.first_token_at is None:
            self._first_token.observe(max(now - flight.arrival_at, 0))
            self._prompt(flight.prompt_tokens, flight.cached_tokens)
        elif flight.last_token_at is not None:
            self._next_token.observe(max(now - flight.last_token_at, 0))

    def ended(self, flight: RequestState, reason: str, now: float) -> None:
        """A request that the engine had is over."""
        self._success[reason].inc()
        self._request_prompt.observe(flight.prompt_tokens)
        self._request_generation.observe(flight.completion_tokens)
        self._request_most.observe(flight.completion_tokens)
        self._params_max_tokens.observe(flight.max_tokens)
        self._params_n.observe(1)
        self._request_preemptions.observe(flight.latest.preemptions if flight.latest else 0)
        self._whole.observe(max(now - flight.arrival_at, 0))
        if flight.scheduled_at is not None:
            self._queue.observe(max(flight.scheduled_at - flight.arrival_at, 0))
        if flight.first_token_at is not None and flight.last_token_at is not None:
            self._generated(flight, flight.first_token_at, flight.last_token_at)

    def _generated(self, flight: RequestState, first_at: float, last_at: float) -> None:
        """The parts of its time, of a request that got tokens."""
        started_at = flight.arrival_at if flight.scheduled_at is None else flight.scheduled_at
        decode = max(last_at - first_at, 0)
        self._prefill.observe(max(first_at - started_at, 0))
        self._inference.observe(max(last_at - started_at, 0))
        self._decode.observe(decode)
        self._computed.observe(flight.prompt_tokens - flight.cached_tokens)
        if flight.completion_tokens > 1:
            self._per_token.observe(decode / (flight.completion_tokens - 1))

    def _prompt(self, tokens: int, cached: int) -> None:
        self._prompt_tokens.inc(tokens)
        self._prompt_tokens_cached.inc(cached)
        self._computed_here.inc(tokens - cached)
        self._hit_here.inc(cached)
        self._cached_on_device.inc(cached)

    def _make_gauges(self, ready: EngineInfo) -> None:
        make = self._series
        self._running = make.gauge("vllm:num_requests_running", "Requests in the batch.")
        self._waiting = make.gauge("vllm:num_requests_waiting", "Requests in the queue.")
        why = make.gauges(
            "vllm:num_requests_waiting_by_reason",
            "Requests in the queue by what they wait for.",
            "reason",
        )
        self._waiting_for_room, _ = (
            why.labels(*make.values, reason) for reason in ("capacity", "deferred")
        )
        self._cache_usage = make.gauge(
            "vllm:kv_cache_usage_perc", "Used part of the cache, 0 to 1."
        )
        sleep = make.gauges(
            "vllm:engine_sleep_state",
            "1 for the state that holds; this engine never sleeps.",
            "sleep_state",
        )
        for state in ("awake", "weights_offloaded", "discard_all"):
            sleep.labels(*make.values, state).set(state == "awake")
        facts = {"block_size": str(ready.block_tokens), "num_gpu_blocks": str(ready.cache_blocks)}
        make.info("vllm:cache_config_info", "The cache.", facts)

    def _make_counters(self) -> None:
        make = self._series
        self._prompt_tokens = make.counter(
            "vllm:prompt_tokens", "Prompt tokens of requests that got a first token."
        )
        self._prompt_tokens_cached = make.counter(
            "vllm:prompt_tokens_cached", "Of them, found in the cache."
        )
        self._generation_tokens = make.counter("vllm:generation_tokens", "Tokens generated.")
        self._prefix_queries = make.counter(
            "vllm:prefix_cache_queries", "Prompt tokens looked up in the cache."
        )
        self._prefix_hits = make.counter(
            "vllm:prefix_cache_hits", "Prompt tokens found in the cache."
        )
        self._preemptions = make.counter(
            "vllm:num_preemptions", "Requests computed again because the cache was full."
        )
        self._flop = make.counter(
            "vllm:estimated_flops_per_gpu",
            "Twice the active parameters a token computed, over the ranks; without attention.",
        )
        success = make.counters("vllm:request_success", "Requests that ended.", "finished_reason")
        self._success = {reason: success.labels(*make.values, reason) for reason in FINISH_REASONS}
        self._make_sources()
        text = "Requests not let in."
        self._rejections = Counter(
            "vllm:admission_rejections", text, ("model_name", "reason"), registry=make.registry
        )

    def _make_sources(self) -> None:
        """Where prompts come from; what cannot happen here stays 0, as vLLM's dashboards expect the labels."""
        make = self._series
        sources = make.counters(
            "vllm:prompt_tokens_by_source", "Prompt tokens by source.", "source"
        )
        names = ("local_compute", "local_cache_hit", "external_kv_transfer")
        self._computed_here, self._hit_here, _ = (
            sources.labels(*make.values, name) for name in names
        )
        places = make.counters(
            "vllm:prompt_tokens_cached_by_source",
            "Cached prompt tokens by where they lay.",
            "source",
        )
        kinds = ("device", "host", "p2p", "disk", "external_unspecified")
        self._cached_on_device, *_ = (places.labels(*make.values, kind) for kind in kinds)

    def _make_lengths(self, lengths: tuple[int, ...]) -> None:
        make = self._series.histogram
        self._step_tokens = make("vllm:iteration_tokens_total", "Tokens of a step.", STEP_TOKENS)
        self._request_prompt = make(
            "vllm:request_prompt_tokens", "Prompt tokens of a request.", lengths
        )
        self._request_generation = make(
            "vllm:request_generation_tokens", "Generated tokens of a request.", lengths
        )
        self._request_most = make(
            "vllm:request_max_num_generation_tokens",
            "Generated tokens of the longest choice.",
            lengths,
        )
        self._computed = make(
            "vllm:request_prefill_kv_computed_tokens",
            "Prompt tokens of a request not found in the cache.",
            lengths,
        )
        self._params_max_tokens = make(
            "vllm:request_params_max_tokens", "max_tokens of a request.", lengths
        )
        self._params_n = make("vllm:request_params_n", "n of a request.", CHOICES)
        self._request_preemptions = make(
            "vllm:request_num_preemptions", "Preemptions of a request.", PREEMPTIONS
        )

    def _make_times(self) -> None:
        make = self._series.histogram
        self._first_token = make(
            "vllm:time_to_first_token_seconds", "Arrival to first token.", FIRST_TOKEN
        )
        self._next_token = make(
            "vllm:inter_token_latency_seconds", "Between a request's outputs.", NEXT_TOKEN
        )
        self._per_token = make(
            "vllm:request_time_per_output_token_seconds", "Mean after the first token.", NEXT_TOKEN
        )
        self._whole = make("vllm:e2e_request_latency_seconds", "Arrival to end.", REQUEST)
        self._queue = make("vllm:request_queue_time_seconds", "Arrival until it ran.", REQUEST)
        self._inference = make(
            "vllm:request_inference_time_seconds", "From when it ran to its last token.", REQUEST
        )
        self._prefill = make(
            "vllm:request_prefill_time_seconds", "From when it ran to its first token.", REQUEST
        )
        self._decode = make("vllm:request_decode_time_seconds", "First token to last.", REQUEST)


class SpecDecodeSeries:
    """vLLM's series of speculative decoding, there only where it is on."""

    def __init__(self, make: MetricFactory) -> None:
        self._make = make
        self._drafts = make.counter("vllm:spec_decode_num_drafts", "Drafts checked.")
        self._draft_tokens = make.counter("vllm:spec_decode_num_draft_tokens", "Tokens guessed.")
        self._accepted_tokens = make.counter(
            "vllm:spec_decode_num_accepted_tokens", "Guesses that were right."
        )
        self._accepted = make.counters(
            "vllm:spec_decode_num_accepted_tokens_per_pos", "Right guesses by place.", "position"
        )

    def step(self, stats: StepStats) -> None:
        """A step that checked drafts."""
        self._drafts.inc(stats.drafts)
        self._draft_tokens.inc(stats.draft_tokens)
        self._accepted_tokens.inc(sum(stats.accepted_per_position))
        for position, count in enumerate(stats.accepted_per_position):
            self._accepted.labels(*self._make.values, str(position)).inc(count)
