"""Figures of devices: the same metrics from npu-exporter, DCGM, npu-smi and our own server."""

from pathlib import Path

import pytest

from pipelines.telemetry.metrics.devices import device_reader
from pipelines.telemetry.metrics.normalise import NormalisedPage

NOW = 1795295500.0
MEBIBYTE = 1024**2
METRICS = {
    "power_watts",
    "utilisation",
    "memory_used_bytes",
    "memory_total_bytes",
    "temperature_celsius",
}


def by_device(page: NormalisedPage) -> dict[tuple[str, str | None], float]:
    return {(series.metric, series.device): value for series, value in page.samples.items()}


def test_an_npu_exporter_page_gives_device_figures(recordings: Path) -> None:
    """Its model_name is the chip's. Its stamps are old here, which is counted and loses nothing."""
    page = (recordings / "ascend/npu_exporter_v5_testdata_prometheus_metrics.txt").read_bytes()
    found = device_reader("npu-exporter")(page, NOW)
    assert {series.metric for series in found.samples} == METRICS | {"build_info"}
    powers = [series for series in found.samples if series.metric == "power_watts"]
    assert [(series.device, series.labels, series.model_name) for series in powers] == [
        (str(number), 'chip="910Awn-Ascend-V1"', None) for number in range(8)
    ]
    assert found.counts.stale > 0


def test_a_failed_read_of_a_device_is_no_sample() -> None:
    """npu-exporter prints -1. MB are mebibytes, percents become shares, HBM goes first."""
    page = (
        'npu_chip_info_power{id="0"} -1 1795295499000\n'
        'npu_chip_info_power{id="1"} 91.5 1795295499000\n'
        'npu_chip_info_utilization{id="1"} 50\n'
        'npu_chip_info_temperature{id="0"} -1\n'
        'npu_chip_info_hbm_used_memory{id="1"} 2\n'
        'npu_chip_info_used_memory{id="1"} 7\n'
        'npu_chip_info_used_memory{id="2"} 3\n'
    )
    found = device_reader("npu-exporter")(page.encode(), NOW)
    assert by_device(found) == {
        ("power_watts", "1"): 91.5,
        ("utilisation", "1"): 0.5,
        ("memory_used_bytes", "1"): 2 * MEBIBYTE,
        ("memory_used_bytes", "2"): 3 * MEBIBYTE,
    }
    assert (found.counts.failed_reads, found.counts.stale) == (2, 0)


def test_a_dcgm_page_gives_device_figures(recordings: Path) -> None:
    """Energy is in millijoules there; the total memory is the used and the free one."""
    found = device_reader("dcgm")((recordings / "dcgm/dcgm_exporter_T4.txt").read_bytes(), NOW)
    assert {series.metric: value for series, value in found.samples.items()} == {
        "power_watts": 8.969,
        "utilisation": 0.0,
        "temperature_celsius": 25.0,
        "energy_joules": 128996.013,
        "memory_used_bytes": 0.0,
        "memory_total_bytes": 15109 * MEBIBYTE,
    }


@pytest.mark.parametrize(
    ("page", "total"),
    [
        ("DCGM_FI_DEV_FB_USED{{{}}} 2\nDCGM_FI_DEV_FB_FREE{{{}}} 6\n", 8),
        (
            "DCGM_FI_DEV_FB_USED{{{}}} 2\nDCGM_FI_DEV_FB_FREE{{{}}} 5\n"
            "DCGM_FI_DEV_FB_RESERVED{{{}}} 1\n",
            8,
        ),
        ("DCGM_FI_DEV_FB_USED{{{}}} 2\n", None),
        ("DCGM_FI_DEV_FB_FREE{{{}}} 6\n", None),
    ],
)
def test_the_total_memory_of_dcgm_is_a_sum_or_unknown(page: str, total: int | None) -> None:
    """Each device has its sum; free and reserved memory are not kept."""
    text = page.format(*(['gpu="0",modelName="T4"'] * page.count("{{{}}}")))
    found = by_device(device_reader("dcgm")((text + other_device(text)).encode(), NOW))
    for device in ("0", "1"):
        expected = None if total is None else total * MEBIBYTE
        assert found.get(("memory_total_bytes", device)) == expected
    assert {metric for metric, _ in found} <= {"memory_used_bytes", "memory_total_bytes"}


def other_device(text: str) -> str:
    return text.replace('gpu="0"', 'gpu="1"')


def test_output_of_npu_smi_is_read_whatever_its_encoding(recordings: Path) -> None:
    """A driver's message in another encoding loses no card."""
    output = (recordings / "ascend/npu_smi_23.0.3_910B2C_4card_tp4.txt").read_bytes()
    read = device_reader("npu-smi")
    clean, odd = read(output, NOW), read("警告\n".encode("gbk") + output, NOW)
    assert by_device(clean) == by_device(odd)
    assert by_device(clean)["power_watts", "12"] == 91.3


def test_our_own_page_gives_only_its_devices() -> None:
    """Another source of the same target has the server's own figures."""
    page = b'vllm:prompt_tokens_total 1\ntokentide:power_watts{engine="0"} 300\n'
    assert by_device(device_reader("tokentide")(page, NOW)) == {("power_watts", "0"): 300.0}


def test_amds_exporter_has_joules_bytes_and_shares() -> None:
    """Its energy is in microjoules, and its names may have a prefix."""
    for prefix in ("", "amd_"):
        page = "".join(
            f'{prefix}{name}{{gpu_id="3",card_model="MI300X",pod="a"}} {value}\n'
            for name, value in (
                ("gpu_package_power", 700),
                ("gpu_average_package_power", 690),
                ("gpu_energy_consumed", 5e6),
                ("gpu_used_vram", 1024),
                ("gpu_gfx_activity", 50),
            )
        )
        samples = device_reader("amd")(page.encode(), 0.0).samples
        assert {each.metric: value for each, value in samples.items()} == {
            "power_watts": 700.0,
            "energy_joules": 5.0,
            "memory_used_bytes": 2.0**30,
            "utilisation": 0.5,
        }
        assert {(each.device, each.labels) for each in samples} == {("3", 'chip="MI300X"')}
