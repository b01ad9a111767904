"""/metrics: vLLM's families to the letter, and ours beside them."""

import os
import sys
from dataclasses import replace
from typing import Any

import httpx
import pytest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from models.device import DeviceReading
from models.power import Power
from models.protocol import LayerTimes, RequestOutput, EngineInfo, StepStats
from models.server.metrics import ServerMetrics
from models.server.metrics_tier import DeviceSeries, overlap_gain
from models.server.request_state import RequestState
from models.server.series import MetricFactory

READY = EngineInfo(
    "cpu", 2048, 384, (0,), 16, 16, 1000, 4000, "none", {"python": "3.11", "torch": "2.13"}
)
STEP = StepStats(
    seconds=0.1, running=1, waiting=2, cache_usage=0.5, batch_tokens=10, prefill_tokens=8
)
TIMES = LayerTimes(3, compute=2.0, dispatch=0.5, combine=0.5, exposed_wait=0.25, total=3.0, rows=10)

BOTH = {"engine", "model_name"}
LENGTHS = "1 2 5 10 20 50 100 200 500 1000 2000"
NEXT_TOKEN = "0.01 0.025 0.05 0.075 0.1 0.15 0.2 0.3 0.4 0.5 0.75 1 2.5 5 7.5 10 20 40 80"
REQUEST = "0.3 0.5 0.8 1 1.5 2 2.5 5 10 15 20 30 40 50 60 120 240 480 960 1920 7680"
FIRST_TOKEN = (
    "0.001 0.005 0.01 0.02 0.04 0.06 0.08 0.1 0.25 0.5 0.75 1 2.5 5 7.5 10 20 40 80 160 640 2560"
)
STEP_TOKENS = "1 8 16 32 64 128 256 512 1024 2048 4096 8192 16384"

