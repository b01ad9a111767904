"""Series of the device: absent if unknown, and energy as power over time."""

from prometheus_client.metrics_core import Metric
from support.inference.metrics import collect, sum_samples

from models.device import DeviceReading
from models.power import Power
from models.server.metrics.device import DeviceSeries
from models.server.metrics.factory import MetricFactory

UNKNOWN = DeviceReading(None, None, None, None)


def observe(*readings: tuple[DeviceReading, float]) -> dict[str, Metric]:
    """Observe readings at their seconds and collect the series."""
    factory = MetricFactory("tiny")
    series = DeviceSeries(factory)
    for reading, now in readings:
        series.observe(reading, now)
    return collect(factory.registry)


def power(watts: float, provenance: str) -> DeviceReading:
    """Make a reading of power alone."""
    return DeviceReading(None, None, None, Power(watts, provenance))  # type: ignore[arg-type]


def test_unknown_values_are_absent() -> None:
    """Not 0."""
    families = observe((DeviceReading(100, None, None, None), 0))
    assert sum_samples(families, "tokentide:device_memory_used_bytes") == 100
    for name in ("device_memory_total_bytes", "device_utilisation", "power_watts", "energy_joules"):
        assert families[f"tokentide:{name}"].samples == []


def test_a_value_that_becomes_unknown_disappears() -> None:
    """The last known one would be misleading."""
    families = observe((DeviceReading(100, 200, 0.5, None), 0), (UNKNOWN, 1))
    assert families["tokentide:device_utilisation"].samples == []


def test_energy_is_power_over_time() -> None:
    """Trapezoids between readings of one provenance; a gap or another provenance breaks them."""
    families = observe(
        (power(10, "rated"), 0),
        (power(30, "rated"), 2),
        (UNKNOWN, 3),
        (power(30, "rated"), 4),
        (power(10, "measured"), 5),
        (power(20, "measured"), 6),
    )
    joules = "tokentide:energy_joules"
    assert sum_samples(families, joules, "_total", provenance="rated") == 40
    assert sum_samples(families, joules, "_total", provenance="measured") == 15


def test_only_the_current_provenance_has_power() -> None:
    """A rated figure disappears once power is measured."""
    families = observe((power(30, "rated"), 0), (power(20, "measured"), 1))
    [sample] = families["tokentide:power_watts"].samples
    assert (sample.labels["provenance"], sample.value) == ("measured", 20)


def test_power_that_becomes_unknown_disappears() -> None:
    """Its energy stays."""
    families = observe((power(10, "rated"), 0), (power(10, "rated"), 1), (UNKNOWN, 2))
    assert families["tokentide:power_watts"].samples == []
    assert sum_samples(families, "tokentide:energy_joules", "_total") == 10
