"""Devices of a page that are the target's: picked, counted, and added up where a card is divided.

One exporter serves a whole machine, and several servers share it. A divided card (MIG) shows each
instance: memory of instances adds up, while power is the card's and counts once. What cannot be
attributed to the target is withheld with its reason, never added up.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from pipelines.telemetry.config.device_pick import ALL_DEVICES, ANY_DEVICE, DevicePick
from pipelines.telemetry.metrics.vocabulary import Series

MEMORY = frozenset(
    {"memory_used_bytes", "memory_total_bytes", "memory_free_bytes", "memory_reserved_bytes"}
)
# A meter of a card is one for all of its instances.
OF_CARD = frozenset({"power_watts", "energy_joules", "temperature_celsius"})
POWER = frozenset({"power_watts", "energy_joules"})
DEVICE_METRICS = MEMORY | OF_CARD | {"utilisation"}
CARD_SCOPE = 'scope="card"'
Samples = dict[Series, float]


@dataclass
class DeviceSettler:
    """Applies a pick to the samples of pages."""

    pick: DevicePick = ANY_DEVICE
    _whole: dict[Series, Series] = field(default_factory=dict)

    def settle(self, samples: Samples) -> tuple[Samples, str]:
        """Return the target's samples, and why devices' figures are withheld or ""."""
        found = [series for series in samples if series.metric in DEVICE_METRICS]
        if not found:
            return samples, ""
        by_device: dict[str, list[Series]] = {}
        for series in found:
            by_device.setdefault(series.device or "", []).append(series)
        picked = {
            device: each
            for device, each in by_device.items()
            if not self.pick.is_given or any(series.is_picked for series in each)
        }
        if not picked:
            names = ", ".join(sorted(by_device))
            return _without(samples, found), f"none of the devices on the page ({names}) is picked"
        settled = _without(samples, found)
        for each in picked.values():
            settled.update(self._fold(each, samples))
        return self._withhold(settled, samples, by_device, picked)

    def _withhold(
        self,
        settled: Samples,
        samples: Samples,
        by_device: dict[str, list[Series]],
        picked: dict[str, list[Series]],
    ) -> tuple[Samples, str]:
        ours = [series for series in settled if series.metric in DEVICE_METRICS]
        single = {device: each for device, each in picked.items() if ALL_DEVICES not in device}
        count = len(_with_power(single)) or len(single)
        limit = self.pick.devices
        if limit is not None and count > limit:
            return _without(settled, ours), (
                f"{count} devices on the page, and the target has {limit}: pick them with "
                "indices, uuids or match in [[device_source]], or correct devices"
            )
        shared = sorted(device for device, each in picked.items() if _is_shared(each))
        if not shared and _cuts_cards(by_device, picked, samples):
            shared = sorted(_with_power(picked))
        if not shared:
            return settled, ""
        power = [series for series in ours if series.metric in POWER and series.device in shared]
        return _without(settled, power), (
            f"the power of {', '.join(shared)} is that of a whole card, of which the target has "
            "a part"
        )

    def _fold(self, each: Iterable[Series], samples: Samples) -> Samples:
        """Return one sample for each metric of a device."""
        folded: Samples = {}
        by_metric: dict[tuple[str, str], list[Series]] = {}
        for series in each:
            # A meter of the card is the target's where any part of the card is.
            if series.is_picked is not False or series.metric in POWER:
                by_metric.setdefault((series.metric, series.labels), []).append(series)
        for (metric, _), entries in by_metric.items():
            if len(entries) == 1 and not entries[0].is_marked:
                folded[entries[0]] = samples[entries[0]]
                continue
            value = _join(metric, entries, samples)
            if value is not None:
                folded[self._find_whole(entries[0])] = value
        return folded

    def _find_whole(self, series: Series) -> Series:
        if not series.is_marked:
            return series
        if series not in self._whole:
            self._whole[series] = replace(series, instance="", is_picked=True)
        return self._whole[series]


def _join(metric: str, entries: list[Series], samples: Samples) -> float | None:
    parts = [samples[series] for series in entries if series.instance]
    whole = [samples[series] for series in entries if not series.instance]
    if metric in MEMORY:
        is_whole_picked = any(each.is_picked for each in entries if not each.instance)
        return sum(parts) if parts and not (whole and is_whole_picked) else max(whole)
    if metric in OF_CARD:
        return max(whole or parts)
    # Instances have different sizes, so shares of them have no mean.
    values = set(whole or parts)
    return values.pop() if len(values) == 1 else None


def _is_shared(each: list[Series]) -> bool:
    """Tell whether a device shows parts that are picked and parts that are not."""
    others = [series for series in each if series.is_picked is False]
    has_instances = any(series.instance for series in each if series.is_picked)
    return any(series.instance or not has_instances for series in others)


def _cuts_cards(
    by_device: dict[str, list[Series]], picked: dict[str, list[Series]], samples: Samples
) -> bool:
    """Tell whether the picked chips are not whole cards, where power is printed once a card."""
    of_card = any(
        CARD_SCOPE in series.labels and series.metric in POWER
        for each in picked.values()
        for series in each
        if series in samples
    )
    cards, picked_cards = len(_with_power(by_device)), len(_with_power(picked))
    return of_card and len(picked) * cards != picked_cards * len(by_device)


def _with_power(by_device: dict[str, list[Series]]) -> set[str]:
    return {
        device
        for device, each in by_device.items()
        if any(series.metric in POWER for series in each)
    }


def _without(samples: Samples, dropped: Iterable[Series]) -> Samples:
    gone = set(dropped)
    return {series: value for series, value in samples.items() if series not in gone}
