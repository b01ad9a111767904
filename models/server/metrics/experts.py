"""Series of a mixture of experts: tokens, balance, and times of expert parallelism."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from models.expert_parallel.predictor import attainment, overlap_efficiency
from models.protocol import LayerTimes
from models.server.metrics.factory import MetricFactory

# Mean tokens per expert before the balance is reported: with fewer, chance dominates.
BALANCE_TOKENS = 32
# The schedule `fused` has none of these: its times are unknown.
EXPERT_SECONDS = {
    "compute": "Seconds of computing experts.",
    "dispatch": "Seconds of sending rows to their experts.",
    "combine": "Seconds of sending rows back.",
    "exposed_wait": "Seconds of waiting for transfers with nothing to compute.",
    "layer": "Seconds of whole layers of experts.",
}


class ExpertTokenSeries(Collector):
    """Tokens of each expert, and the balance of recent ones.

    It is a collector that builds whole families at once, because a model may have thousands of
    experts.
    """

    def __init__(self, make: MetricFactory, layers: list[int]) -> None:
        self._labels, self._values = make.labels, make.values
        self._layers = [str(layer) for layer in layers]
        self._totals: list[list[int]] = []
        self._recent: list[list[int]] = []
        self._balance: dict[str, float] = {}
        make.registry.register(self)

    def count(self, tokens: list[list[int]]) -> None:
        """Count tokens [layers][experts] since the last call. The list may be empty."""
        if not tokens:
            return
        self._totals = _add_counts(self._totals, tokens)
        self._recent = _add_counts(self._recent, tokens)
        if sum(self._recent[0]) < BALANCE_TOKENS * len(self._recent[0]):
            return
        for layer, counts in zip(self._layers, self._recent, strict=True):
            self._balance[layer] = max(counts) * len(counts) / sum(counts)
        self._recent = []

    def collect(self) -> Iterator[Metric]:
        """Build the families for Prometheus."""
        tokens = CounterMetricFamily(
            "tokentide:expert_tokens",
            "Tokens of an expert.",
            labels=(*self._labels, "layer", "expert"),
        )
        for layer, counts in zip(self._layers, self._totals, strict=False):
            for expert, count in enumerate(counts):
                tokens.add_metric((*self._values, layer, str(expert)), count)
        yield tokens
        balance = GaugeMetricFamily(
            "tokentide:expert_balance",
            "Recent tokens of the busiest expert over the mean; 1 is even.",
            labels=(*self._labels, "layer"),
        )
        for layer, ratio in list(self._balance.items()):
            balance.add_metric((*self._values, layer), ratio)
        yield balance


class ExpertParallelSeries:
    """Times of expert parallelism by schedule. Some steps run serially, as a baseline."""

    def __init__(self, make: MetricFactory) -> None:
        self._values = make.values
        self._seconds = {
            part: make.counters(f"tokentide:expert_{part}_seconds", text, "schedule")
            for part, text in EXPERT_SECONDS.items()
        }
        self._rows = make.counters(
            "tokentide:expert_rows", "Tokens times experts per token, over layers.", "schedule"
        )
        self._efficiency = make.gauges(
            "tokentide:expert_overlap_efficiency",
            "Time saved by overlap over the time that overlap could hide, per row and since the "
            "start; below 0 overlap costs time.",
            "schedule",
        )
        self._attainment = make.gauges(
            "tokentide:expert_overlap_attainment",
            "Gain of overlap over the ideal gain of hiding the shorter of transfer and compute, "
            "since the start.",
            "schedule",
        )
        self._totals: dict[str, LayerTimes] = {}

    def observe(self, times: LayerTimes) -> None:
        """Observe a step. What is unknown has no series."""
        seconds = {
            "compute": times.compute,
            "dispatch": times.dispatch,
            "combine": times.combine,
            "exposed_wait": times.exposed_wait,
            "layer": times.total,
        }
        labels = (*self._values, times.schedule)
        for part, spent in seconds.items():
            if spent is not None:
                self._seconds[part].labels(*labels).inc(spent)
        self._rows.labels(*labels).inc(times.rows)
        self._totals[times.schedule] = _add_times(self._totals.get(times.schedule), times)
        gain = overlap_gain(self._totals.get("serial"), self._totals[times.schedule])
        if times.schedule != "serial" and gain:
            self._efficiency.labels(*labels).set(gain[0])
            self._attainment.labels(*labels).set(gain[1])


def overlap_gain(serial: LayerTimes | None, overlapped: LayerTimes) -> tuple[float, float] | None:
    """Compute overlap efficiency and attainment from seconds per row.

    None without a baseline, without times, or if nothing could be hidden.
    """
    if not serial or not serial.rows or not overlapped.rows:
        return None
    link, computed = _add(serial.dispatch, serial.combine), serial.compute
    if not link or not computed or serial.total is None or overlapped.total is None:
        return None
    transfer, compute = link / serial.rows, computed / serial.rows
    before, after = serial.total / serial.rows, overlapped.total / overlapped.rows
    efficiency = overlap_efficiency(before, after, transfer, compute)
    return efficiency, attainment(before / after, transfer / compute)


def _add_counts(before: list[list[int]], tokens: list[list[int]]) -> list[list[int]]:
    if not before:
        return tokens
    return [
        [old + new for old, new in zip(*pair, strict=True)]
        for pair in zip(before, tokens, strict=True)
    ]


def _add_times(before: LayerTimes | None, times: LayerTimes) -> LayerTimes:
    if before is None:
        return times
    return LayerTimes(
        layers=before.layers + times.layers,
        compute=_add(before.compute, times.compute),
        dispatch=_add(before.dispatch, times.dispatch),
        combine=_add(before.combine, times.combine),
        exposed_wait=_add(before.exposed_wait, times.exposed_wait),
        total=_add(before.total, times.total),
        schedule=times.schedule,
        rows=before.rows + times.rows,
    )


def _add(left: float | None, right: float | None) -> float | None:
    """Add seconds. A sum with an unknown part is unknown."""
    return None if left is None or right is None else left + right
