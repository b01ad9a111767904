"""The figures of a run from its records, against definitions written down anew."""

import statistics
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.loadgen.output import format_json, format_text
from models.loadgen.records import RequestRecord
from models.loadgen.replay import LoadTest
from models.loadgen.report import (
    FailureGroup,
    Goodput,
    Objectives,
    LatencySummary,
    percentile,
    summarise_latencies,
    summarise,
)

SECONDS = st.floats(0, 1e6, allow_subnormal=False)


def answered(
    number: int,
    due_s: float,
    ttft_s: float = 0.1,
    tokens: int = 11,
    e2e_s: float = 1.1,
    **changes: Any,
) -> RequestRecord:
    """A request that was answered."""
    gaps = tuple([(e2e_s - ttft_s) / (tokens - 1)] * (tokens - 1)) if tokens > 1 else ()
    seen = RequestRecord(
        number,
        5,
        tokens,
        False,
        due_s,
        due_s + e2e_s,
        due_s,
        due_s + ttft_s,
        gaps,
        5,
        tokens,
        status=200,
    )
    return replace(seen, **changes)


def run_of(*records: RequestRecord, **changes: Any) -> LoadTest:
    """A run that saw these."""
    return LoadTest(
        **{
            "planned": len(records),
            "elapsed_s": 10.0,
            "cpu_s": 1.0,
            "records": [*records],
            **changes,
        }
    )


@given(values=st.lists(SECONDS, min_size=2, max_size=300), hundredth=st.integers(1, 99))
def test_percentiles_are_those_of_the_standard_library(values: list[float], hundredth: int) -> None:
    """Linear between the two neighbours, the smallest being the 0th and the largest the 100th."""
    cuts = statistics.quantiles(values, n=100, method="inclusive")
    assert percentile(sorted(values), hundredth / 100) == pytest.approx(
        cuts[hundredth - 1], rel=1e-9, abs=1e-6
    )


@given(values=st.lists(SECONDS, min_size=1, max_size=50))
def test_percentiles_lie_within_the_values_and_in_order(values: list[float]) -> None:
    """Also of a single one."""
    found = summarise_latencies(values)
    assert found is not None
    assert (
        min(values) * 1000
        <= found.p50_ms
        <= found.p90_ms
        <= found.p99_ms
        <= found.max_ms
        == max(values) * 1000
    )
    assert found.count == len(values)


def test_what_nobody_knows_has_no_spread() -> None:
    """It is unknown, not zero, and it does not pull the others down."""
    assert summarise_latencies([None, None]) is None
    assert summarise_latencies([None, 0.002]) == LatencySummary(1, 2.0, 2.0, 2.0, 2.0)


def test_the_time_per_token_leaves_out_the_first() -> None:
    """Eleven tokens have ten steps; a single token has none."""
    assert answered(0, 0.0, ttft_s=0.1, e2e_s=1.1, tokens=11).tpot_s == pytest.approx(0.1)
    assert answered(0, 0.0, tokens=1).tpot_s is None


def test_latencies_count_from_when_a_request_was_due() -> None:
    """If this process was late, the user waited nevertheless; the lag says how much of it was ours."""
    late = answered(0, due_s=5.0, sent_s=5.4, ttft_s=0.5, e2e_s=1.0)
    assert (late.ttft_s, late.e2e_s) == (0.5, 1.0)
    assert late.send_lag_s == pytest.approx(0.4)


def test_throughput_is_over_the_whole_time() -> None:
    """From the first request's time to the last end: 3 requests and 33 tokens in 4 seconds."""
    report = summarise(
        run_of(answered(0, 1.0), answered(1, 2.0), answered(2, 3.0, e2e_s=2.0)), Objectives()
    )
    assert (report.duration_s, report.requests_per_s, report.output_tokens_per_s) == (
        4.0,
        0.75,
        8.25,
    )
    assert report.offered_per_s == 1.0


def test_goodput_counts_what_meets_every_objective() -> None:
    """One is too slow to begin, one too slow to go on, one failed; the one that was stopped is not judged."""
    good = answered(0, 0.0, ttft_s=0.1, e2e_s=1.1)
    records = [
        good,
        replace(good, number=1, first_s=0.3, end_s=1.3),
        replace(good, number=2, end_s=4.0),
        replace(good, number=3, error="timeout", message="no whole answer within 1 s"),
        replace(good, number=4, error="stopped"),
    ]
    report = summarise(run_of(*records), Objectives(ttft_s=0.2, tpot_s=0.15))
    assert report.goodput == Goodput(share=0.25, requests_per_s=0.25)
    assert (report.answered, report.failed, report.stopped) == (3, 1, 1)


