"""Series of the device: memory, utilisation, power and energy."""

from models.device import DeviceReading
from models.power import Power
from models.server.metrics.factory import MetricFactory


class DeviceSeries:
    """Series of one device. Unknown values are absent, not 0."""

    def __init__(self, make: MetricFactory) -> None:
        self._values = make.values
        self._used = make.gauges(
            "tokentide:device_memory_used_bytes", "Memory in use; on a CPU that of the engine."
        )
        self._total = make.gauges("tokentide:device_memory_total_bytes", "Memory of the device.")
        self._utilisation = make.gauges(
            "tokentide:device_utilisation", "Utilisation of the device, 0 to 1."
        )
        self._watts = make.gauges(
            "tokentide:power_watts", "Measured power, or the device's rated power.", "provenance"
        )
        self._joules = make.counters(
            "tokentide:energy_joules",
            "Power over time, by trapezoids between readings.",
            "provenance",
        )
        self._last: tuple[Power, float] | None = None

    def observe(self, reading: DeviceReading, now: float) -> None:
        """Observe a reading, taken at this second of a monotonic clock."""
        known = (
            (self._used, reading.memory_used_bytes),
            (self._total, reading.memory_total_bytes),
            (self._utilisation, reading.utilisation),
        )
        for gauge, value in known:
            if value is None:
                gauge.clear()
            else:
                gauge.labels(*self._values).set(value)
        if not (reading.power and self._is_continued(reading.power)):
            self._watts.clear()
        if reading.power:
            self._observe_power(reading.power, now)
        self._last = (reading.power, now) if reading.power else None

    def _observe_power(self, power: Power, now: float) -> None:
        self._watts.labels(*self._values, power.provenance).set(power.watts)
        joules = self._joules.labels(*self._values, power.provenance)
        if self._last and self._is_continued(power):
            before, then = self._last
            joules.inc((before.watts + power.watts) / 2 * (now - then))

    def _is_continued(self, power: Power) -> bool:
        return self._last is not None and self._last[0].provenance == power.provenance
