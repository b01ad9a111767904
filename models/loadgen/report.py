"""Figures of a load test: plain functions of its records, without a clock or a file.

Percentiles are exact, over single requests (ITL: over single gaps), and linear between neighbours.
They are never averaged.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import floor
from typing import Literal

from models.loadgen.records import ERROR_KINDS, RequestRecord
from models.loadgen.replay import LoadTest

Bottleneck = Literal[
    "late",  # requests were sent later than due
    "busy",  # the generator used a whole core, so it also read responses late
    "full",  # the generator ran out of files or ports
]

MAX_LAG_MS = 10.0  # timers and busy cores cause this much
MAX_LAG_SHARE = 0.1  # of the wait for the first output; more lag distorts the figures
MAX_CPU_SHARE = 0.9  # of one core; above it responses wait for this process
MIN_P99_REQUESTS = 100  # with fewer, the p99 is nearly the maximum


@dataclass(frozen=True)
class Objectives:
    """Limits that a good response must all meet, in seconds. None: no limit."""

    ttft_s: float | None = None
    tpot_s: float | None = None
    e2e_s: float | None = None

    @property
    def limits_ms(self) -> dict[str, float]:
        """Limits that are set, in milliseconds."""
        named = {"TTFT": self.ttft_s, "TPOT": self.tpot_s, "e2e": self.e2e_s}
        return {name: 1000 * limit for name, limit in named.items() if limit is not None}

    def are_met(self, record: RequestRecord) -> bool:
        """Check the request's latencies. A response of one token has no TPOT to miss."""
        if record.error:
            return False
        pairs = [
            (record.ttft_s, self.ttft_s),
            (record.tpot_s, self.tpot_s),
            (record.e2e_s, self.e2e_s),
        ]
        return all(limit is None or seen is None or seen <= limit for seen, limit in pairs)


@dataclass(frozen=True)
class LatencySummary:
    """Percentiles of a latency over requests, in milliseconds."""

    count: int
    p50_ms: float
    p90_ms: float
    p99_ms: float
    max_ms: float


@dataclass(frozen=True)
class Goodput:
    """Requests that met every objective."""

    share: float  # of all requests that ended, failed ones included
    requests_per_s: float


@dataclass(frozen=True)
class FailureGroup:
    """Failures of one kind, with the first message as an example."""

    kind: str
    count: int
    example: str