def test_without_objectives_there_is_no_goodput() -> None:
    """Everything would meet none."""
    assert summarise(run_of(answered(0, 0.0)), Objectives()).goodput is None


def test_one_token_has_no_time_per_token_to_miss() -> None:
    """It is judged by the objectives that it has."""
    single = answered(0, 0.0, ttft_s=0.1, e2e_s=0.1, tokens=1)
    report = summarise(run_of(single), Objectives(ttft_s=0.2, tpot_s=0.001))
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
    """And it never exceeds the throughput."""
    run = run_of(
        *(
            answered(number, float(number), e2e_s=3.0, ttft_s=each)
            for number, each in enumerate(times)
        )
    )
    loose, strict = (summarise(run, Objectives(ttft_s=each)) for each in (limit, limit * stricter))
    assert loose.goodput is not None
    assert strict.goodput is not None
    assert loose.requests_per_s is not None
    assert strict.goodput.requests_per_s <= loose.goodput.requests_per_s <= loose.requests_per_s


def test_failures_are_counted_by_kind_with_an_example() -> None:
    """Every status of its own; failed requests have no latency among the others."""
    failed = [
        answered(0, 0.0, error="http", status=500, message="first"),
        answered(1, 0.0, error="http", status=500, message="second"),
        answered(2, 0.0, error="http", status=400, message="bad"),
        answered(3, 0.0, error="429", status=429, message="full"),
    ]
    report = summarise(run_of(*failed, answered(4, 0.0)), Objectives())
    assert report.failures == (
        FailureGroup("429", 1, "full"),
        FailureGroup("http 400", 1, "bad"),
        FailureGroup("http 500", 2, "first"),
    )
    assert report.e2e is not None
    assert report.e2e.count == 1


def test_tokens_that_nobody_counted_are_unknown() -> None:
    """One answer without a count makes the sum unknown, not smaller."""
    report = summarise(
        run_of(answered(0, 0.0), answered(1, 0.0, output_tokens=None, prompt_tokens=None)),
        Objectives(),
    )
    assert (report.output_tokens, report.output_tokens_per_s, report.prompt_tokens) == (
        None,
        None,
        None,
    )
    assert "output     unknown" in format_text(report, Objectives())


def test_a_run_without_requests_still_reports() -> None:
    """Ctrl-C may come before the first."""
    report = summarise(run_of(planned=5, was_stopped=True), Objectives(ttft_s=1.0))
    assert (report.planned, report.sent, report.requests_per_s, report.ttft, report.goodput) == (
        5,
        0,
        None,
        None,
        None,
    )
    assert "The run was stopped" in format_text(report, Objectives(ttft_s=1.0))
    assert '"was_stopped": true' in format_json(report, Objectives(ttft_s=1.0))


@pytest.mark.parametrize(
    ("run", "bottlenecks", "said"),
    [
        (run_of(answered(0, 0.0, sent_s=0.005)), (), ""),
        (run_of(answered(0, 0.0, sent_s=0.05, ttft_s=1.0, e2e_s=2.0)), (), ""),
        (run_of(answered(0, 0.0, sent_s=0.05, error="timeout")), ("late",), ""),
        (
            run_of(answered(0, 0.0, sent_s=0.05)),
            ("late",),
            "it sent requests late (p99 of the lag above 10 ms",
        ),
        (run_of(answered(0, 0.0), cpu_s=9.5), ("busy",), "it used more than 90% of a core"),
        (
            run_of(
                answered(0, 0.0, error="generator", message="this machine ran out of open files")
            ),
            ("full",),
            "it ran out of open files",
        ),
    ],
)
def test_a_generator_that_cannot_keep_up_says_so(
    run: LoadTest, bottlenecks: tuple[str, ...], said: str
) -> None:
    """The server is not blamed for what this process did not manage."""
    report = summarise(run, Objectives())
    assert report.bottlenecks == bottlenecks
    text = format_text(report, Objectives())
    assert ("The generator was the bottleneck" in text) == bool(bottlenecks)
    assert said in text
