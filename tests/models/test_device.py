"""The device is chosen before torch is imported; what is not there is said; power knows where it comes from."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from models.device import DeviceMonitor, choose_device
from models.errors import NoSuchDevice
from models.power import Dcmi, PowerMeter, Rapl

ROOT = Path(__file__).resolve().parents[2]
DCMI = """
int dcmi_init(void) { return 0; }
int dcmi_get_card_id_device_id_from_logicid(int *card, int *device, unsigned logic) {
    *card = logic / 2; *device = logic % 2; return logic > 7;
}
int dcmi_get_device_power_info(int card, int device, int *power) { *power = 1000 + 10 * card + device; return 0; }
int dcmi_get_device_utilization_rate(int card, int device, int kind, unsigned *rate) { *rate = kind == 2 ? 37 : 99; return 0; }
"""


def with_torch_npu(folder: Path, code: str) -> "subprocess.CompletedProcess[str]":
    """Run code where a torch_npu is installed as its wheel is, with the entry point by which torch loads it, and no Ascend runtime."""
    (folder / "torch_npu").mkdir()
    (folder / "torch_npu" / "__init__.py").write_text(
        "import ctypes\nctypes.CDLL('libhccl.so')\ndef _autoload(): pass\n"
    )
    about = folder / "torch_npu-2.13.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: torch_npu\nVersion: 2.13.0\n")
    (about / "entry_points.txt").write_text("[torch.backends]\ntorch_npu = torch_npu:_autoload\n")
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
    """What the guard is for: without it this fails."""
    assert "Failed to load the backend extension" in with_torch_npu(tmp_path, "import torch").stderr


def test_the_guard_lets_torch_be_imported(tmp_path: Path) -> None:
    code = "import models.errors, torch; print(torch.ones(2).sum().item())"
    assert with_torch_npu(tmp_path, code).stdout == "2.0\n"


def test_a_missing_runtime_is_named_with_the_next_step(tmp_path: Path) -> None:
    code = "from models.device import choose; print(choose('auto')); choose('npu')"
    found = with_torch_npu(tmp_path, code)
    assert found.stdout == "cpu\n"
    assert "libascendcl.so" in found.stderr
    assert "source set_env.sh" in found.stderr


def test_an_absent_device_is_never_replaced() -> None:
    with pytest.raises(NoSuchDevice, match=r"pip install 'tokentide\[npu\]'"):
        choose_device("npu")
    with pytest.raises(NoSuchDevice, match="CUDA_VISIBLE_DEVICES"):
        choose_device("cuda")
    assert choose_device("auto") == choose_device("cpu") == torch.device("cpu")


def test_a_cpu_says_what_this_process_uses() -> None:
    device = DeviceMonitor(torch.device("cpu"), rated_watts=None)
    until = time.process_time() + 0.05
    while time.process_time() < until:
        pass
    reading = device.read()
    assert reading.memory_used_bytes is not None
    assert reading.memory_total_bytes is not None
    assert 10_000_000 < reading.memory_used_bytes < reading.memory_total_bytes
    assert reading.utilisation is not None
    assert 0 < reading.utilisation <= 1


def test_rated_power_is_marked_as_rated_and_unknown_power_is_none() -> None:
    if Path("/sys/class/powercap/intel-rapl:0").exists():
        pytest.skip("this machine measures its power")
    rated = PowerMeter("cpu", 0, 310).read()
    assert (rated.watts, rated.provenance) == (310, "rated")
    assert PowerMeter("cpu", 0, None).read() is None


def test_rapl_counts_over_packages_and_over_a_wrapped_counter(tmp_path: Path) -> None:
    for name, energy in {"intel-rapl:0": 990_000, "intel-rapl:1": 0, "intel-rapl:0:0": 5}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "energy_uj").write_text(str(energy))
        (tmp_path / name / "max_energy_range_uj").write_text("1000000")
    rapl = Rapl.find(tmp_path)
    assert rapl is not None
    time.sleep(0.05)
    (tmp_path / "intel-rapl:0" / "energy_uj").write_text("40000")  # wrapped: 50,000 on
    (tmp_path / "intel-rapl:1" / "energy_uj").write_text("50000")
    watts = rapl.watts()
    assert watts is not None
    assert 0.2 < watts <= 2.0  # 0.1 J in at least 0.05 s


def test_no_rapl_is_no_reading(tmp_path: Path) -> None:
    assert Rapl.find(tmp_path) is None


def test_dcmi_is_asked_as_its_header_says(tmp_path: Path) -> None:
    (tmp_path / "dcmi.c").write_text(DCMI)
    library = tmp_path / "libdcmi.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, tmp_path / "dcmi.c"], check=True)
    meter = Dcmi.find(5, (str(library),))
    assert meter is not None
    assert (meter.watts(), meter.utilisation()) == (102.1, 0.37)
    assert Dcmi.find(9, (str(library),)) is None
    assert Dcmi.find(0, ("libdcmi-that-is-not-there.so",)) is None
