"""The devices of an exporter that are a target's: by number, UUID or label."""

from collections.abc import Mapping
from dataclasses import dataclass

UUID_LABELS = ("UUID", "uuid", "gpu_uuid", "GPU_UUID", "vdie_id", "serial_number", "pci_bus_id")
INSTANCE_LABELS = ("GPU_I_ID", "gpu_i_id", "mig_id", "gpu_partition_id")
# A meter of the whole machine, such as a plug: it covers all devices of the target.
ALL_DEVICES = "all devices"


@dataclass(frozen=True)
class DevicePick:
    """Devices that are the target's. `devices` is how many it has; None for any number."""

    indices: tuple[str, ...] = ()
    uuids: tuple[str, ...] = ()
    match: tuple[tuple[str, str], ...] = ()
    devices: int | None = None

    @property
    def is_given(self) -> bool:
        """True if devices are picked, not just counted."""
        return bool(self.indices or self.uuids or self.match)

    def wants(self, device: str, instance: str, labels: Mapping[str, str]) -> bool | None:
        """Tell whether a sample is of a picked device; None if its labels do not say."""
        answers = [
            self._has_index(device, instance) if self.indices else True,
            self._has_uuid(instance, labels) if self.uuids else True,
            *(_matches(labels.get(name, ""), value) for name, value in self.match),
        ]
        if False in answers:
            return False
        return None if None in answers else True

    def _has_index(self, device: str, instance: str) -> bool | None:
        for index in self.indices:
            card, _, part = index.partition("/")
            if device == card or device.startswith(f"{card}."):
                if not part or part == instance:
                    return True
                if not instance:
                    return None
        return False

    def _has_uuid(self, instance: str, labels: Mapping[str, str]) -> bool | None:
        known = {labels[name] for name in UUID_LABELS if labels.get(name)}
        if not known:
            return None
        for uuid in self.uuids:
            # Older drivers name an instance by card, instance and compute instance.
            card, _, rest = uuid.removeprefix("MIG-").partition("/")
            if uuid in known or (rest and card in known and rest.split("/")[0] == instance):
                return True
            if rest and card in known and not instance:
                return None
        return False


ANY_DEVICE = DevicePick()


def _matches(value: str, wanted: str) -> bool | None:
    return value == wanted if value else None
