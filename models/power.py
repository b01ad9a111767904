"""How much power a device draws, and where the figure comes from: measured by the device, rated by its maker, or unknown.

Sources: DCMI, Huawei's device management library (Ascend); NVML through torch (NVIDIA); RAPL's energy counters (the CPU packages of the
machine, with all that runs on them). A rated figure is what the operator states, and is marked as such.
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
    """Reads the power of one device; each reading takes microseconds."""

    def __init__(self, kind: str, index: int, rated_watts: float | None) -> None:
        self._rated = Power(rated_watts, "rated") if rated_watts is not None else None
        self._rapl = Rapl.find(POWERCAP) if kind == "cpu" else None
        self._dcmi = Dcmi.find(_physical(index)) if kind == "npu" else None
        self._cuda = index if kind == "cuda" else None

    def read(self) -> Power | None:
        """Measured where it can be, else rated, else None."""
        watts = self._measured()
        return self._rated if watts is None else Power(watts, "measured")

    def utilisation(self) -> float | None:
        """Of an accelerator, 0..1."""
        if self._dcmi:
            return self._dcmi.utilisation()
        percent = _nvml("utilization", self._cuda)
        return None if percent is None else percent / 100

    def _measured(self) -> float | None:
        if self._rapl:
            return self._rapl.watts()
        if self._dcmi:
            return self._dcmi.watts()
        milliwatts = _nvml("power_draw", self._cuda)
        return None if milliwatts is None else milliwatts / 1000


class Rapl:
    """Mean power of all CPU packages between two readings; the counters wrap around."""

    def __init__(self, counters: list[tuple[Path, int]]) -> None:
        self._counters = counters  # each with the microjoules after which it starts again
        self._last = self._energies()
        self._read_at = monotonic()

    @classmethod
    def find(cls, root: Path) -> "Rapl | None":
        """The packages under /sys/class/powercap, where there are some and they may be read."""
        try:
            folders = [
                folder for folder in root.glob("intel-rapl:*") if folder.name.count(":") == 1
            ]
            return (
                cls(
                    [
                        (each / "energy_uj", int((each / "max_energy_range_uj").read_text()))
                        for each in folders
                    ]
                )
                if folders
                else None
            )
        except OSError:
            return None

    def watts(self) -> float | None:
        """Since the last reading."""
        try:
            energies = self._energies()
        except OSError:
            return None
        now = monotonic()
        used = sum(
            (new - old) % most
            for new, old, (_, most) in zip(energies, self._last, self._counters, strict=True)
        )
        seconds, self._last, self._read_at = now - self._read_at, energies, now
        return used / 1e6 / seconds if seconds > 0 else None

    def _energies(self) -> list[int]:
        return [int(path.read_text()) for path, _ in self._counters]


class Dcmi:
    """One Ascend device by Huawei's management library."""

    def __init__(self, library: ctypes.CDLL, card: int, device: int) -> None:
        self._library, self._card, self._device = library, card, device

    @classmethod
    def find(cls, physical: int, libraries: tuple[str, ...] = DCMI_LIBRARIES) -> "Dcmi | None":
        """The device with this number, where the library is there and knows it."""
        for name in libraries:
            try:
                library = ctypes.CDLL(name)
            except OSError:
                continue
            card, device = ctypes.c_int(), ctypes.c_int()
            if (
                library.dcmi_init() == 0
                and library.dcmi_get_card_id_device_id_from_logicid(
                    ctypes.byref(card), ctypes.byref(device), ctypes.c_uint(physical)
                )
                == 0
            ):
                return cls(library, card.value, device.value)
        return None

    def watts(self) -> float | None:
        """As the device measures it: of the board on inference cards, of the chip on others."""
        power = ctypes.c_int()
        failed = self._library.dcmi_get_device_power_info(
            self._card, self._device, ctypes.byref(power)
        )
        return None if failed else power.value / DECIWATTS

    def utilisation(self) -> float | None:
        """Of the AI cores, 0..1."""
        percent = ctypes.c_uint()
        failed = self._library.dcmi_get_device_utilization_rate(
            self._card, self._device, DCMI_AI_CORE, ctypes.byref(percent)
        )
        return None if failed else percent.value / 100


def _physical(index: int) -> int:
    """torch counts the devices that it is shown; DCMI counts all."""
    shown = [
        int(each)
        for each in os.environ.get("ASCEND_RT_VISIBLE_DEVICES", "").split(",")
        if each.strip().isdigit()
    ]
    return shown[index] if index < len(shown) else index


def _nvml(name: str, index: int | None) -> float | None:
    """torch.cuda's own reading, None where the device or NVML's binding (nvidia-ml-py) is not there."""
    if index is None:
        return None
    import torch

    try:
        return float(getattr(torch.cuda, name)(index))
    except (ModuleNotFoundError, RuntimeError):
        return None
