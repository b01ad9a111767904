"""Power of a device and its provenance: measured by the device, rated by its maker, or unknown.

Sources: DCMI, Huawei's device management library (Ascend); NVML through torch (NVIDIA); RAPL's
energy counters (all CPU packages of the machine, whatever runs on them). The operator states the
rated figure, which is marked as rated.
"""

import ctypes
import os
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Literal

POWERCAP = Path("/sys/class/powercap")
DCMI_LIBRARIES = ("libdcmi.so", "/usr/local/dcmi/libdcmi.so")
DCMI_AI_CORE = 2  # DCMI's number for the utilisation of the AI cores
DECIWATTS = 10


@dataclass(frozen=True)
class Power:
    """Watts and their provenance."""

    watts: float
    provenance: Literal["measured", "rated"]


class PowerMeter:
    """Reader of one device's power. A reading takes microseconds."""

    def __init__(self, kind: str, index: int, rated_watts: float | None) -> None:
        self._rated = Power(rated_watts, "rated") if rated_watts is not None else None
        self._rapl = Rapl.find(POWERCAP) if kind == "cpu" else None
        self._dcmi = Dcmi.find(_physical_index(index)) if kind == "npu" else None
        self._cuda = index if kind == "cuda" else None

    def read(self) -> Power | None:
        """Return the measured power if possible, else the rated power, else None."""
        watts = self._measure()
        return self._rated if watts is None else Power(watts, "measured")

    def utilisation(self) -> float | None:
        """Return the utilisation of an accelerator, 0..1."""
        if self._dcmi:
            return self._dcmi.utilisation()
        percent = _read_nvml("utilization", self._cuda)
        return None if percent is None else percent / 100

    def _measure(self) -> float | None:
        if self._rapl:
            return self._rapl.watts()
        if self._dcmi:
            return self._dcmi.watts()
        milliwatts = _read_nvml("power_draw", self._cuda)
        return None if milliwatts is None else milliwatts / 1000


class Rapl:
    """Mean power of all CPU packages between two readings. The energy counters wrap around."""

    def __init__(self, counters: list[tuple[Path, int]]) -> None:
        self._counters = counters  # each with the microjoules at which it wraps around
        self._last_energies = self._read_energies()
        self._read_at = monotonic()

    @classmethod
    def find(cls, root: Path) -> "Rapl | None":
        """Find the packages under /sys/class/powercap. None if there are none or no permission."""
        try:
            counters = [
                (each / "energy_uj", int((each / "max_energy_range_uj").read_text()))
                for each in root.glob("intel-rapl:*")
                if each.name.count(":") == 1
            ]
            return cls(counters) if counters else None
        except OSError:
            return None

    def watts(self) -> float | None:
        """Return the mean power since the last reading."""
        try:
            energies = self._read_energies()
        except OSError:
            return None
        now = monotonic()
        microjoules = sum(
            (new - old) % wrap
            for new, old, (_, wrap) in zip(
                energies, self._last_energies, self._counters, strict=True
            )
        )
        seconds = now - self._read_at
        self._last_energies, self._read_at = energies, now
        return microjoules / 1e6 / seconds if seconds > 0 else None

    def _read_energies(self) -> list[int]:
        return [int(path.read_text()) for path, _ in self._counters]


class Dcmi:
    """One Ascend device, read through Huawei's management library."""

    def __init__(self, library: ctypes.CDLL, card: int, device: int) -> None:
        self._library, self._card, self._device = library, card, device

    @classmethod
    def find(cls, physical: int, libraries: tuple[str, ...] = DCMI_LIBRARIES) -> "Dcmi | None":
        """Find the device with this number. None without the library or the device."""
        for name in libraries:
            try:
                library = ctypes.CDLL(name)
            except OSError:
                continue
            if library.dcmi_init() != 0:
                continue
            card, device = ctypes.c_int(), ctypes.c_int()
            failed = library.dcmi_get_card_id_device_id_from_logicid(
                ctypes.byref(card), ctypes.byref(device), ctypes.c_uint(physical)
            )
            if not failed:
                return cls(library, card.value, device.value)
        return None

    def watts(self) -> float | None:
        """Return the power of the card on inference cards, of the chip on others."""
        power = ctypes.c_int()
        failed = self._library.dcmi_get_device_power_info(
            self._card, self._device, ctypes.byref(power)
        )
        return None if failed else power.value / DECIWATTS

    def utilisation(self) -> float | None:
        """Return the utilisation of the AI cores, 0..1."""
        percent = ctypes.c_uint()
        failed = self._library.dcmi_get_device_utilization_rate(
            self._card, self._device, DCMI_AI_CORE, ctypes.byref(percent)
        )
        return None if failed else percent.value / 100


def _physical_index(index: int) -> int:
    """Convert torch's index, which counts visible devices, to DCMI's, which counts all."""
    visible = [
        int(each)
        for each in os.environ.get("ASCEND_RT_VISIBLE_DEVICES", "").split(",")
        if each.strip().isdigit()
    ]
    return visible[index] if index < len(visible) else index


def _read_nvml(name: str, index: int | None) -> float | None:
    """Read a figure through torch.cuda. None without the device or nvidia-ml-py."""
    if index is None:
        return None
    import torch

    try:
        return float(getattr(torch.cuda, name)(index))
    except (ModuleNotFoundError, RuntimeError):
        return None
