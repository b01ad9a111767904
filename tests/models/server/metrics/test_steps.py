"""Series of the engine's steps."""

from dataclasses import replace

from support.inference.engine import engine_info
from support.inference.metrics import STEP, collect, sum_samples

from models.protocol import KvTierStats
from models.server.metrics.factory import MetricFactory
from models.server.metrics.steps import StepSeries


def make_series(max_draft_tokens: int = 0, ranks: int = 1) -> tuple[StepSeries, MetricFactory]:
    """Make the series and their registry."""
    factory = MetricFactory("tiny")
    info = engine_info(expert_ranks=ranks)
    return StepSeries(factory, info, max_draft_tokens), factory


def test_a_step_sets_the_queue_and_counts_its_tokens() -> None:
    """Each token costs two operations per active parameter."""
    series, factory = make_series()
    series.observe(replace(STEP, prefix_queries=9, prefix_hits=4, preemptions=1))
    families = collect(factory.registry)
    assert sum_samples(families, "vllm:num_requests_running") == 1
    assert sum_samples(families, "vllm:num_requests_waiting_by_reason", reason="capacity") == 2
    assert sum_samples(families, "vllm:kv_cache_usage_perc") == 0.5
    assert sum_samples(families, "vllm:iteration_tokens_total", "_sum") == 10
    assert sum_samples(families, "vllm:estimated_flops_per_gpu", "_total") == 2 * 1000 * 10
    counts = {"prefix_cache_queries": 9, "prefix_cache_hits": 4, "num_preemptions": 1}
    for name, value in counts.items():
        assert sum_samples(families, f"vllm:{name}", "_total") == value


def test_ranks_share_the_operations() -> None:
    """The metric is per device."""
    series, factory = make_series(ranks=4)
    series.observe(STEP)
    families = collect(factory.registry)
    assert sum_samples(families, "vllm:estimated_flops_per_gpu", "_total") == 2 * 1000 * 10 / 4


def test_a_step_without_tokens_is_no_iteration() -> None:
    """An idle engine reports its state; no draft is counted twice."""
    series, factory = make_series(max_draft_tokens=3)
    series.observe(replace(STEP, drafts=1, draft_tokens=2, accepted_per_position=[1, 1]))
    series.observe(replace(STEP, batch_tokens=0, waiting=0, accepted_per_position=[1, 1]))
    families = collect(factory.registry)
    assert sum_samples(families, "vllm:iteration_tokens_total", "_count") == 1
    assert sum_samples(families, "vllm:spec_decode_num_accepted_tokens", "_total") == 2
    assert sum_samples(families, "vllm:num_requests_waiting_by_reason", reason="capacity") == 0


def test_draft_tokens_are_counted_by_position() -> None:
    """Over several steps with drafts of several lengths, so that each share has its denominator."""
    series, factory = make_series(max_draft_tokens=3)
    for drafted, accepted in (([2, 2], [2, 1]), ([2], [1])):
        counts = {"drafted_per_position": drafted, "accepted_per_position": accepted}
        series.observe(replace(STEP, drafts=2, draft_tokens=sum(drafted), **counts))
    families = collect(factory.registry)
    for name, expected in (("draft", [4, 2]), ("accepted", [3, 1])):
        family = f"vllm:spec_decode_num_{name}_tokens_per_pos"
        found = [each.value for each in families[family].samples if each.name.endswith("_total")]
        assert found == [*expected, 0], "a position is there before a draft reaches it"
    assert sum_samples(families, "vllm:spec_decode_num_draft_tokens", "_total") == 6


def test_constants_are_present_from_the_start() -> None:
    """The cache's size and the state of an engine that never sleeps."""
    _, factory = make_series()
    families = collect(factory.registry)
    assert sum_samples(families, "vllm:engine_sleep_state", sleep_state="awake") == 1
    assert sum_samples(families, "vllm:engine_sleep_state") == 1
    labels = {"block_size": "4", "num_gpu_blocks": "16", "cache_dtype": "float32"}
    assert sum_samples(families, "vllm:cache_config_info", **labels) == 1


def test_tiers_beyond_the_device_are_vllms_external_cache() -> None:
    """It is asked for what the device lacks; host memory and disk answer together."""
    series, factory = make_series()
    tiers = [
        KvTierStats("device", 100, 40, 1, 1),
        KvTierStats("host", 60, 20, 1, 1),
        KvTierStats("disk", 40, 10, 1, 1),
    ]
    series.observe(replace(STEP, prefix_queries=100, prefix_hits=40, kv_tiers=tiers))
    families = collect(factory.registry)
    assert sum_samples(families, "vllm:prefix_cache_hits", "_total") == 40
    assert sum_samples(families, "vllm:external_prefix_cache_queries", "_total") == 60
    assert sum_samples(families, "vllm:external_prefix_cache_hits", "_total") == 30
