"""Choice of the compute device, made before torch is imported, and readings of that device.

torch loads torch_npu by itself wherever it is installed. Without the Ascend runtime that makes
`import torch` fail for good: a second attempt in the same process fails as well. So this module
looks for the runtime first and tells torch not to load a backend that cannot run.
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
    """State of a device at one moment. None: unknown."""

    memory_used_bytes: int | None
    memory_total_bytes: int | None
    # 0..1. On a CPU: processor time of this process since the last reading, over all cores.
    utilisation: float | None
    power: Power | None


@cache
def npu_obstacle() -> str | None:
    """Return the reason why torch_npu cannot run here, or None. torch is not imported."""
    if importlib.util.find_spec("torch_npu") is None:
        return "torch_npu is not installed: pip install 'tokentide[npu]'"
    for library in RUNTIME_LIBRARIES:
        try:
            ctypes.CDLL(library)
        except OSError as missing:
            return (
                f"the Ascend runtime is missing ({missing}): install CANN, then "
                "`source set_env.sh` in this shell"
            )
    return None


def guard_torch() -> None:
    """Keep torch from loading a torch_npu that cannot run. Call before `import torch`."""
    if "torch" not in sys.modules and npu_obstacle() is not None:
        os.environ[AUTOLOAD] = "0"


def choose_device(kind: str) -> "torch.device":
    """Return the device for `auto`, `npu`, `cuda` or `cpu`. Raise if it is absent."""
    import torch

    present = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    if kind == "cpu":
        return torch.device("cpu")
    if kind == "auto":
        is_supported = present is not None and present.type in ("npu", "cuda")
        return torch.device(present.type, 0) if present and is_supported else torch.device("cpu")
    if present is None or present.type != kind:
        raise NoSuchDevice(f"There is no {kind} device: {_absence(kind)}. Or choose --device cpu.")
    return torch.device(kind, 0)


def _absence(kind: str) -> str:
    if kind == "npu":
        return npu_obstacle() or (
            "the runtime sees none; check `npu-smi info` and ASCEND_RT_VISIBLE_DEVICES"
        )
    return (
        "torch sees none; check `nvidia-smi`, CUDA_VISIBLE_DEVICES, and whether this torch was "
        "built with CUDA"
    )


class DeviceMonitor:
    """Reader of memory, utilisation and power of the device that a process computes on."""

    def __init__(self, device: "torch.device", rated_watts: float | None) -> None:
        self._device = device
        self._meter = PowerMeter(device.type, device.index or 0, rated_watts)
        self._last_times = (monotonic(), process_time())

    def read(self) -> DeviceReading:
        """Take one reading. It costs well under a millisecond and starts no process."""
        is_cpu = self._device.type == "cpu"
        used, total = self._cpu_memory() if is_cpu else self._accelerator_memory()
        return DeviceReading(used, total, self._utilisation(), self._meter.read())

    def _accelerator_memory(self) -> tuple[int | None, int | None]:
        import torch

        free, total = torch.accelerator.get_memory_info(self._device.index)
        return total - free, total

    def _cpu_memory(self) -> tuple[int | None, int | None]:
        try:
            with open("/proc/self/statm") as statm:  # noqa: PTH123 - a Path costs more than the read
                pages = int(statm.read().split()[1])
        except OSError:
            return None, None
        page = os.sysconf("SC_PAGE_SIZE")
        return pages * page, os.sysconf("SC_PHYS_PAGES") * page

    def _utilisation(self) -> float | None:
        if self._device.type != "cpu":
            return self._meter.utilisation()
        (wall, busy), now = self._last_times, (monotonic(), process_time())
        self._last_times = now
        return min((now[1] - busy) / max((now[0] - wall) * (os.cpu_count() or 1), 1e-9), 1.0)
