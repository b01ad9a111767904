"""What pages mean: one name for each quantity, and every trap of the pages that real servers print."""

from pathlib import Path

import pytest

from pipelines.telemetry.config.tier import Engine
from pipelines.telemetry.metrics import vocabulary
from pipelines.telemetry.metrics.devices import device_reader
from pipelines.telemetry.metrics.exposition import ParseCounts
from pipelines.telemetry.metrics.normalise import MetricsNormaliser, NormalisedPage

NOW = 1795295500.0
# What every quantity is called, whoever measured it.
CANONICAL = {
    "prompt_tokens", "cached_prompt_tokens", "generation_tokens", "requests_finished", "requests_running", "requests_waiting",
    "cache_usage", "prefix_queries", "prefix_hits", "preemptions", "drafts",
    "draft_tokens", "accepted_tokens", "accepted_tokens_at", "ttft_seconds",
    "itl_seconds", "tpot_seconds", "e2e_seconds", "queue_seconds", "prefill_seconds", "decode_seconds", "request_prompt_tokens",
    "request_generation_tokens", "estimated_flops", "estimated_read_bytes", "estimated_write_bytes",
}  # fmt: skip
OF_DEVICES = {
    "power_watts",
    "utilisation",
    "memory_used_bytes",
    "memory_total_bytes",
    "temperature_celsius",
}


def read(engine: Engine, page: str | bytes, families: tuple[str, ...] = ()) -> NormalisedPage:
    return MetricsNormaliser(engine, families=families).read(
        page if isinstance(page, bytes) else page.encode(), NOW
    )


def of(reading: NormalisedPage, metric: str, part: str = "") -> dict[str, float]:
    """The samples of one metric by what tells them apart."""
    chosen = [
        series for series in reading.samples if (series.metric, series.part) == (metric, part)
    ]
    assert len({series.key for series in chosen}) == len(chosen)
    return {
        series.labels if series.le is None else f"{series.le:g}": reading.samples[series]
        for series in chosen
    }


def only(reading: NormalisedPage, metric: str, part: str = "") -> float:
    [value] = of(reading, metric, part).values()
    return value


def test_every_quantity_has_one_name(recordings: Path) -> None:
    """A page of vLLM with speculation has them all."""
    found = read("vllm", (recordings / "vllm/vllm_0.32_cpu_ngram_speculation.txt").read_bytes())
    assert {series.metric for series in found.samples} >= CANONICAL
    assert found.counts == ParseCounts()
    assert found.started_at == 1795295306.68


def test_the_figures_of_a_loaded_server_are_its_own(recordings: Path) -> None:
    """As its page prints them."""
    found = read("vllm", (recordings / "vllm/vllm_0.32_cpu_loaded.txt").read_bytes())
    assert (only(found, "prompt_tokens"), only(found, "generation_tokens")) == (7555, 30224)
    assert sum(of(found, "requests_finished").values()) == 237
    assert of(found, "requests_finished")['engine="0",reason="length"'] == 237
    assert (only(found, "ttft_seconds", "count"), only(found, "ttft_seconds", "sum")) == (
        237,
        17.826709270477295,
    )
    assert of(found, "ttft_seconds", "bucket")["inf"] == 237
    assert {series.model_name for series in found.samples if series.metric == "ttft_seconds"} == {
        "tiny"
    }


def test_a_histogram_may_be_named_like_a_counter(recordings: Path) -> None:
    """vllm:iteration_tokens_total is one."""
    found = read("vllm", (recordings / "vllm/vllm_0.32_cpu_loaded.txt").read_bytes())
    assert (only(found, "iteration_tokens", "count"), only(found, "iteration_tokens", "sum")) == (
        2898,
        37779,
    )
    assert {series.kind for series in found.samples if series.metric == "iteration_tokens"} == {
        "histogram"
    }


def test_when_a_counter_was_made_is_no_data(recordings: Path) -> None:
    """No `_created` series is kept, and nothing has a value that is an instant."""
    found = read("vllm", (recordings / "vllm/vllm_0.32_cpu_loaded.txt").read_bytes())
    assert not [value for value in found.samples.values() if value > 1e9]


