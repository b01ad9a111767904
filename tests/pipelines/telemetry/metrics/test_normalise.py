"""Meaning of pages: one name for each quantity, and every trap of pages that real servers print."""

from pathlib import Path

import pytest

from pipelines.telemetry.config.tier_values import EngineName
from pipelines.telemetry.metrics.exposition import ParseCounts
from pipelines.telemetry.metrics.normalise import MetricsNormaliser, NormalisedPage, up_series

NOW = 1795295500.0
# The name of every quantity, on the pages of any server.
CANONICAL = {
    "accepted_tokens",
    "accepted_tokens_at",
    "cache_usage",
    "cached_prompt_tokens",
    "cached_prompt_tokens_by_source",
    "decode_seconds",
    "draft_tokens",
    "drafts",
    "e2e_seconds",
    "estimated_flops",
    "estimated_read_bytes",
    "estimated_write_bytes",
    "external_prefix_hits",
    "generation_tokens",
    "itl_seconds",
    "preemptions",
    "prefill_seconds",
    "prefix_hits",
    "prefix_queries",
    "prompt_tokens",
    "queue_seconds",
    "request_generation_tokens",
    "request_prompt_tokens",
    "requests_finished",
    "requests_running",
    "requests_waiting",
    "tpot_seconds",
    "ttft_seconds",
}


def read(engine: EngineName, page: str | bytes, families: tuple[str, ...] = ()) -> NormalisedPage:
    content = page if isinstance(page, bytes) else page.encode()
    return MetricsNormaliser(engine, families=families).read(content, NOW)


def values(page: NormalisedPage, metric: str, part: str = "") -> dict[str, float]:
    """Return the values of one metric by their labels, or by the bound of a bucket."""
    chosen = [series for series in page.samples if (series.metric, series.part) == (metric, part)]
    assert len({series.key for series in chosen}) == len(chosen)
    return {
        series.labels if series.le is None else f"{series.le:g}": page.samples[series]
        for series in chosen
    }


def value(page: NormalisedPage, metric: str, part: str = "") -> float:
    [only] = values(page, metric, part).values()
    return only


def test_every_quantity_has_one_name(recordings: Path) -> None:
    """A page of vLLM with speculation has them all."""
    page = read("vllm", (recordings / "vllm/vllm_0.32_cpu_ngram_speculation.txt").read_bytes())
    assert {series.metric for series in page.samples} >= CANONICAL
    assert page.counts == ParseCounts()
    assert page.started_at == 1795295306.68


def test_the_figures_of_a_loaded_server_are_those_of_its_page(recordings: Path) -> None:
    page = read("vllm", (recordings / "vllm/vllm_0.32_cpu_loaded.txt").read_bytes())
    assert (value(page, "prompt_tokens"), value(page, "generation_tokens")) == (7555, 30224)
    finished = values(page, "requests_finished")
    assert (sum(finished.values()), finished['engine="0",reason="length"']) == (237, 237)
    assert value(page, "ttft_seconds", "count") == 237
    assert value(page, "ttft_seconds", "sum") == 17.826709270477295
    assert values(page, "ttft_seconds", "bucket")["inf"] == 237
    models = {series.model_name for series in page.samples if series.metric == "ttft_seconds"}
    assert models == {"tiny"}
    sources = values(page, "cached_prompt_tokens_by_source")
    known = ("device", "disk", "external_unspecified", "host", "p2p")
    assert sources == {f'cache_source="{source}",engine="0"': 0 for source in known}


def test_a_histogram_may_be_named_like_a_counter(recordings: Path) -> None:
    """vllm:iteration_tokens_total is one."""
    page = read("vllm", (recordings / "vllm/vllm_0.32_cpu_loaded.txt").read_bytes())
    assert value(page, "iteration_tokens", "count") == 2898
    assert value(page, "iteration_tokens", "sum") == 37779
    kinds = {series.kind for series in page.samples if series.metric == "iteration_tokens"}
    assert kinds == {"histogram"}


