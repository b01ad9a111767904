"""The device is chosen before torch is imported, and never silently replaced."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from models.device import DeviceMonitor, choose_device
from models.errors import NoSuchDevice

ROOT = Path(__file__).resolve().parents[2]


def run_with_torch_npu(folder: Path, code: str) -> "subprocess.CompletedProcess[str]":
    """Run code beside an installed torch_npu without an Ascend runtime.

    It has the entry point by which torch loads it.
    """
    (folder / "torch_npu").mkdir()
    (folder / "torch_npu" / "__init__.py").write_text(
        "import ctypes\nctypes.CDLL('libhccl.so')\ndef _autoload(): pass\n"
    )
    info = folder / "torch_npu-2.13.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: torch_npu\nVersion: 2.13.0\n")
    (info / "entry_points.txt").write_text("[torch.backends]\ntorch_npu = torch_npu:_autoload\n")
    environment = {"PYTHONPATH": f"{folder}:{ROOT}", "PATH": "/usr/bin:/bin"}
    return subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_torch_npu_without_its_runtime_breaks_torch(tmp_path: Path) -> None:
    """The guard exists for this failure."""
    stderr = run_with_torch_npu(tmp_path, "import torch").stderr
    assert "Failed to load the backend extension" in stderr


def test_the_guard_lets_torch_be_imported(tmp_path: Path) -> None:
    """Any module of the package may be imported first."""
    code = "import models.errors, torch; print(torch.ones(2).sum().item())"
    assert run_with_torch_npu(tmp_path, code).stdout == "2.0\n"


def test_a_missing_runtime_is_named_with_the_next_step(tmp_path: Path) -> None:
    """`auto` takes the CPU, `npu` raises."""
    code = "from models.device import choose_device as choose; print(choose('auto')); choose('npu')"
    ended = run_with_torch_npu(tmp_path, code)
    assert ended.stdout == "cpu\n"
    assert "libascendcl.so" in ended.stderr
    assert "source set_env.sh" in ended.stderr


def test_an_absent_device_is_never_replaced() -> None:
    """The message names what is missing."""
    with pytest.raises(NoSuchDevice, match=r"pip install 'tokentide\[npu\]'"):
        choose_device("npu")
    with pytest.raises(NoSuchDevice, match="CUDA_VISIBLE_DEVICES"):
        choose_device("cuda")
    assert choose_device("auto") == choose_device("cpu") == torch.device("cpu")


def test_a_cpu_reports_the_usage_of_this_process() -> None:
    """Memory in bytes, utilisation since the last reading."""
    monitor = DeviceMonitor(torch.device("cpu"), rated_watts=None)
    until = time.process_time() + 0.05
    while time.process_time() < until:
        pass
    reading = monitor.read()
    assert reading.memory_used_bytes is not None
    assert reading.memory_total_bytes is not None
    assert 10_000_000 < reading.memory_used_bytes < reading.memory_total_bytes
    assert reading.utilisation is not None
    assert 0 < reading.utilisation <= 1


def test_an_idle_process_has_no_utilisation() -> None:
    """Time spent sleeping is not busy."""
    monitor = DeviceMonitor(torch.device("cpu"), rated_watts=None)
    time.sleep(0.1)
    reading = monitor.read()
    assert reading.utilisation is not None
    assert reading.utilisation < 0.5


def test_rated_power_is_reported_as_rated() -> None:
    """The operator states it, if the machine does not measure power."""
    power = DeviceMonitor(torch.device("cpu"), rated_watts=65).read().power
    assert power is not None
    assert power.provenance == "measured" or power.watts == 65
