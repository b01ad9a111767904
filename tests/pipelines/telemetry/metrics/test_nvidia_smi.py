"""nvidia-smi's table, read by its header; what the card does not say is unknown, not 0."""

from pipelines.telemetry.config.device_pick import DevicePick
from pipelines.telemetry.metrics.devices import device_reader

OUTPUT = b"""\
index, uuid, name, power.draw [W], utilization.gpu [%], memory.used [MiB], memory.total [MiB]
0, GPU-a, NVIDIA A100, 61.50 W, 25 %, 1024 MiB, 40960 MiB
1, GPU-b, NVIDIA A100, [N/A], [Not Supported], 0 MiB, 40960 MiB
"""


def test_a_row_is_a_gpu() -> None:
    page = device_reader("nvidia-smi")(OUTPUT, 0.0)
    values = {(each.metric, each.device): value for each, value in page.samples.items()}
    assert values == {
        ("power_watts", "0"): 61.5,
        ("utilisation", "0"): 0.25,
        ("memory_used_bytes", "0"): 2.0**30,
        ("memory_total_bytes", "0"): 40 * 2.0**30,
        ("memory_used_bytes", "1"): 0.0,
        ("memory_total_bytes", "1"): 40 * 2.0**30,
    }
    assert {each.labels for each in page.samples} == {'chip="NVIDIA A100"'}


def test_gpus_are_picked_by_uuid() -> None:
    page = device_reader("nvidia-smi", DevicePick(uuids=("GPU-b",), devices=1))(OUTPUT, 0.0)
    assert {each.device for each in page.samples} == {"1"}
    assert "2 devices" not in page.withheld


def test_other_output_is_no_sample() -> None:
    """The table that people see has no header of columns."""
    for output in (b"", b"Failed to initialize NVML\n", b"| 0  A100 | 61W / 400W |\n"):
        page = device_reader("nvidia-smi")(output, 0.0)
        assert (page.samples, page.counts.malformed > 0) == ({}, True)
