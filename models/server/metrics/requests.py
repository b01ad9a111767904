"""vLLM's series of requests: prompt and generated tokens, latencies, ends, rejections."""

from prometheus_client import Counter, Histogram

from models.server.metrics.buckets import (
    CHOICES,
    FIRST_TOKEN,
    NEXT_TOKEN,
    PREEMPTIONS,
    REQUEST,
    length_buckets,
)
from models.server.metrics.factory import MetricFactory
from models.server.request_state import RequestState

FINISH_REASONS = ("stop", "length", "abort", "error", "repetition")


class RequestSeries:
    """Series of requests."""

    def __init__(self, make: MetricFactory, context_tokens: int) -> None:
        self._prompts = PromptSeries(make)
        self._lengths = LengthSeries(make, length_buckets(context_tokens))
        self._times = LatencySeries(make)
        self._model = make.model
        self._generation_tokens = make.counter("vllm:generation_tokens", "Generated tokens.")
        ended = make.counters("vllm:request_success", "Requests that ended.", "finished_reason")
        self._ended = {each: ended.labels(*make.values, each) for each in FINISH_REASONS}
        self._rejections = Counter(
            "vllm:admission_rejections",
            "Requests rejected at admission.",
            ("model_name", "reason"),
            registry=make.registry,
        )

    def count_rejection(self, reason: str) -> None:
        """Count a request that was not admitted."""
        self._rejections.labels(self._model, reason).inc()

    def observe_tokens(self, state: RequestState, count: int, now: float) -> None:
        """Observe new tokens of a request, whose state is still that before them."""
        self._generation_tokens.inc(count)
        if state.first_token_at is None:
            self._times.first_token.observe(max(now - state.arrival_at, 0))
            self._prompts.count(state)
        elif state.last_token_at is not None:
            self._times.next_token.observe(max(now - state.last_token_at, 0))

    def observe_end(self, state: RequestState, reason: str, now: float) -> None:
        """Observe the end of an admitted request."""
        self._ended[reason].inc()
        self._lengths.observe(state)
        self._times.observe(state, now)
        if state.first_token_at is not None:
            self._lengths.computed.observe(state.prompt_tokens - state.cached_tokens)


class PromptSeries:
    """Prompt tokens and their sources.

    Sources that this server never has stay 0, because vLLM's dashboards expect their labels.
    """

    def __init__(self, make: MetricFactory) -> None:
        self._tokens = make.counter(
            "vllm:prompt_tokens", "Prompt tokens of requests that got a first token."
        )
        self._all_cached = make.counter(
            "vllm:prompt_tokens_cached", "Prompt tokens found in the cache."
        )
        sources = make.counters(
            "vllm:prompt_tokens_by_source", "Prompt tokens by source.", "source"
        )
        names = ("local_compute", "local_cache_hit", "external_kv_transfer")
        self._computed_here, self._hit_here, self._hit_beyond = (
            sources.labels(*make.values, name) for name in names
        )
        tiers = make.counters(
            "vllm:prompt_tokens_cached_by_source",
            "Cached prompt tokens by the storage of the cache.",
            "source",
        )
        kinds = ("device", "host", "p2p", "disk", "external_unspecified")
        self._cached = {kind: tiers.labels(*make.values, kind) for kind in kinds}

    def count(self, state: RequestState) -> None:
        """Count the prompt of a request that got its first token."""
        slower = state.host_tokens + state.disk_tokens
        on_device = state.cached_tokens - slower
        self._tokens.inc(state.prompt_tokens)
        self._all_cached.inc(state.cached_tokens)
        self._computed_here.inc(state.prompt_tokens - state.cached_tokens)
        self._hit_here.inc(on_device)
        self._hit_beyond.inc(slower)
        self._cached["device"].inc(on_device)
        self._cached["host"].inc(state.host_tokens)
        self._cached["disk"].inc(state.disk_tokens)


class LengthSeries:
    """Histograms of a request's counts."""

    def __init__(self, make: MetricFactory, lengths: tuple[int, ...]) -> None:
        def histogram(name: str, text: str, buckets: tuple[float, ...] = lengths) -> Histogram:
            return make.histogram(f"vllm:request_{name}", text, buckets)

        self.computed = histogram(
            "prefill_kv_computed_tokens", "Prompt tokens of a request not found in the cache."
        )
        self._prompt = histogram("prompt_tokens", "Prompt tokens of a request.")
        self._generated = histogram("generation_tokens", "Generated tokens of a request.")
        self._longest_choice = histogram(
            "max_num_generation_tokens", "Generated tokens of the longest choice."
        )
        self._max_tokens = histogram("params_max_tokens", "max_tokens of a request.")
        self._choices = histogram("params_n", "n of a request.", CHOICES)
        self._preemptions = histogram("num_preemptions", "Preemptions of a request.", PREEMPTIONS)

    def observe(self, state: RequestState) -> None:
        """Observe the counts of a request that ended."""
        self._prompt.observe(state.prompt_tokens)
        self._generated.observe(state.completion_tokens)
        self._longest_choice.observe(state.completion_tokens)
        self._max_tokens.observe(state.max_tokens)
        self._choices.observe(1)
        self._preemptions.observe(state.last_output.preemptions if state.last_output else 0)


class LatencySeries:
    """Histograms of a request's times."""

    def __init__(self, make: MetricFactory) -> None:
        histogram = make.histogram
        self.first_token = histogram(
            "vllm:time_to_first_token_seconds", "Arrival to first token.", FIRST_TOKEN
        )
        self.next_token = histogram(
            "vllm:inter_token_latency_seconds", "Between outputs of a request.", NEXT_TOKEN
        )
        self._per_token = histogram(
            "vllm:request_time_per_output_token_seconds",
            "Mean time per token after the first.",
            NEXT_TOKEN,
        )
        self._whole = histogram("vllm:e2e_request_latency_seconds", "Arrival to end.", REQUEST)
        self._queue = histogram(
            "vllm:request_queue_time_seconds", "Arrival to first admission.", REQUEST
        )
        self._inference = histogram(
            "vllm:request_inference_time_seconds", "First admission to last token.", REQUEST
        )
        self._prefill = histogram(
            "vllm:request_prefill_time_seconds", "First admission to first token.", REQUEST
        )
        self._decode = histogram(
            "vllm:request_decode_time_seconds", "First token to last token.", REQUEST
        )

    def observe(self, state: RequestState, now: float) -> None:
        """Observe the times of a request that ended."""
        self._whole.observe(max(now - state.arrival_at, 0))
        if state.scheduled_at is not None:
            self._queue.observe(max(state.scheduled_at - state.arrival_at, 0))
        if state.first_token_at is not None and state.last_token_at is not None:
            self._observe_phases(state, state.first_token_at, state.last_token_at)

    def _observe_phases(self, state: RequestState, first_at: float, last_at: float) -> None:
        started_at = state.arrival_at if state.scheduled_at is None else state.scheduled_at
        decode = max(last_at - first_at, 0)
        self._prefill.observe(max(first_at - started_at, 0))
        self._inference.observe(max(last_at - started_at, 0))
        self._decode.observe(decode)
        if state.completion_tokens > 1:
            self._per_token.observe(decode / (state.completion_tokens - 1))
