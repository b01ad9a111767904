"""What /metrics shows beyond vLLM's vocabulary: the device, its power, the experts, what was built. All begins with `tokentide:`."""

import time
from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from models.device import DeviceReading
from models.expert_parallel.predictor import attainment, overlap_efficiency
from models.power import Power
from models.protocol import LayerTimes, EngineInfo, StepStats
from models.server.series import MetricFactory

BALANCE_TOKENS = 32  # an expert on average, before it is said how evenly they were spread
EXPERT_SECONDS = {
    "compute": "Experts at work.",
    "dispatch": "Rows on the link to their experts.",
    "combine": "Rows on the link back.",
    "exposed_wait": "Waiting for the link with nothing to compute.",
    "layer": "Whole layers of experts.",
}


class TierMetrics:
    """The series that only this tier has."""

    def __init__(self, make: MetricFactory, ready: EngineInfo, sparse_layers: list[int]) -> None:
        make.info(
            "tokentide:build_info",
            "Versions.",
            {"device": ready.device, "quantisation": ready.quantisation, **ready.stack},
        )
        make.gauge("tokentide:weight_bytes", "Memory of the weights.").set(ready.weight_bytes)
        make.gauge("tokentide:active_parameters", "Weights one token is multiplied with.").set(
            ready.active_parameters
        )
        make.gauge("tokentide:context_tokens", "Longest prompt with its completion.").set(
            ready.context_tokens
        )
        self._make = make
        self._requests = make.counters(
            "tokentide:requests", "Events in the log of requests.", "outcome"
        )
        self._device = DeviceSeries(make)
        self._experts = ExpertTokenSeries(make, sparse_layers)
        self._parallel = ExpertParallelSeries(make)

    def event(self, outcome: str) -> None:
        """One more event was written."""
        self._requests.labels(*self._make.values, outcome).inc()

    def step(self, stats: StepStats) -> None:
        """The engine did a step."""
        if stats.device:
            self._device.read(stats.device, time.monotonic())
        if stats.layer_times:
            self._parallel.step(stats.layer_times)
        self._experts.count(stats.expert_tokens)


class DeviceSeries:
    """Memory, utilisation, power and energy. What nobody knows is absent, not 0."""

    def __init__(self, make: MetricFactory) -> None:
        self._make = make
        self._used = make.gauges(
            "tokentide:device_memory_used_bytes", "Memory in use; on a CPU the engine's own."
        )
        self._total = make.gauges("tokentide:device_memory_total_bytes", "Memory there is.")
        self._utilisation = make.gauges(
            "tokentide:device_utilisation", "How busy the device is, 0 to 1."
        )
        self._watts = make.gauges(
            "tokentide:power_watts", "Power drawn, or what the device is rated for.", "provenance"
        )
        self._joules = make.counters(
            "tokentide:energy_joules",
            "Power over time, by trapezoids between readings.",
            "provenance",
        )
        self._last: tuple[Power, float] | None = None

    def read(self, reading: DeviceReading, now: float) -> None:
        """A reading came at this instant of a monotonic clock, in seconds."""
        known = (
            (self._used, reading.memory_used_bytes),
            (self._total, reading.memory_total_bytes),
            (self._utilisation, reading.utilisation),
        )
        for gauge, value in known:
            if value is None:
                gauge.clear()
            else:
                gauge.labels(*self._make.values).set(value)
        if self._last and (
            not reading.power or reading.power.provenance != self._last[0].provenance
        ):
            self._watts.clear()
        if reading.power:
            self._power(reading.power, now)
        self._last = (reading.power, now) if reading.power else None

    def _power(self, power: Power, now: float) -> None:
        self._watts.labels(*self._make.values, power.provenance).set(power.watts)
        joules = self._joules.labels(*self._make.values, power.provenance)
        if self._last and self._last[0].provenance == power.provenance:
            before, then = self._last
            joules.inc((before.watts + power.watts) / 2 * (now - then))


