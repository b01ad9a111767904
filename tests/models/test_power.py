"""Power: measured by RAPL or DCMI, else rated, else unknown."""

import subprocess
import time
from pathlib import Path

import pytest

from models.power import Dcmi, PowerMeter, Rapl

DCMI = """
int dcmi_init(void) { return 0; }
int dcmi_get_card_id_device_id_from_logicid(int *card, int *device, unsigned logic) {
    *card = logic / 2; *device = logic % 2; return logic > 7;
}
int dcmi_get_device_power_info(int card, int device, int *power) {
    *power = 1000 + 10 * card + device; return card == 3;
}
int dcmi_get_device_utilization_rate(int card, int device, int kind, unsigned *rate) {
    *rate = kind == 2 ? 37 : 99; return card == 3;
}
"""


@pytest.fixture(scope="module")
def dcmi_library(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """Compile a library that follows DCMI's header."""
    folder = tmp_path_factory.mktemp("dcmi")
    (folder / "dcmi.c").write_text(DCMI)
    library = folder / "libdcmi.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, folder / "dcmi.c"], check=True)
    return (str(library),)


def write_package(root: Path, name: str, energy: int) -> None:
    """Write the counters of one RAPL zone."""
    (root / name).mkdir(exist_ok=True)
    (root / name / "energy_uj").write_text(str(energy))
    (root / name / "max_energy_range_uj").write_text("1000000")


def test_rated_power_is_marked_and_unknown_power_is_none() -> None:
    """A rated figure is never shown as measured."""
    if Path("/sys/class/powercap/intel-rapl:0").exists():
        pytest.skip("this machine measures its power")
    rated = PowerMeter("cpu", 0, 310).read()
    assert rated is not None
    assert (rated.watts, rated.provenance) == (310, "rated")
    assert PowerMeter("cpu", 0, None).read() is None


def test_a_device_without_its_library_has_no_utilisation() -> None:
    """Neither DCMI nor NVML is here."""
    assert PowerMeter("npu", 0, None).utilisation() is None
    assert PowerMeter("npu", 0, 350).read() is not None


def test_rapl_sums_packages_and_handles_wrapped_counters(tmp_path: Path) -> None:
    """Zones within a package are part of it, so they do not count."""
    write_package(tmp_path, "intel-rapl:0", 990_000)
    write_package(tmp_path, "intel-rapl:1", 0)
    write_package(tmp_path, "intel-rapl:0:0", 5)
    rapl = Rapl.find(tmp_path)
    assert rapl is not None
    time.sleep(0.05)
    write_package(tmp_path, "intel-rapl:0", 40_000)  # wrapped: 50,000 more
    write_package(tmp_path, "intel-rapl:1", 50_000)
    watts = rapl.watts()
    assert watts is not None
    assert 0.2 < watts <= 2.0  # 0.1 J in at least 0.05 s


def test_without_rapl_there_is_no_reading(tmp_path: Path) -> None:
    """No package, or no permission to read its counter."""
    assert Rapl.find(tmp_path) is None
    assert Rapl.find(tmp_path / "absent") is None


def test_a_counter_that_vanishes_gives_no_reading(tmp_path: Path) -> None:
    """The next one may work again."""
    write_package(tmp_path, "intel-rapl:0", 1)
    rapl = Rapl.find(tmp_path)
    assert rapl is not None
    (tmp_path / "intel-rapl:0" / "energy_uj").unlink()
    assert rapl.watts() is None


def test_dcmi_is_read_as_its_header_says(dcmi_library: tuple[str, ...]) -> None:
    """Card and device are found from the device's number; power is in tenths of a watt."""
    dcmi = Dcmi.find(5, dcmi_library)
    assert dcmi is not None
    assert (dcmi.watts(), dcmi.utilisation()) == (102.1, 0.37)


def test_a_failing_reading_of_dcmi_is_none(dcmi_library: tuple[str, ...]) -> None:
    """Its functions return an error code."""
    dcmi = Dcmi.find(6, dcmi_library)
    assert dcmi is not None
    assert (dcmi.watts(), dcmi.utilisation()) == (None, None)


def test_an_unknown_device_or_library_is_none(dcmi_library: tuple[str, ...]) -> None:
    """The tier then runs without measured power."""
    assert Dcmi.find(9, dcmi_library) is None
    assert Dcmi.find(0, ("libdcmi-that-is-not-there.so",)) is None
