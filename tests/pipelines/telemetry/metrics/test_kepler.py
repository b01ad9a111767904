"""Kepler's zones overlap and are not simply added."""

from pipelines.telemetry.config.device_pick import DevicePick
from pipelines.telemetry.metrics.devices import device_reader

CPU = """\
kepler_node_cpu_watts{zone="package",path="/a"} 100
kepler_node_cpu_watts{zone="package",path="/b"} 90
kepler_node_cpu_watts{zone="core",path="/a"} 60
kepler_node_cpu_watts{zone="dram",path="/a"} 10
kepler_node_cpu_joules_total{zone="package",path="/a"} 5000
kepler_pod_cpu_watts{zone="package",pod_name="llm-0"} 40
kepler_pod_cpu_watts{zone="package",pod_name="other"} 30
"""
GPU = "".join(f'kepler_node_gpu_watts{{gpu="{each}"}} {each + 50}\n' for each in range(2))


def read(page: str, pick: DevicePick) -> dict[tuple[str, str | None], float]:
    samples = device_reader("kepler", pick)(page.encode(), 0.0).samples
    return {(each.metric, each.device): value for each, value in samples.items()}


def test_packages_and_memory_add_up() -> None:
    assert read(CPU, DevicePick(devices=1)) == {
        ("power_watts", "all devices"): 200.0,
        ("energy_joules", "all devices"): 5000.0,
    }


def test_a_node_with_gpus_is_read_by_them() -> None:
    assert read(CPU + GPU, DevicePick(devices=2)) == {
        ("power_watts", "0"): 50.0,
        ("power_watts", "1"): 51.0,
    }
    assert read(CPU + GPU, DevicePick(devices=1)) == {}


def test_a_pod_is_read_by_its_labels() -> None:
    pick = DevicePick(match=(("pod_name", "llm-0"),), devices=1)
    assert read(CPU, pick) == {("power_watts", "all devices"): 40.0}