class ExpertTokenSeries(Collector):
    """Tokens of each expert, and how evenly the last of them were spread: of a few tokens that would only say that they were few."""

    def __init__(self, make: MetricFactory, layers: list[int]) -> None:
        self._make = make
        self._layers = [str(layer) for layer in layers]
        self._totals: list[list[int]] = []
        self._recent: list[list[int]] = []
        self._balance: dict[str, float] = {}
        make.registry.register(self)

    def count(self, tokens: list[list[int]]) -> None:
        """Tokens [layers][experts] since this was last called; empty where nobody counted."""
        if not tokens:
            return
        self._totals, self._recent = _plus(self._totals, tokens), _plus(self._recent, tokens)
        if sum(self._recent[0]) < BALANCE_TOKENS * len(self._recent[0]):
            return
        for layer, counts in zip(self._layers, self._recent, strict=True):
            self._balance[layer] = max(counts) * len(counts) / sum(counts)
        self._recent = []

    def collect(self) -> Iterator[Metric]:
        """For Prometheus; a family of its own, because a model may have thousands of experts."""
        tokens = CounterMetricFamily(
            "tokentide:expert_tokens",
            "Tokens of an expert.",
            labels=(*self._make.labels, "layer", "expert"),
        )
        for layer, counts in zip(self._layers, self._totals, strict=False):
            for expert, count in enumerate(counts):
                tokens.add_metric((*self._make.values, layer, str(expert)), count)
        yield tokens
        text = "Most tokens of an expert over their mean, lately; 1 is even."
        balance = GaugeMetricFamily(
            "tokentide:expert_balance", text, labels=(*self._make.labels, "layer")
        )
        for layer, ratio in list(self._balance.items()):
            balance.add_metric((*self._make.values, layer), ratio)
        yield balance


class ExpertParallelSeries:
    """Where the time goes while experts are spread over ranks, by schedule: some steps run serially, as a baseline."""

    def __init__(self, make: MetricFactory) -> None:
        self._make = make
        names = {part: f"tokentide:expert_{part}_seconds" for part in EXPERT_SECONDS}
        self._seconds = {
            part: make.counters(name, EXPERT_SECONDS[part], "schedule")
            for part, name in names.items()
        }
        self._rows = make.counters(
            "tokentide:expert_rows", "Tokens times experts a token, over layers.", "schedule"
        )
        text = "Time that overlap saves over the least it could hide, per row and since the start; below 0 it costs."
        self._efficiency = make.gauges("tokentide:expert_overlap_efficiency", text, "schedule")
        text = "What overlap gains over what hiding the shorter of link and compute would gain, since the start."
        self._attainment = make.gauges("tokentide:expert_overlap_attainment", text, "schedule")
        self._totals: dict[str, LayerTimes] = {}

    def step(self, times: LayerTimes) -> None:
        """A step of the engine."""
        seconds = {
            "compute": times.compute,
            "dispatch": times.dispatch,
            "combine": times.combine,
            "exposed_wait": times.exposed_wait,
            "layer": times.total,
        }
        labels = (*self._make.values, times.schedule)
        for part, spent in seconds.items():
            self._seconds[part].labels(*labels).inc(spent)
        self._rows.labels(*labels).inc(times.rows)
        self._totals[times.schedule] = _sum(self._totals.get(times.schedule), times)
        gained = overlap_gain(self._totals.get("serial"), self._totals[times.schedule])
        if times.schedule != "serial" and gained:
            self._efficiency.labels(*labels).set(gained[0])
            self._attainment.labels(*labels).set(gained[1])


def overlap_gain(serial: LayerTimes | None, overlapped: LayerTimes) -> tuple[float, float] | None:
    """Overlap efficiency and attainment, by seconds a row; None where there is no baseline yet, or nothing that could be hidden."""
    if not serial or not serial.rows or not overlapped.rows:
        return None
    link, compute = (serial.dispatch + serial.combine) / serial.rows, serial.compute / serial.rows
    if not min(link, compute):
        return None
    alone, together = serial.total / serial.rows, overlapped.total / overlapped.rows
    return overlap_efficiency(alone, together, link, compute), attainment(
        alone / together, link / compute
    )


def _plus(before: list[list[int]], tokens: list[list[int]]) -> list[list[int]]:
    if not before:
        return tokens
    return [
        [old + new for old, new in zip(*pair, strict=True)]
        for pair in zip(before, tokens, strict=True)
    ]


def _sum(before: LayerTimes | None, times: LayerTimes) -> LayerTimes:
    if before is None:
        return times
    return LayerTimes(
        layers=before.layers + times.layers,
        compute=before.compute + times.compute,
        dispatch=before.dispatch + times.dispatch,
        combine=before.combine + times.combine,
        exposed_wait=before.exposed_wait + times.exposed_wait,
        total=before.total + times.total,
        schedule=times.schedule,
        rows=before.rows + times.rows,
    )
