"""Paired differences of a pilot: B minus A by metric, each with its interval.

Latencies are means over requests that both servers completed; rates are sums over whole blocks. A
metric that cannot be known has no figures and its reason.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from models.loadgen.report import Objectives
from models.pilot.blocks import MIN_BLOCKS, Side
from models.pilot.columns import DeviceTerms, MetricName, PairedColumns, columns_or_reason
from models.pilot.intervals import compare, simultaneous_level, total
from models.pilot.run import PilotRun

LEVEL = 0.95  # at which all intervals of a pilot hold together


@dataclass(frozen=True)
class PilotMetric:
    """A metric, its unit, and whether more of it is better."""

    name: MetricName
    unit: str
    is_more_better: bool


METRICS = (
    PilotMetric("ttft_ms", "ms", is_more_better=False),
    PilotMetric("tpot_ms", "ms", is_more_better=False),
    PilotMetric("e2e_ms", "ms", is_more_better=False),
    PilotMetric("goodput_per_second", "requests/s", is_more_better=True),
    PilotMetric("output_tokens_per_second", "tokens/s", is_more_better=True),
    PilotMetric("completed_share", "share", is_more_better=True),
    PilotMetric("joules_per_token", "J/token", is_more_better=False),
    PilotMetric("usd_per_mtok", "USD/Mtok", is_more_better=False),
)


@dataclass(frozen=True)
class PairedDifference:
    """One metric of both servers. `low` and `high` bound `difference`, which is B minus A."""

    metric: MetricName
    unit: str
    is_more_better: bool
    pairs: int  # of requests for latencies and completion, of blocks for the others
    a: float | None = None
    b: float | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    ratio: float | None = None  # B over A
    ratio_low: float | None = None
    ratio_high: float | None = None
    reason: str | None = None

    @property
    def is_distinct(self) -> bool:
        """True if 0 lies outside of the interval."""
        return self.low is not None and self.high is not None and not self.low <= 0 <= self.high


def compute_differences(
    run: PilotRun,
    objectives: Objectives,
    terms: Mapping[Side, DeviceTerms],
    is_stream: bool = True,
    seed: int = 0,
    level: float = LEVEL,
) -> list[PairedDifference]:
    """Compute every metric of the blocks so far. `level` is that of all intervals together."""
    columns = {
        metric.name: columns_or_reason(metric.name, run, objectives, terms, is_stream)
        for metric in METRICS
    }
    known = sum(isinstance(each, PairedColumns) for each in columns.values())
    each_level = simultaneous_level(level, known)
    return [_difference(each, columns[each.name], each_level, seed) for each in METRICS]


def _difference(
    metric: PilotMetric, columns: PairedColumns | str, level: float, seed: int
) -> PairedDifference:
    found = PairedDifference(metric.name, metric.unit, metric.is_more_better, 0)
    if isinstance(columns, str):
        return replace(found, reason=columns)
    a, b = total(columns.a), total(columns.b)
    found = replace(found, pairs=columns.pairs, a=a, b=b, difference=b - a)
    if len(columns.a) < MIN_BLOCKS:
        reason = f"an interval needs at least {MIN_BLOCKS} blocks with such figures"
        return replace(found, reason=reason)
    seen = compare(columns.a, columns.b, level, seed)
    if ratio := seen.ratio:
        found = replace(found, ratio=ratio.value, ratio_low=ratio.low, ratio_high=ratio.high)
    return replace(found, low=seen.difference.low, high=seen.difference.high)
