"""Which device the tier runs on, decided before torch is imported, and what the device says of itself.

torch loads torch_npu by itself wherever it is installed, and where the Ascend runtime is missing that ends `import torch` for good: a
second attempt in the same process fails as well. So the runtime is looked for first, and torch is told not to load what could not run.
"""

import ctypes
import importlib.util
import os
import sys
from dataclasses import dataclass
from functools import cache
from time import monotonic, process_time
from typing import TYPE_CHECKING

from models.errors import NoSuchDevice
from models.power import Power, PowerMeter

if TYPE_CHECKING:
    import torch

RUNTIME_LIBRARIES = ("libascendcl.so", "libhccl.so")
AUTOLOAD = "TORCH_DEVICE_BACKEND_AUTOLOAD"


@dataclass(frozen=True)
class DeviceReading:
    """What a device says of itself at one moment; None where nobody knows."""

    memory_used_bytes: int | None
    memory_total_bytes: int | None
    utilisation: (
        float | None
    )  # 0..1; on a CPU the share of one core's time that this process used since the last reading, over all cores
    power: Power | None


@cache
def npu_obstacle() -> str | None:
    """Why torch_npu cannot run here, or None if its runtime is there. Does not import torch."""
    if importlib.util.find_spec("torch_npu") is None:
        return "torch_npu is not installed: pip install 'tokentide[npu]'"
    for library in RUNTIME_LIBRARIES:
        try:
            ctypes.CDLL(library)
        except OSError as missing:
            return f"the Ascend runtime is missing ({missing}): install CANN, then `source set_env.sh` in this shell"
    return None


def guard_torch() -> None:
    """Must run before the first `import torch`: keeps torch from loading a torch_npu that cannot run."""
    if "torch" not in sys.modules and npu_obstacle() is not None:
        os.environ[AUTOLOAD] = "0"


def choose_device(asked: str) -> "torch.device":
    """The device for `auto`, `npu`, `cuda` or `cpu`; what was asked for and is not there is an error, never replaced by another."""
    import torch

    present = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    if asked == "cpu":
        return torch.device("cpu")
    if asked == "auto":
        return (
            torch.device(present.type, 0)
            if present and present.type in ("npu", "cuda")
            else torch.device("cpu")
        )
    if present is None or present.type != asked:
        raise NoSuchDevice(
            f"There is no {asked} device here: {_why_absent(asked)}. Or choose --device cpu."
        )
    return torch.device(asked, 0)


def _why_absent(asked: str) -> str:
    if asked == "npu":
        return (
            npu_obstacle()
            or "the runtime sees none; look at `npu-smi info` and ASCEND_RT_VISIBLE_DEVICES"
        )
    return "torch sees none; look at `nvidia-smi`, CUDA_VISIBLE_DEVICES, and whether this torch was built with CUDA"


class DeviceMonitor:
    """Reads memory, utilisation and power of the device that a process computes on."""

    def __init__(self, device: "torch.device", rated_watts: float | None) -> None:
        self._device = device
        self._meter = PowerMeter(device.type, device.index or 0, rated_watts)
        self._read_at = (monotonic(), process_time())

    def read(self) -> DeviceReading:
        """One reading. Costs well under a millisecond and starts no process."""
        used, total = (
            self._cpu_memory() if self._device.type == "cpu" else self._accelerator_memory()
        )
        return DeviceReading(used, total, self._utilisation(), self._meter.read())

    def _accelerator_memory(self) -> tuple[int | None, int | None]:
        import torch

        free, total = torch.accelerator.get_memory_info(self._device.index)
        return total - free, total

    def _cpu_memory(self) -> tuple[int | None, int | None]:
        try:
            with open("/proc/self/statm") as statm:  # noqa: PTH123  a Path costs more than the reading
                pages = int(statm.read().split()[1])
        except OSError:
            return None, None
        page = os.sysconf("SC_PAGE_SIZE")
        return pages * page, os.sysconf("SC_PHYS_PAGES") * page

    def _utilisation(self) -> float | None:
        if self._device.type != "cpu":
            return self._meter.utilisation()
        (wall, busy), now = self._read_at, (monotonic(), process_time())
        self._read_at = now
        return min((now[1] - busy) / max((now[0] - wall) * (os.cpu_count() or 1), 1e-9), 1.0)
