"""Figures of a load test from its records, against definitions written out."""

import statistics
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.inference.load_tests import completed, load_test

from models.loadgen.replay import LoadTest
from models.loadgen.report import (
    FailureGroup,
    Goodput,
    LatencySummary,
    Objectives,
    percentile,
    summarise,
    summarise_latencies,
)

SECONDS = st.floats(0, 1e6, allow_subnormal=False)
NO_OBJECTIVES = Objectives()


@given(values=st.lists(SECONDS, min_size=2, max_size=300), hundredth=st.integers(1, 99))
def test_percentiles_are_those_of_the_standard_library(values: list[float], hundredth: int) -> None:
    """Linear between neighbours; the smallest value is the 0th, the largest the 100th."""
    cuts = statistics.quantiles(values, n=100, method="inclusive")
    found = percentile(sorted(values), hundredth / 100)
    assert found == pytest.approx(cuts[hundredth - 1], rel=1e-9, abs=1e-6)


@given(values=st.lists(SECONDS, min_size=1, max_size=50))
def test_percentiles_are_in_order_and_within_the_values(values: list[float]) -> None:
    """Also of a single value."""
    summary = summarise_latencies(values)
    assert summary is not None
    percentiles = [summary.p50_ms, summary.p90_ms, summary.p99_ms, summary.max_ms]
    assert percentiles == sorted(percentiles)
    assert min(values) * 1000 <= summary.p50_ms
    assert summary.max_ms == max(values) * 1000
    assert summary.count == len(values)


def test_unknown_latencies_are_left_out() -> None:
    """They are not 0, so they do not lower the others."""
    assert summarise_latencies([None, None]) is None
    assert summarise_latencies([None, 0.002]) == LatencySummary(1, 2.0, 2.0, 2.0, 2.0)


def test_throughput_is_over_the_whole_time() -> None:
    """The span from the first due time to the last end: 3 requests and 33 tokens in 4 seconds."""
    records = completed(0, 1.0), completed(1, 2.0), completed(2, 3.0, e2e_s=2.0)
    report = summarise(load_test(*records), NO_OBJECTIVES)
    assert report.duration_s == 4.0
    assert (report.requests_per_s, report.output_tokens_per_s) == (0.75, 8.25)
    assert report.offered_per_s == 1.0


def test_goodput_counts_requests_that_meet_every_objective() -> None:
    """One starts too slowly, one goes on too slowly, one failed; a stopped one does not count."""
    good = completed(0, 0.0, ttft_s=0.1, e2e_s=1.1)
    records = [
        good,
        replace(good, number=1, first_s=0.3, end_s=1.3),
        replace(good, number=2, end_s=4.0),
        replace(good, number=3, error="timeout", message="no whole response within 1 s"),
        replace(good, number=4, error="stopped"),
    ]
    report = summarise(load_test(*records), Objectives(ttft_s=0.2, tpot_s=0.15))
    assert report.goodput == Goodput(share=0.25, requests_per_s=0.25)
    assert (report.answered, report.failed, report.stopped) == (3, 1, 1)


def test_without_objectives_there_is_no_goodput() -> None:
    """Every request would meet them."""
    assert summarise(load_test(completed(0, 0.0)), NO_OBJECTIVES).goodput is None


def test_objectives_are_shown_in_milliseconds() -> None:
    """Only objectives that are set count."""
    assert Objectives(ttft_s=0.2, e2e_s=3).limits_ms == {"TTFT": 200, "e2e": 3000}


def test_one_token_has_no_time_per_token_to_miss() -> None:
    """The other objectives decide."""
    single = completed(0, 0.0, ttft_s=0.1, e2e_s=0.1, tokens=1)
    report = summarise(load_test(single), Objectives(ttft_s=0.2, tpot_s=0.001))
    assert report.goodput is not None
    assert report.goodput.share == 1.0


@given(
    limit=st.floats(0.01, 2),
    stricter=st.floats(0.01, 1),
    times=st.lists(st.floats(0.01, 3), min_size=1, max_size=30),
)
def test_a_stricter_objective_never_raises_goodput(
    limit: float, stricter: float, times: list[float]
) -> None:
    """Goodput never exceeds the throughput."""
    records = [
        completed(number, float(number), e2e_s=3.0, ttft_s=each)
        for number, each in enumerate(times)
    ]
    test = load_test(*records)
    loose, strict = (summarise(test, Objectives(ttft_s=each)) for each in (limit, limit * stricter))
    assert loose.goodput is not None
    assert strict.goodput is not None
    assert loose.requests_per_s is not None
    assert strict.goodput.requests_per_s <= loose.goodput.requests_per_s <= loose.requests_per_s


def test_failures_are_grouped_with_an_example() -> None:
    """One group for each status. Failed requests have no latency among the others."""
    failed = [
        completed(0, 0.0, error="http", status=500, message="first"),
        completed(1, 0.0, error="http", status=500, message="second"),
        completed(2, 0.0, error="http", status=400, message="bad"),
        completed(3, 0.0, error="429", status=429, message="full"),
    ]
    report = summarise(load_test(*failed, completed(4, 0.0)), NO_OBJECTIVES)
    assert report.failures == (
        FailureGroup("429", 1, "full"),
        FailureGroup("http 400", 1, "bad"),
        FailureGroup("http 500", 2, "first"),
    )
    assert report.e2e is not None
    assert report.e2e.count == 1


def test_an_unknown_count_makes_the_sum_unknown() -> None:
    """Not smaller."""
    unknown = completed(1, 0.0, output_tokens=None, prompt_tokens=None)
    report = summarise(load_test(completed(0, 0.0), unknown), NO_OBJECTIVES)
    assert (report.output_tokens, report.prompt_tokens) == (None, None)
    assert report.output_tokens_per_s is None


def test_a_test_without_requests_has_a_report() -> None:
    """Ctrl-C may come before the first one."""
    report = summarise(load_test(planned=5, was_stopped=True), Objectives(ttft_s=1.0))
    assert (report.planned, report.sent, report.duration_s) == (5, 0, 0.0)
    assert (report.requests_per_s, report.ttft, report.goodput) == (None, None, None)


@pytest.mark.parametrize(
    ("test", "bottlenecks"),
    [
        (load_test(completed(0, 0.0, sent_s=0.005)), ()),
        (load_test(completed(0, 0.0, sent_s=0.05, ttft_s=1.0, e2e_s=2.0)), ()),
        (load_test(completed(0, 0.0, sent_s=0.05, error="timeout")), ("late",)),
        (load_test(completed(0, 0.0, sent_s=0.05)), ("late",)),
        (load_test(completed(0, 0.0), cpu_s=9.5), ("busy",)),
        (load_test(completed(0, 0.0, error="generator", message="no files")), ("full",)),
    ],
    ids=["on time", "small beside the wait", "late failure", "late", "busy", "full"],
)
def test_a_generator_that_cannot_keep_up_is_the_bottleneck(
    test: LoadTest, bottlenecks: tuple[str, ...]
) -> None:
    """The server is not blamed for it."""
    assert summarise(test, NO_OBJECTIVES).bottlenecks == bottlenecks