def test_without_a_start_of_the_process_the_first_counter_tells_it() -> None:
    """A server of several processes prints no process_start_time_seconds; a label's counter may be made later."""
    page = (
        "vllm:prompt_tokens_total 1\n"
        "vllm:prompt_tokens_created 1795295095.5\n"
        "http_requests_created 1\n"
        'vllm:request_success_created{finished_reason="stop"} 1795295112.0\n'
    )
    assert read("vllm", page).started_at == 1795295095.5
    assert (
        read("vllm", page + "process_start_time_seconds 1795295012.25\n").started_at
        == 1795295012.25
    )
    assert read("vllm", "vllm:prompt_tokens_total 1\n").started_at is None


def test_an_old_name_means_what_the_new_one_does() -> None:
    """gpu_cache_usage_perc and time_per_output_token_seconds are still met."""
    found = read(
        "vllm",
        'vllm:gpu_cache_usage_perc 0.25\nvllm:time_per_output_token_seconds_bucket{le="0.1"} 4\n',
    )
    assert only(found, "cache_usage") == 0.25
    assert of(found, "itl_seconds", "bucket") == {"0.1": 4}


def test_where_a_page_has_both_names_a_sample_counts_once(recordings: Path) -> None:
    """vLLM of November 2025 printed both; had they differed, that would be counted."""
    found = read("vllm", (recordings / "vllm/vllm_v1_2025-11_cold.txt").read_bytes())
    assert only(found, "itl_seconds", "count") == 0
    assert found.counts == ParseCounts()
    differing = read("vllm", "vllm:gpu_cache_usage_perc 0.25\nvllm:kv_cache_usage_perc 0.5\n")
    assert (only(differing, "cache_usage"), differing.counts.disagreeing) == (0.5, 1)


@pytest.mark.parametrize(
    ("printed", "share"), [("30", 0.3), ("0.3", 0.3), ("1", 1.0), ("0", 0.0), ("100", 1.0)]
)
def test_mindie_prints_shares_and_percents(printed: str, share: float) -> None:
    """It has no prefix, and 30 where 1 is full."""
    found = read(
        "mindie",
        f'npu_cache_usage_perc{{model_name="m"}} {printed}\nprompt_tokens_total{{model_name="m"}} 7\n',
    )
    assert (only(found, "cache_usage"), only(found, "prompt_tokens")) == (share, 7)


def test_a_server_that_fails_requests_counts_them_by_reason() -> None:
    """MindIE has two counters where others have a label."""
    found = read("mindie", "request_success_total 5\nrequest_failed_total 2\n")
    assert of(found, "requests_finished") == {'reason="unknown"': 5, 'reason="error"': 2}


def test_llamacpp_has_no_model_and_may_print_inf() -> None:
    """Its gauges divide by a time that may be nothing."""
    found = read(
        "llamacpp",
        "llamacpp:prompt_tokens_total 12\nllamacpp:tokens_predicted_total 7\nllamacpp:kv_cache_usage_ratio inf\n",
    )
    assert (only(found, "prompt_tokens"), only(found, "generation_tokens")) == (12, 7)
    assert {series.model_name for series in found.samples} == {None}
    assert found.counts == ParseCounts(infinite=1)


def test_tgi_has_no_counters_of_tokens() -> None:
    """The sums of its histograms stand for them. tgi_request_count is a counter all the same."""
    page = "tgi_request_count 4\ntgi_request_input_length_sum 40\ntgi_request_input_length_count 3\ntgi_request_generated_tokens_sum 90\n"
    found = read("tgi", page)
    assert (
        only(found, "prompt_tokens"),
        only(found, "generation_tokens"),
        only(found, "requests_received"),
    ) == (40, 90, 4)
    assert (
        only(found, "request_prompt_tokens", "sum"),
        only(found, "request_prompt_tokens", "count"),
    ) == (40, 3)


def test_sglang_is_understood() -> None:
    """Cached tokens come by where they lay."""
    page = (
        'sglang:cached_tokens_total{cache_source="device",model_name="m"} 5\n'
        'sglang:token_usage{model_name="m"} 0.28\n'
        'sglang:num_running_reqs{model_name="m"} 3\n'
    )
    found = read("sglang", page)
    assert of(found, "cached_prompt_tokens") == {'cache_source="device"': 5}
    assert (only(found, "cache_usage"), only(found, "requests_running")) == (0.28, 3)


