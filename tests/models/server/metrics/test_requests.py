"""Series of requests: phases add up to the whole, sources to the prompt."""

from support.inference.metrics import collect, sum_samples

from models.protocol import RequestOutput
from models.server.metrics.factory import MetricFactory
from models.server.metrics.requests import RequestSeries
from models.server.request_state import RequestState


def make_series() -> tuple[RequestSeries, MetricFactory]:
    """Make the series and their registry."""
    factory = MetricFactory("tiny")
    return RequestSeries(factory, context_tokens=2048), factory


def finished_state() -> RequestState:
    """Make a request of 40 prompt tokens, 32 of them cached, that waited half a second.

    Of the cached ones 16 come from host memory and 5 from disk.
    """
    state = RequestState("one", prompt_tokens=40, max_tokens=7, arrival_at=100.0)
    state.last_output = RequestOutput(
        "one",
        [5],
        [],
        cached_tokens=32,
        host_tokens=16,
        disk_tokens=5,
        preemptions=1,
        scheduled_at=100.5,
    )
    return state


def test_phases_of_a_request_add_up() -> None:
    """Queue, prefill and decode are its whole time; cached and computed tokens its prompt."""
    series, factory = make_series()
    state = finished_state()
    series.observe_tokens(state, 1, 102.0)
    state.first_token_at, state.last_token_at, state.completion_tokens = 102.0, 105.0, 7
    series.observe_end(state, "length", 105.0)
    families = collect(factory.registry)
    sums = {
        name.removeprefix("vllm:"): sum_samples(families, name, "_sum")
        for name, family in families.items()
        if family.type == "histogram"
    }
    assert {name: value for name, value in sums.items() if value} == {
        "request_prompt_tokens": 40,
        "request_generation_tokens": 7,
        "request_max_num_generation_tokens": 7,
        "request_params_max_tokens": 7,
        "request_prefill_kv_computed_tokens": 8,
        "request_params_n": 1,
        "request_num_preemptions": 1,
        "time_to_first_token_seconds": 2.0,
        "request_time_per_output_token_seconds": 0.5,
        "e2e_request_latency_seconds": 5.0,
        "request_queue_time_seconds": 0.5,
        "request_inference_time_seconds": 4.5,
        "request_prefill_time_seconds": 1.5,
        "request_decode_time_seconds": 3.0,
    }


def test_prompt_tokens_are_counted_by_source() -> None:
    """Sources that never occur stay 0; other tiers than the device's are vLLM's external."""
    series, factory = make_series()
    series.observe_tokens(finished_state(), 1, 102.0)
    families = collect(factory.registry)
    sources = {
        sample.labels["source"]: sample.value
        for sample in families["vllm:prompt_tokens_by_source"].samples
        if sample.name.endswith("_total")
    }
    assert sources == {"local_compute": 8, "local_cache_hit": 11, "external_kv_transfer": 21}
    cached = "vllm:prompt_tokens_cached_by_source"
    for source, tokens in {"device": 11, "host": 16, "disk": 5, "p2p": 0}.items():
        assert sum_samples(families, cached, "_total", source=source) == tokens
    assert sum_samples(families, "vllm:prompt_tokens_cached", "_total") == 32


def test_gaps_between_outputs_are_observed() -> None:
    """Not the time to the first one."""
    series, factory = make_series()
    state = finished_state()
    state.first_token_at = state.last_token_at = 102.0
    series.observe_tokens(state, 3, 102.25)
    families = collect(factory.registry)
    assert sum_samples(families, "vllm:inter_token_latency_seconds", "_sum") == 0.25
    assert sum_samples(families, "vllm:generation_tokens", "_total") == 3
    assert sum_samples(families, "vllm:prompt_tokens", "_total") == 0


def test_a_request_without_tokens_has_no_phases() -> None:
    """It has a whole time and a reason."""
    series, factory = make_series()
    series.observe_end(RequestState("one", 40, 7, 100.0), "abort", 103.0)
    families = collect(factory.registry)
    counts = {
        name: sum_samples(families, f"vllm:{name}", "_count")
        for name in (
            "e2e_request_latency_seconds",
            "request_queue_time_seconds",
            "request_prefill_time_seconds",
            "request_prefill_kv_computed_tokens",
        )
    }
    assert list(counts.values()) == [1, 0, 0, 0]
    assert sum_samples(families, "vllm:request_success", "_total", finished_reason="abort") == 1


def test_one_token_has_no_time_per_token() -> None:
    """There is none after the first."""
    series, factory = make_series()
    state = finished_state()
    state.first_token_at = state.last_token_at = 102.0
    state.completion_tokens = 1
    series.observe_end(state, "length", 102.0)
    name = "vllm:request_time_per_output_token_seconds"
    assert sum_samples(collect(factory.registry), name, "_count") == 0


def test_clocks_that_disagree_give_no_negative_times() -> None:
    """The engine's process may be a moment ahead."""
    series, factory = make_series()
    state = finished_state()
    state.first_token_at = state.last_token_at = 100.25
    state.completion_tokens = 1
    series.observe_end(state, "length", 99.0)
    families = collect(factory.registry)
    for name in ("vllm:e2e_request_latency_seconds", "vllm:request_prefill_time_seconds"):
        assert sum_samples(families, name, "_sum") == 0


def test_rejections_are_counted_by_reason() -> None:
    """Without the label of an engine, which they never reached."""
    series, factory = make_series()
    series.count_rejection("queue_full")
    series.count_rejection("queue_full")
    [sample] = [
        each
        for each in collect(factory.registry)["vllm:admission_rejections"].samples
        if each.name.endswith("_total")
    ]
    assert sample.labels == {"model_name": "tiny", "reason": "queue_full"}
    assert sample.value == 2
