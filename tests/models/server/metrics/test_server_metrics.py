"""All series together: vLLM's families to the letter, and `tokentide:` ones beside them."""

from dataclasses import replace

from prometheus_client.metrics_core import Metric
from support.inference.engine import engine_info
from support.inference.metrics import STEP, parse_families

from models.server.metrics.server_metrics import ServerMetrics

COMMON_LABELS = {"engine", "model_name"}
LENGTHS = "1 2 5 10 20 50 100 200 500 1000 2000"
NEXT_TOKEN = "0.01 0.025 0.05 0.075 0.1 0.15 0.2 0.3 0.4 0.5 0.75 1 2.5 5 7.5 10 20 40 80"
REQUEST = "0.3 0.5 0.8 1 1.5 2 2.5 5 10 15 20 30 40 50 60 120 240 480 960 1920 7680"
FIRST_TOKEN = (
    "0.001 0.005 0.01 0.02 0.04 0.06 0.08 0.1 0.25 0.5 0.75 1 2.5 5 7.5 10 20 40 80 160 640 2560"
)
STEP_TOKENS = "1 8 16 32 64 128 256 512 1024 2048 4096 8192 16384"

# /metrics of vLLM 0.32: labels beside engine and model_name, with their values in a closed set.
GAUGES: dict[str, dict[str, set[str]]] = {
    "vllm:num_requests_running": {},
    "vllm:num_requests_waiting": {},
    "vllm:num_requests_waiting_by_reason": {"reason": {"capacity", "deferred"}},
    "vllm:engine_sleep_state": {"sleep_state": {"awake", "weights_offloaded", "discard_all"}},
    "vllm:kv_cache_usage_perc": {},
    "vllm:cache_config_info": {
        "block_size": {"16"},
        "num_gpu_blocks": {"16"},
        "cache_dtype": {"float32"},
    },
}
COUNTERS: dict[str, dict[str, set[str]]] = {
    "vllm:prefix_cache_queries": {},
    "vllm:prefix_cache_hits": {},
    "vllm:external_prefix_cache_queries": {},
    "vllm:external_prefix_cache_hits": {},
    "vllm:num_preemptions": {},
    "vllm:prompt_tokens": {},
    "vllm:prompt_tokens_by_source": {
        "source": {"local_compute", "local_cache_hit", "external_kv_transfer"}
    },
    "vllm:prompt_tokens_cached": {},
    "vllm:prompt_tokens_cached_by_source": {
        "source": {"device", "host", "p2p", "disk", "external_unspecified"}
    },
    "vllm:generation_tokens": {},
    "vllm:request_success": {"finished_reason": {"stop", "length", "abort", "error", "repetition"}},
    "vllm:estimated_flops_per_gpu": {},
}
SPEC_DECODE: dict[str, dict[str, set[str]]] = {
    "vllm:spec_decode_num_drafts": {},
    "vllm:spec_decode_num_draft_tokens": {},
    "vllm:spec_decode_num_draft_tokens_per_pos": {"position": {"0", "1"}},
    "vllm:spec_decode_num_accepted_tokens": {},
    "vllm:spec_decode_num_accepted_tokens_per_pos": {"position": {"0", "1"}},
}
HISTOGRAMS = {
    "vllm:request_prompt_tokens": LENGTHS,
    "vllm:request_generation_tokens": LENGTHS,
    "vllm:request_max_num_generation_tokens": LENGTHS,
    "vllm:request_params_max_tokens": LENGTHS,
    "vllm:request_prefill_kv_computed_tokens": LENGTHS,
    "vllm:iteration_tokens_total": STEP_TOKENS,
    "vllm:request_params_n": "1 2 5 10 20",
    "vllm:request_num_preemptions": "1 2 3 4 5 10 20",
    "vllm:time_to_first_token_seconds": FIRST_TOKEN,
    "vllm:inter_token_latency_seconds": NEXT_TOKEN,
    "vllm:request_time_per_output_token_seconds": NEXT_TOKEN,
    "vllm:e2e_request_latency_seconds": REQUEST,
    "vllm:request_queue_time_seconds": REQUEST,
    "vllm:request_inference_time_seconds": REQUEST,
    "vllm:request_prefill_time_seconds": REQUEST,
    "vllm:request_decode_time_seconds": REQUEST,
}


def metrics_of(max_draft_tokens: int = 0) -> ServerMetrics:
    """Make the metrics of a model with a context of 2048 tokens."""
    info = engine_info(context_tokens=2048, block_tokens=16)
    return ServerMetrics("tiny", info, [0, 2], max_draft_tokens)


def extra_labels(family: Metric) -> dict[str, set[str]]:
    """Return the labels beside vLLM's two, which must be there, with their values."""
    labels: dict[str, set[str]] = {}
    for sample in family.samples:
        assert set(sample.labels) >= COMMON_LABELS
        assert sample.labels["engine"] == "0"
        for label in set(sample.labels) - COMMON_LABELS - {"le"}:
            labels.setdefault(label, set()).add(sample.labels[label])
    return labels


def test_vllms_families_have_its_names_types_and_labels() -> None:
    """None is missing, and no other family begins with `vllm:`."""
    metrics = metrics_of(max_draft_tokens=2)
    counts = {"drafted_per_position": [1], "accepted_per_position": [1]}
    metrics.observe_step(replace(STEP, drafts=1, draft_tokens=1, **counts))
    metrics.requests.count_rejection("queue_full")
    page = parse_families(metrics.render())
    families = {name: each for name, each in page.items() if name.startswith("vllm:")}
    rejections = families.pop("vllm:admission_rejections")
    assert rejections.type == "counter"
    labels = {frozenset(sample.labels) for sample in rejections.samples}
    assert labels == {frozenset({"model_name", "reason"})}
    assert {name: family.type for name, family in families.items()} == (
        dict.fromkeys(GAUGES, "gauge")
        | dict.fromkeys(COUNTERS | SPEC_DECODE, "counter")
        | dict.fromkeys(HISTOGRAMS, "histogram")
    )
    for name, expected in (GAUGES | COUNTERS | SPEC_DECODE).items():
        assert extra_labels(families[name]) == expected, name


def test_vllms_histograms_have_its_buckets() -> None:
    """And plus infinity."""
    families = parse_families(metrics_of().render())
    for name, buckets in HISTOGRAMS.items():
        samples = [each for each in families[name].samples if each.name == f"{name}_bucket"]
        limits = [float(each.labels["le"]) for each in samples]
        assert limits == [*map(float, buckets.split()), float("inf")], name


def test_counters_end_in_total() -> None:
    """As on vLLM's page."""
    text = metrics_of(max_draft_tokens=3).render().decode()
    for name in [*COUNTERS, "vllm:spec_decode_num_drafts"]:
        assert f"\n{name}_total{{" in text


def test_series_of_speculation_are_absent_if_it_is_off() -> None:
    """As in vLLM."""
    families = parse_families(metrics_of().render())
    assert not [name for name in families if "spec_decode" in name]


def test_every_other_family_is_ours_or_the_process() -> None:
    """Nothing collides with other exporters."""
    for name in parse_families(metrics_of().render()):
        assert name.startswith(("vllm:", "tokentide:", "process_")), name