def test_the_creation_of_a_counter_is_no_sample(recordings: Path) -> None:
    """No `_created` series is kept, and no value is an instant."""
    page = read("vllm", (recordings / "vllm/vllm_0.32_cpu_loaded.txt").read_bytes())
    assert not [each for each in page.samples.values() if each > 1e9]


def test_without_a_start_of_the_process_the_first_counter_has_it() -> None:
    """A server of several processes prints no process_start_time_seconds.

    A counter with labels may be created later.
    """
    page = (
        "vllm:prompt_tokens_total 1\n"
        "vllm:prompt_tokens_created 1795295095.5\n"
        "http_requests_created 1\n"
        'vllm:request_success_created{finished_reason="stop"} 1795295112.0\n'
    )
    start = "process_start_time_seconds 1795295012.25\n"
    assert read("vllm", page).started_at == 1795295095.5
    assert read("vllm", page + start).started_at == 1795295012.25
    assert read("vllm", "vllm:prompt_tokens_total 1\n").started_at is None


def test_an_old_name_means_the_same_as_the_new_one() -> None:
    """gpu_cache_usage_perc and time_per_output_token_seconds are still met."""
    page = read(
        "vllm",
        'vllm:gpu_cache_usage_perc 0.25\nvllm:time_per_output_token_seconds_bucket{le="0.1"} 4\n',
    )
    assert value(page, "cache_usage") == 0.25
    assert values(page, "itl_seconds", "bucket") == {"0.1": 4}


def test_where_a_page_has_both_names_a_sample_counts_once(recordings: Path) -> None:
    """vLLM of November 2025 printed both. A difference between them is counted."""
    page = read("vllm", (recordings / "vllm/vllm_v1_2025-11_cold.txt").read_bytes())
    assert value(page, "itl_seconds", "count") == 0
    assert page.counts == ParseCounts()
    differing = read("vllm", "vllm:gpu_cache_usage_perc 0.25\nvllm:kv_cache_usage_perc 0.5\n")
    assert (value(differing, "cache_usage"), differing.counts.disagreeing) == (0.5, 1)


@pytest.mark.parametrize(
    ("printed", "share"), [("30", 0.3), ("0.3", 0.3), ("1", 1.0), ("0", 0.0), ("100", 1.0)]
)
def test_mindie_prints_shares_and_percents(printed: str, share: float) -> None:
    """It has no prefix, and 30 where others have 0.3."""
    page = read(
        "mindie",
        f'npu_cache_usage_perc{{model_name="m"}} {printed}\n'
        'prompt_tokens_total{model_name="m"} 7\n',
    )
    assert (value(page, "cache_usage"), value(page, "prompt_tokens")) == (share, 7)


def test_a_server_that_fails_requests_counts_them_by_reason() -> None:
    """MindIE has two counters where others have a label."""
    page = read("mindie", "request_success_total 5\nrequest_failed_total 2\n")
    assert values(page, "requests_finished") == {'reason="unknown"': 5, 'reason="error"': 2}


def test_llamacpp_has_no_model_and_may_print_inf() -> None:
    """Its gauges divide by a time that may be zero."""
    page = read(
        "llamacpp",
        "llamacpp:prompt_tokens_total 12\n"
        "llamacpp:tokens_predicted_total 7\n"
        "llamacpp:kv_cache_usage_ratio inf\n",
    )
    assert (value(page, "prompt_tokens"), value(page, "generation_tokens")) == (12, 7)
    assert {series.model_name for series in page.samples} == {None}
    assert page.counts == ParseCounts(infinite=1)


def test_tgi_has_no_counters_of_tokens() -> None:
    """The sums of its histograms replace them. tgi_request_count is a counter all the same."""
    page = read(
        "tgi",
        "tgi_request_count 4\n"
        "tgi_request_input_length_sum 40\n"
        "tgi_request_input_length_count 3\n"
        "tgi_request_generated_tokens_sum 90\n",
    )
    assert (value(page, "prompt_tokens"), value(page, "generation_tokens")) == (40, 90)
    assert value(page, "requests_received") == 4
    assert value(page, "request_prompt_tokens", "sum") == 40
    assert value(page, "request_prompt_tokens", "count") == 3