# vLLM 0.32 as it shows itself on /metrics: the labels beside engine and model_name, then their values where they are a closed set.
GAUGES: dict[str, dict[str, set[str]]] = {
    "vllm:num_requests_running": {},
    "vllm:num_requests_waiting": {},
    "vllm:num_requests_waiting_by_reason": {"reason": {"capacity", "deferred"}},
    "vllm:engine_sleep_state": {"sleep_state": {"awake", "weights_offloaded", "discard_all"}},
    "vllm:kv_cache_usage_perc": {},
    "vllm:cache_config_info": {"block_size": {"16"}, "num_gpu_blocks": {"16"}},
}
COUNTERS: dict[str, dict[str, set[str]]] = {
    "vllm:prefix_cache_queries": {},
    "vllm:prefix_cache_hits": {},
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
SPECULATION: dict[str, dict[str, set[str]]] = {
    "vllm:spec_decode_num_drafts": {},
    "vllm:spec_decode_num_draft_tokens": {},
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


def families(text: bytes) -> dict[str, Metric]:
    """What a page shows, without the moments at which counters were made."""
    found = text_string_to_metric_families(text.decode())
    return {family.name: family for family in found if not family.name.endswith("_created")}


def made(speculating: bool = False) -> ServerMetrics:
    return ServerMetrics("tiny", READY, [0, 2], speculating)


def labelled(family: Metric) -> dict[str, set[str]]:
    """The labels beside vLLM's two and a histogram's own, with the values they take; vLLM's two must be there."""
    found: dict[str, set[str]] = {}
    for sample in family.samples:
        assert set(sample.labels) >= BOTH
        assert sample.labels["engine"] == "0"
        for label in set(sample.labels) - BOTH - {"le"}:
            found.setdefault(label, set()).add(sample.labels[label])
    return found


def test_vllms_families_are_these() -> None:
    """Names, types and labels; nothing of vLLM's is missing, and nothing of ours calls itself vLLM's."""
    metrics = made(speculating=True)
    metrics.step(replace(STEP, drafts=1, draft_tokens=2, accepted_per_position=[1, 0]))
    metrics.rejected("queue_full")
    found = {
        name: family
        for name, family in families(metrics.text()).items()
        if name.startswith("vllm:")
    }
    rejections = found.pop("vllm:admission_rejections")
    assert rejections.type == "counter"
    assert {frozenset(sample.labels) for sample in rejections.samples} == {
        frozenset({"model_name", "reason"})
    }
    assert {name: family.type for name, family in found.items()} == (
        dict.fromkeys(GAUGES, "gauge")
        | dict.fromkeys(COUNTERS | SPECULATION, "counter")
        | dict.fromkeys(HISTOGRAMS, "histogram")
    )
    for name, labels in (GAUGES | COUNTERS | SPECULATION).items():
        assert labelled(found[name]) == labels, name


def test_vllms_buckets_are_these() -> None:
    """Each histogram's, and plus infinity."""
    found = families(made().text())
    for name, buckets in HISTOGRAMS.items():
        limits = [
            sample.labels["le"] for sample in found[name].samples if sample.name == f"{name}_bucket"
        ]
        assert [float(limit) for limit in limits] == [
            float(limit) for limit in [*buckets.split(), "inf"]
        ], name


def test_counters_are_spelt_as_vllms() -> None:
    """On the page, counters end in _total."""
    text = made(speculating=True).text().decode()
    for name in COUNTERS | {"vllm:spec_decode_num_drafts": {}}:
        assert f"\n{name}_total{{" in text


def test_speculation_is_absent_where_it_is_off() -> None:
    """As in vLLM."""
    assert not [name for name in families(made().text()) if "spec_decode" in name]


def test_a_reset_can_be_told(server: Any) -> None:
    """The page says when the process started."""
    assert server.sample("process_start_time_seconds") > 1.7e9


def test_a_request_in_its_parts() -> None:
    """Queue, prefill and decode times sum up to the request's; prefill and cache to its prompt."""
    metrics = made()
    flight = RequestState("one", prompt_tokens=40, max_tokens=7, arrival_at=100.0)
    flight.latest = RequestOutput("one", [5], [], cached_tokens=32, preemptions=1, scheduled_at=100.5)
    metrics.tokens(flight, 1, 102.0)
    flight.first_token_at, flight.last_token_at, flight.completion_tokens = 102.0, 105.0, 7
    metrics.ended(flight, "length", 105.0)
    found = families(metrics.text())
    sums = {name: _value(found, name, "_sum") for name in HISTOGRAMS}
    assert {name.removeprefix("vllm:"): value for name, value in sums.items() if value} == {
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
    sources = {
        sample.labels["source"]: sample.value
        for sample in found["vllm:prompt_tokens_by_source"].samples
    }
    assert sources == {"local_compute": 8, "local_cache_hit": 32, "external_kv_transfer": 0}


def _value(found: dict[str, Metric], name: str, suffix: str = "", **labels: str) -> float:
    return sum(
        each.value
        for each in found[name].samples
        if each.name == name + suffix and labels.items() <= each.labels.items()
    )


def test_a_step_without_tokens_counts_as_none() -> None:
    """An idle engine says how it stands; that is no iteration, and no draft is counted twice."""
    metrics = made(speculating=True)
    metrics.step(replace(STEP, drafts=1, draft_tokens=2, accepted_per_position=[1, 1]))
    metrics.step(replace(STEP, batch_tokens=0, waiting=0, accepted_per_position=[1, 1]))
    found = families(metrics.text())
    assert _value(found, "vllm:iteration_tokens_total", "_count") == 1
    assert _value(found, "vllm:spec_decode_num_accepted_tokens", "_total") == 2
    assert _value(found, "vllm:estimated_flops_per_gpu", "_total") == 2 * 1000 * 10
    assert _value(found, "vllm:num_requests_waiting_by_reason", reason="capacity") == 0


def test_what_the_device_does_not_say_is_absent() -> None:
    """No power, no energy: absent, not 0."""
    metrics = made()
    metrics.step(replace(STEP, device=DeviceReading(100, None, None, None)))
    found = families(metrics.text())
    assert _value(found, "tokentide:device_memory_used_bytes") == 100
    for name in ("device_memory_total_bytes", "device_utilisation", "power_watts", "energy_joules"):
        assert found[f"tokentide:{name}"].samples == []


def test_energy_is_power_over_time() -> None:
    """Trapezoids between readings of one provenance; a gap or another provenance begins anew."""
    make = MetricFactory("tiny")
    device = DeviceSeries(make)
    readings = [
        (10, "rated", 0),
        (30, "rated", 2),
        (None, "", 3),
        (30, "rated", 4),
        (10, "measured", 5),
        (20, "measured", 6),
    ]
    for watts, provenance, now in readings:
        device.read(
            DeviceReading(None, None, None, None if watts is None else Power(watts, provenance)),
            now,
        )
    value = make.registry.get_sample_value
    labels = {"engine": "0", "model_name": "tiny"}
    assert value("tokentide:energy_joules_total", labels | {"provenance": "rated"}) == 40
    assert value("tokentide:energy_joules_total", labels | {"provenance": "measured"}) == 15
    assert value("tokentide:power_watts", labels | {"provenance": "measured"}) == 20
    assert value("tokentide:power_watts", labels | {"provenance": "rated"}) is None


def test_experts_are_counted_by_layer() -> None:
    """Layers bear their number in the network; the balance is the most over the mean, of tokens enough to say so."""
    metrics = made()
    metrics.step(replace(STEP, expert_tokens=[[30, 10], [20, 20]]))
    assert families(metrics.text())["tokentide:expert_balance"].samples == []
    metrics.step(replace(STEP, expert_tokens=[[10, 30], [4, 36]]))
    metrics.step(replace(STEP, expert_tokens=[[0, 0], [0, 0]]))
    metrics.step(replace(STEP, expert_tokens=[]))
    found = families(metrics.text())
    assert _value(found, "tokentide:expert_tokens", "_total", layer="0", expert="0") == 40
    assert _value(found, "tokentide:expert_tokens", "_total", layer="2", expert="1") == 56
    assert _value(found, "tokentide:expert_balance", layer="0") == 1
    assert _value(found, "tokentide:expert_balance", layer="2") == 56 / 40


def test_expert_parallelism_by_schedule() -> None:
    """Seconds by schedule, and what overlap gains over the serial steps, of what it could gain at most."""
    metrics = made()
    metrics.step(replace(STEP, layer_times=TIMES))
    assert families(metrics.text())["tokentide:expert_overlap_efficiency"].samples == []
    metrics.step(replace(STEP, layer_times=replace(TIMES, schedule="waves", total=2.5)))
    found = families(metrics.text())
    assert (
        _value(found, "tokentide:expert_exposed_wait_seconds", "_total", schedule="serial") == 0.25
    )
    assert _value(found, "tokentide:expert_layer_seconds", "_total", schedule="waves") == 2.5
    assert _value(found, "tokentide:expert_overlap_efficiency", schedule="waves") == pytest.approx(
        0.5
    )
    link, compute = TIMES.dispatch + TIMES.combine, TIMES.compute
    ideal = (link + compute) / max(link, compute)
    wanted = (TIMES.total / 2.5 - 1) / (ideal - 1)
    assert _value(found, "tokentide:expert_overlap_attainment", schedule="waves") == pytest.approx(
        wanted
    )


def test_overlap_is_compared_by_the_row() -> None:
    """Steps differ in size; an overlap that costs is below 0; without a baseline there is no figure."""
    costing = overlap_gain(TIMES, replace(TIMES, rows=20, total=6.5))
    assert costing is not None
    assert costing[0] == pytest.approx(-0.25)
    assert overlap_gain(None, TIMES) is None
    assert overlap_gain(replace(TIMES, dispatch=0, combine=0), TIMES) is None


def test_the_live_page_says_what_was_built(server: Any) -> None:
    """The versions that a figure depends on, and readings of the device though nobody asks anything."""
    assert (
        server.sample(
            "tokentide:build_info", quantisation="none", device="cpu", python=sys.version.split()[0]
        )
        == 1
    )
    server.wait_for(
        "tokentide:device_memory_total_bytes",
        os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"),
    )
    assert server.sample("tokentide:device_memory_used_bytes") > 0
    assert (
        httpx.get(f"{server.url}/metrics")
        .headers["content-type"]
        .startswith("text/plain; version=")
    )