@dataclass(frozen=True)
class LoadTestReport:
    """Figures of a load test. None: unknown."""

    planned: int
    sent: int
    answered: int  # requests with a whole completion
    failed: int
    stopped: int
    capped: int
    was_stopped: bool
    duration_s: float  # from the first request's due time to the last end
    offered_per_s: float | None  # requests over the span of their due times
    requests_per_s: float | None  # completed ones
    output_tokens_per_s: float | None  # of completed requests
    prompt_tokens: int | None  # of completed requests; None if one has no count
    output_tokens: int | None
    asked_output_tokens: int
    estimated: int  # completed requests without the server's token count
    ttft: LatencySummary | None
    tpot: LatencySummary | None
    itl: LatencySummary | None
    e2e: LatencySummary | None
    send_lag: LatencySummary | None
    cpu_share: float | None  # of one core, by this process
    bottlenecks: tuple[Bottleneck, ...]  # of the generator; empty if it kept up
    goodput: Goodput | None
    failures: tuple[FailureGroup, ...]


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the value below which `share` (0 to 1) of the ordered values lie.

    It is linear between neighbours. There must be at least one value.
    """
    position = share * (len(ordered) - 1)
    below = floor(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (position - below)


def summarise_latencies(seconds: Iterable[float | None]) -> LatencySummary | None:
    """Summarise the known latencies. None if there are none."""
    ordered = sorted(1000 * each for each in seconds if each is not None)
    if not ordered:
        return None
    p50, p90, p99 = (percentile(ordered, share) for share in (0.5, 0.9, 0.99))
    return LatencySummary(len(ordered), p50, p90, p99, ordered[-1])


def summarise(test: LoadTest, objectives: Objectives) -> LoadTestReport:
    """Compute the figures of a load test, whole or stopped."""
    records = test.records
    completed = [each for each in records if each.error is None]
    stopped = [each for each in records if each.error == "stopped"]
    duration_s = _duration_s(records)
    per_s = _rate(duration_s)
    send_lag = summarise_latencies(each.send_lag_s for each in records)
    ttft = summarise_latencies(each.ttft_s for each in completed)
    e2e = summarise_latencies(each.e2e_s for each in completed)
    cpu_share = test.cpu_s / test.elapsed_s if test.elapsed_s else None
    output_tokens = _sum_known(each.output_tokens for each in completed)
    return LoadTestReport(
        planned=test.planned,
        sent=len(records),
        answered=len(completed),
        failed=len(records) - len(completed) - len(stopped),
        stopped=len(stopped),
        capped=sum(each.is_capped for each in records),
        was_stopped=test.was_stopped,
        duration_s=duration_s,
        offered_per_s=_offered_per_s(records),
        requests_per_s=per_s(len(completed)),
        output_tokens_per_s=per_s(output_tokens),
        prompt_tokens=_sum_known(each.prompt_tokens for each in completed),
        output_tokens=output_tokens,
        asked_output_tokens=sum(each.asked_output_tokens for each in completed),
        estimated=sum(each.is_estimated for each in completed),
        ttft=ttft,
        tpot=summarise_latencies(each.tpot_s for each in completed),
        itl=summarise_latencies(gap for each in completed for gap in each.gaps_s),
        e2e=e2e,
        send_lag=send_lag,
        cpu_share=cpu_share,
        bottlenecks=_bottlenecks(records, send_lag, ttft or e2e, cpu_share),
        goodput=_goodput(records, objectives, per_s),
        failures=_group_failures(records),
    )


def _duration_s(records: Sequence[RequestRecord]) -> float:
    if not records:
        return 0.0
    return max(each.end_s for each in records) - min(each.due_s for each in records)


def _rate(duration_s: float) -> Callable[[int | None], float | None]:
    return lambda count: count / duration_s if count is not None and duration_s > 0 else None


def _sum_known(counts: Iterable[int | None]) -> int | None:
    """Sum the counts. None if one of them is unknown, or there are none."""
    values = [*counts]
    known = [each for each in values if each is not None]
    return sum(known) if known and len(known) == len(values) else None


def _offered_per_s(records: Sequence[RequestRecord]) -> float | None:
    """Divide by the time between the first and the last arrival: n arrivals have n - 1 gaps."""
    times = [each.due_s for each in records]
    if len(times) < 2 or max(times) == min(times):
        return None
    return (len(times) - 1) / (max(times) - min(times))


def _bottlenecks(
    records: Sequence[RequestRecord],
    send_lag: LatencySummary | None,
    wait: LatencySummary | None,
    cpu_share: float | None,
) -> tuple[Bottleneck, ...]:
    max_ms = max(MAX_LAG_MS, MAX_LAG_SHARE * wait.p99_ms if wait else 0.0)
    checks: dict[Bottleneck, bool] = {
        "late": send_lag is not None and send_lag.p99_ms > max_ms,
        "busy": cpu_share is not None and cpu_share > MAX_CPU_SHARE,
        "full": any(each.error == "generator" for each in records),
    }
    return tuple(name for name, is_found in checks.items() if is_found)


def _goodput(
    records: Sequence[RequestRecord],
    objectives: Objectives,
    per_s: Callable[[int | None], float | None],
) -> Goodput | None:
    ended = [each for each in records if each.error != "stopped"]
    good = sum(objectives.are_met(each) for each in ended)
    rate = per_s(good)
    if not objectives.limits_ms or not ended or rate is None:
        return None
    return Goodput(good / len(ended), rate)


def _group_failures(records: Sequence[RequestRecord]) -> tuple[FailureGroup, ...]:
    failed = [each for each in records if each.error and each.error != "stopped"]
    messages: dict[str, list[str]] = {}
    for record in sorted(failed, key=_failure_order):
        kind = f"http {record.status}" if record.error == "http" else str(record.error)
        messages.setdefault(kind, []).append(record.message or "")
    return tuple(FailureGroup(kind, len(each), each[0]) for kind, each in messages.items())


def _failure_order(record: RequestRecord) -> tuple[int, int, int]:
    kind = ERROR_KINDS.index(record.error) if record.error else 0
    return kind, record.status or 0, record.number
