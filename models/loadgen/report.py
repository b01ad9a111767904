"""From the records of a run to its figures: plain functions of the records, without a clock or a file.

Percentiles are exact, over single requests (ITL: over single gaps), and linear between two neighbours. They are never averaged.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import floor
from typing import Literal

from models.loadgen.records import ERROR_KINDS, RequestRecord
from models.loadgen.replay import LoadTest

Bottleneck = Literal[
    "late",  # it sent later than it should have
    "busy",  # it used a whole core, so it also read answers late
    "full",  # it ran out of files or ports
]

MAX_LAG_MS = 10.0  # less of lag is what timers and busy cores do
MAX_LAG_SHARE = (
    0.1  # of what was waited for the first output: more of lag than that is a figure of ours
)
MAX_CPU_SHARE = 0.9  # of one core: from there on answers wait until this process comes to read them
MIN_P99_REQUESTS = 100  # below that many the p99 is nearly the largest


@dataclass(frozen=True)
class Objectives:
    """What a good answer must meet, all of it; None is not asked for. Seconds."""

    ttft_s: float | None = None
    tpot_s: float | None = None
    e2e_s: float | None = None

    @property
    def given(self) -> dict[str, float]:
        """Those that are asked for, in milliseconds."""
        named = {"TTFT": self.ttft_s, "TPOT": self.tpot_s, "e2e": self.e2e_s}
        return {name: 1000 * limit for name, limit in named.items() if limit is not None}

    def are_met(self, record: RequestRecord) -> bool:
        """Whether the request was answered in time. An answer of one token has no TPOT to miss."""
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
    """How a quantity is spread over requests, in milliseconds."""

    count: int
    p50_ms: float
    p90_ms: float
    p99_ms: float
    max_ms: float


@dataclass(frozen=True)
class Goodput:
    """Requests that met every objective."""

    share: float  # of all whose end was seen, failed ones among them
    requests_per_s: float


@dataclass(frozen=True)
class FailureGroup:
    """Requests that failed alike, and what the first of them said."""

    kind: str
    count: int
    example: str


@dataclass(frozen=True)
class LoadTestReport:
    """What the client saw. None where there is nothing to tell it from."""

    planned: int
    sent: int
    answered: int
    failed: int
    stopped: int
    capped: int
    was_stopped: bool
    duration_s: float  # from the first request's time to the last end
    offered_per_s: float | None  # requests over the span of their times
    requests_per_s: float | None  # answered ones
    output_tokens_per_s: float | None  # of answered requests
    prompt_tokens: int | None  # of answered requests; None where one of them does not say
    output_tokens: int | None
    asked_output_tokens: int
    estimated: int  # answered requests whose tokens the server did not count
    ttft: LatencySummary | None
    tpot: LatencySummary | None
    itl: LatencySummary | None
    e2e: LatencySummary | None
    send_lag: LatencySummary | None
    cpu_share: float | None  # of one core, by this process
    bottlenecks: tuple[Bottleneck, ...]  # of the generator itself; empty where it kept up
    goodput: Goodput | None
    failures: tuple[FailureGroup, ...]


def percentile(ordered: Sequence[float], share: float) -> float:
    """The value below which `share` (0 to 1) of the ordered values lie, linear between neighbours; there must be at least one."""
    position = share * (len(ordered) - 1)
    below = floor(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (position - below)


def summarise_latencies(seconds: Iterable[float | None]) -> LatencySummary | None:
    """The spread of those that are known; None where none is."""
    ordered = sorted(1000 * each for each in seconds if each is not None)
    if not ordered:
        return None
    return LatencySummary(
        len(ordered),
        percentile(ordered, 0.5),
        percentile(ordered, 0.9),
        percentile(ordered, 0.99),
        ordered[-1],
    )


def summarise(run: LoadTest, objectives: Objectives) -> LoadTestReport:
    """The figures of a run, whole or stopped."""
    records = run.records
    answered = [each for each in records if each.error is None]
    stopped = [each for each in records if each.error == "stopped"]
    duration_s = (
        max(each.end_s for each in records) - min(each.due_s for each in records)
        if records
        else 0.0
    )
    per_s = _rate(duration_s)
    send_lag = summarise_latencies(each.send_lag_s for each in records)
    ttft, e2e = summarise_latencies(each.ttft_s for each in answered), summarise_latencies(each.e2e_s for each in answered)
    cpu_share = run.cpu_s / run.elapsed_s if run.elapsed_s else None
    output_tokens = _total(each.output_tokens for each in answered)
    return LoadTestReport(
        planned=run.planned,
        sent=len(records),
        answered=len(answered),
        failed=len(records) - len(answered) - len(stopped),
        stopped=len(stopped),
        capped=sum(each.is_capped for each in records),
        was_stopped=run.was_stopped,
        duration_s=duration_s,
        offered_per_s=_offered(records),
        requests_per_s=per_s(len(answered)),
        output_tokens_per_s=per_s(output_tokens),
        prompt_tokens=_total(each.prompt_tokens for each in answered),
        output_tokens=output_tokens,
        asked_output_tokens=sum(each.asked_output_tokens for each in answered),
        estimated=sum(each.is_estimated for each in answered),
        ttft=ttft,
        tpot=summarise_latencies(each.tpot_s for each in answered),
        itl=summarise_latencies(gap for each in answered for gap in each.gaps_s),
        e2e=e2e,
        send_lag=send_lag,
        cpu_share=cpu_share,
        bottlenecks=_bottlenecks(records, send_lag, ttft or e2e, cpu_share),
        goodput=_goodput(records, objectives, per_s),
        failures=_failures(records),
    )


def _rate(duration_s: float) -> Callable[[int | None], float | None]:
    return lambda count: count / duration_s if count is not None and duration_s > 0 else None


def _total(counts: Iterable[int | None]) -> int | None:
    """The sum; None where a part of it is unknown, or there is none."""
    found = [*counts]
    known = [each for each in found if each is not None]
    return sum(known) if known and len(known) == len(found) else None


def _offered(records: Sequence[RequestRecord]) -> float | None:
    """Arrivals over the time between the first and the last: n of them have n - 1 gaps."""
    times = [each.due_s for each in records]
    return (
        (len(times) - 1) / (max(times) - min(times))
        if len(times) > 1 and max(times) > min(times)
        else None
    )


def _bottlenecks(
    records: Sequence[RequestRecord],
    send_lag: LatencySummary | None,
    waited: LatencySummary | None,
    cpu_share: float | None,
) -> tuple[Bottleneck, ...]:
    max_ms = max(MAX_LAG_MS, MAX_LAG_SHARE * waited.p99_ms if waited else 0.0)
    found: dict[Bottleneck, bool] = {
        "late": send_lag is not None and send_lag.p99_ms > max_ms,
        "busy": cpu_share is not None and cpu_share > MAX_CPU_SHARE,
        "full": any(each.error == "generator" for each in records),
    }
    return tuple(name for name, is_so in found.items() if is_so)


def _goodput(
    records: Sequence[RequestRecord], objectives: Objectives, per_s: Callable[[int | None], float | None]
) -> Goodput | None:
    judged = [each for each in records if each.error != "stopped"]
    good = sum(objectives.are_met(each) for each in judged)
    rate = per_s(good)
    if not objectives.given or not judged or rate is None:
        return None
    return Goodput(good / len(judged), rate)


def _failures(records: Sequence[RequestRecord]) -> tuple[FailureGroup, ...]:
    found: dict[str, list[str]] = {}
    for record in sorted(
        records,
        key=lambda each: (
            ERROR_KINDS.index(each.error) if each.error else 0,
            each.status or 0,
            each.number,
        ),
    ):
        if record.error and record.error != "stopped":
            kind = f"http {record.status}" if record.error == "http" else record.error
            found.setdefault(kind, []).append(record.message or "")
    return tuple(FailureGroup(kind, len(messages), messages[0]) for kind, messages in found.items())