def test_sglang_is_understood() -> None:
    """Its cached tokens have a label for the kind of cache."""
    page = read(
        "sglang",
        'sglang:cached_tokens_total{cache_source="device",model_name="m"} 5\n'
        'sglang:token_usage{model_name="m"} 0.28\n'
        'sglang:num_running_reqs{model_name="m"} 3\n',
    )
    assert values(page, "cached_prompt_tokens") == {'cache_source="device"': 5}
    assert (value(page, "cache_usage"), value(page, "requests_running")) == (0.28, 3)


def test_unknown_families_are_kept_only_if_the_tier_file_names_them() -> None:
    """They have the name of the page and the kind that it declares."""
    page = (
        "# TYPE odd histogram\n"
        'odd_bucket{le="1"} 2\n'
        "odd_sum 3\n"
        "# TYPE more counter\n"
        'more_total{a="b"} 4\n'
        "# TYPE level gauge\n"
        "level 5\n"
        "other 6\n"
    )
    assert read("vllm", page).samples == {}
    found = read("vllm", page, families=("odd", "more", "level"))
    assert {(series.metric, series.kind, series.part) for series in found.samples} == {
        ("odd", "histogram", "bucket"),
        ("odd", "histogram", "sum"),
        ("more", "counter", ""),
        ("level", "gauge", ""),
    }
    assert values(found, "more") == {'a="b"': 4}


def test_the_page_of_our_own_server_has_experts_and_devices() -> None:
    """They stand beside vLLM's names."""
    page = (
        'vllm:prompt_tokens_total{engine="0",model_name="m"} 1\n'
        'tokentide:expert_tokens_total{engine="0",model_name="m",layer="1",expert="2"} 9\n'
        'tokentide:prefix_cache_tier_hits_total{engine="0",model_name="m",tier="disk"} 48\n'
        'tokentide:power_watts{engine="0",model_name="m",provenance="rated"} 300\n'
        'tokentide:energy_joules_total{engine="0",model_name="m",provenance="rated"} 5\n'
    )
    found = MetricsNormaliser("tokentide", "tokentide device").read(page.encode(), NOW)
    assert (value(found, "prompt_tokens"), value(found, "expert_tokens")) == (1, 9)
    assert values(found, "prefix_hits_by_tier") == {'cache_source="disk",engine="0"': 48}
    assert value(found, "power_watts") == 300
    [power] = [series for series in found.samples if series.metric == "power_watts"]
    assert (power.device, power.model_name, power.labels) == ("0", None, 'provenance="rated"')
    kinds = [series.kind for series in found.samples if series.metric == "energy_joules"]
    assert kinds == ["counter"]


@pytest.mark.parametrize(("age", "stale"), [(299, 0), (301, 1)])
def test_a_sample_with_an_old_stamp_is_kept_and_counted(age: float, stale: int) -> None:
    """Prometheus would have forgotten it."""
    stamp = round((NOW - age) * 1000)
    page = read("vllm", f"vllm:prompt_tokens_total 7 {stamp}\n")
    assert (value(page, "prompt_tokens"), page.counts.stale) == (7, stale)


def test_the_outcome_of_scrapes_is_one_series_for_the_same_labels() -> None:
    """The order of the labels does not matter."""
    assert up_series("up", samples="2", problems="0") is up_series("up", samples="2", problems="0")
    assert up_series("up", samples="2", problems="0").labels == 'problems="0",samples="2"'
    assert up_series("device_up").metric == "device_up"


def test_energy_of_zero_since_the_driver_was_loaded_is_a_failed_reading() -> None:
    """It would seem to begin again, and count all that it had counted before."""
    page = b'DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION{gpu="0"} %d\n'
    reader = MetricsNormaliser("dcgm")
    assert reader.read(page % 0, 0.0).samples == {}
    assert reader.read(page % 0, 0.0).counts.failed_reads == 1
    assert list(reader.read(page % 2000, 0.0).samples.values()) == [2.0]