def test_what_is_not_known_is_not_kept_unless_the_tier_file_names_it() -> None:
    """Then under its own name, with the kind that the page declares."""
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
    assert of(found, "more") == {'a="b"': 4}


def test_our_own_page_has_experts_and_devices() -> None:
    """Beside vLLM's names."""
    page = (
        'vllm:prompt_tokens_total{engine="0",model_name="m"} 1\n'
        'tokentide:expert_tokens_total{engine="0",model_name="m",layer="1",expert="2"} 9\n'
        'tokentide:power_watts{engine="0",model_name="m",provenance="rated"} 300\n'
        'tokentide:energy_joules_total{engine="0",model_name="m",provenance="rated"} 5\n'
    )
    found = MetricsNormaliser("tokentide", "tokentide device").read(page.encode(), NOW)
    assert (
        only(found, "prompt_tokens"),
        only(found, "expert_tokens"),
        only(found, "power_watts"),
    ) == (1, 9, 300)
    [power] = [series for series in found.samples if series.metric == "power_watts"]
    assert (power.device, power.model_name, power.labels) == ("0", None, 'provenance="rated"')
    assert [series.kind for series in found.samples if series.metric == "energy_joules"] == [
        "counter"
    ]


def test_an_npu_exporter_page_gives_device_figures(recordings: Path) -> None:
    """Its model_name is the chip's. Its stamps are old here, which is counted and costs no sample."""
    page = (recordings / "ascend/npu_exporter_v5_testdata_prometheus_metrics.txt").read_bytes()
    found = device_reader("npu-exporter")(page, NOW)
    assert {series.metric for series in found.samples} == OF_DEVICES | {"build_info"}
    powers = [series for series in found.samples if series.metric == "power_watts"]
    assert [(series.device, series.labels, series.model_name) for series in powers] == [
        (str(number), 'chip="910Awn-Ascend-V1"', None) for number in range(8)
    ]
    assert found.counts.stale > 0


def test_a_failed_read_of_a_device_is_no_sample() -> None:
    """npu-exporter prints -1; MB are mebibytes, percents become shares, HBM goes before the other memory."""
    page = (
        'npu_chip_info_power{id="0"} -1 1795295499000\n'
        'npu_chip_info_power{id="1"} 91.5 1795295499000\n'
        'npu_chip_info_utilization{id="1"} 50\n'
        'npu_chip_info_temperature{id="0"} -1\nnpu_chip_info_hbm_used_memory{id="1"} 2\nnpu_chip_info_used_memory{id="1"} 7\n'
        'npu_chip_info_used_memory{id="2"} 3\n'
    )
    found = device_reader("npu-exporter")(page.encode(), NOW)
    by_device = {(series.metric, series.device): value for series, value in found.samples.items()}
    assert by_device == {
        ("power_watts", "1"): 91.5,
        ("utilisation", "1"): 0.5,
        ("memory_used_bytes", "1"): 2 * 1024**2,
        ("memory_used_bytes", "2"): 3 * 1024**2,
    }
    assert (found.counts.failed_reads, found.counts.stale) == (2, 0)


def test_a_dcgm_page_gives_device_figures(recordings: Path) -> None:
    """Energy is in millijoules there; the total memory is the used and the free one."""
    found = device_reader("dcgm")((recordings / "dcgm/dcgm_exporter_T4.txt").read_bytes(), NOW)
    assert {series.metric: value for series, value in found.samples.items()} == {
        "power_watts": 8.969,
        "utilisation": 0.0,
        "temperature_celsius": 25.0,
        "energy_joules": 128996.013,
        "memory_used_bytes": 0.0,
        "memory_total_bytes": 15109 * 1024**2,
    }


def test_the_vocabulary_is_sound() -> None:
    """Kinds and units are those that are known, and what yields does so to a family of its engine with the same metric."""
    rows = vocabulary._rows()
    assert {row["kind"] for row in rows} == {"counter", "gauge", "histogram", "info"}
    assert {row["unit"] for row in rows} == {
        "",
        "share_or_percent",
        "device",
        "device_percent",
        "device_mebibyte",
        "device_millijoule",
    }
    metrics = {(row["engine"], row["family"]): row["metric"] for row in rows}
    assert len(metrics) == len(rows)
    for row in (row for row in rows if row["yields_to"]):
        assert metrics[row["engine"], row["yields_to"]] == row["metric"]
