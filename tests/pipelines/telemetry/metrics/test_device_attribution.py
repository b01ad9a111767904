"""Devices of a page: those of the target, and none where nothing separates them from others."""

import pytest

from pipelines.telemetry.config.tier import DeviceSource
from pipelines.telemetry.config.tier_values import SourceKind
from pipelines.telemetry.metrics.devices import device_reader
from pipelines.telemetry.metrics.normalise import NormalisedPage

GIB = 2.0**30
EIGHT = "".join(
    f'DCGM_FI_DEV_POWER_USAGE{{gpu="{gpu}",UUID="GPU-{gpu}",modelName="H100",'
    f'pod="{"vllm-0" if gpu < 2 else "other"}"}} {300 if gpu < 2 else 100}\n'
    for gpu in range(8)
)
# Two instances of card 0, and card 1 whole. The exporter repeats the card's power.
MIG = """\
DCGM_FI_DEV_POWER_USAGE{gpu="0",UUID="GPU-0",GPU_I_PROFILE="3g.40gb",GPU_I_ID="1"} 300
DCGM_FI_DEV_POWER_USAGE{gpu="0",UUID="GPU-0",GPU_I_PROFILE="3g.40gb",GPU_I_ID="2"} 300
DCGM_FI_DEV_FB_USED{gpu="0",UUID="GPU-0",GPU_I_PROFILE="3g.40gb",GPU_I_ID="1"} 10240
DCGM_FI_DEV_FB_USED{gpu="0",UUID="GPU-0",GPU_I_PROFILE="3g.40gb",GPU_I_ID="2"} 20480
DCGM_FI_DEV_FB_FREE{gpu="0",UUID="GPU-0",GPU_I_PROFILE="3g.40gb",GPU_I_ID="1"} 10240
DCGM_FI_DEV_FB_FREE{gpu="0",UUID="GPU-0",GPU_I_PROFILE="3g.40gb",GPU_I_ID="2"} 20480
"""
NPU = "".join(
    f'npu_chip_info_power{{id="{npu}",vdie_id="V{npu}",container_name="{name}"}} {90 + npu}\n'
    for npu, name in enumerate(("", "mindie", "mindie", "train"))
)
SHARED = """\
DCGM_FI_DEV_POWER_USAGE{gpu="0",UUID="GPU-0",pod="a"} 70
DCGM_FI_DEV_POWER_USAGE{gpu="0",UUID="GPU-0",pod="b"} 70
"""


def read(kind: SourceKind, page: str, devices: int, **pick: object) -> NormalisedPage:
    source = DeviceSource("t", kind, "http://h:1/metrics", **pick)  # type: ignore[arg-type]
    return device_reader(kind, source.pick(devices))(page.encode(), 0.0)


def values(page: NormalisedPage, metric: str = "power_watts") -> dict[str | None, float]:
    return {each.device: value for each, value in page.samples.items() if each.metric == metric}


@pytest.mark.parametrize(
    "pick",
    [
        {"indices": [0, 1]},
        {"indices": ["0", "1"]},
        {"uuids": ("GPU-0", "GPU-1")},
        {"match": {"pod": "vllm-0"}},
        {"indices": [0, 1, 2], "match": {"pod": "vllm-0"}},
    ],
)
def test_devices_are_picked(pick: dict[str, object]) -> None:
    """Two servers share a machine; each has its own devices of the exporter's page."""
    page = read("dcgm", EIGHT, 2, **pick)
    assert (values(page), page.withheld) == ({"0": 300.0, "1": 300.0}, "")


def test_more_devices_than_the_target_has_are_no_power() -> None:
    """Their sum would be the machine's."""
    page = read("dcgm", EIGHT, 2)
    assert page.samples == {}
    assert page.withheld.startswith("8 devices on the page, and the target has 2: pick them")
    assert len(values(read("dcgm", EIGHT, 8))) == 8


def test_a_pick_of_too_many_or_of_none_is_said() -> None:
    assert (
        "3 devices on the page, and the target has 2"
        in read("dcgm", EIGHT, 2, indices=[0, 1, 2]).withheld
    )
    none = read("dcgm", EIGHT, 2, uuids=("GPU-9",))
    assert (none.samples, "none of the devices" in none.withheld) == ({}, True)


def test_memory_of_instances_adds_up_and_power_is_the_cards_once() -> None:
    page = read("dcgm", MIG, 1)
    assert values(page) == {"0": 300.0}
    assert values(page, "memory_used_bytes") == {"0": 30 * GIB}
    assert values(page, "memory_total_bytes") == {"0": 60 * GIB}
    assert page.withheld == ""
    assert values(read("dcgm", MIG, 1, indices=["0/1", "0:2"])) == {"0": 300.0}


@pytest.mark.parametrize(
    "pick", [{"indices": ["0/2"]}, {"match": {"GPU_I_ID": "2"}}, {"uuids": ("MIG-GPU-0/2/0",)}]
)
def test_a_part_of_a_card_has_memory_and_no_power(pick: dict[str, object]) -> None:
    """Nothing says how much of the card's power is this part's."""
    page = read("dcgm", MIG, 1, **pick)
    assert values(page) == {}
    assert values(page, "memory_used_bytes") == {"0": 20 * GIB}
    assert page.withheld.startswith("the power of 0 is that of a whole card")


def test_a_card_shared_by_pods_is_no_power_of_one_of_them() -> None:
    page = read("dcgm", SHARED, 1, match={"pod": "a"})
    assert (values(page), "whole card" in page.withheld) == ({}, True)


@pytest.mark.parametrize(
    "pick", [{"indices": [1, 2]}, {"uuids": ("V1", "V2")}, {"match": {"container_name": "mindie"}}]
)
def test_npu_exporters_devices_are_picked(pick: dict[str, object]) -> None:
    assert values(read("npu-exporter", NPU, 2, **pick)) == {"1": 91.0, "2": 92.0}


def test_devices_on_the_page_of_our_own_server_are_picked() -> None:
    page = "".join(f'tokentide:power_watts{{engine="{each}"}} {each}\n' for each in range(8))
    assert values(read("tokentide", page, 2, indices=[6, 7])) == {"6": 6.0, "7": 7.0}
    assert "8 devices" in read("tokentide", page, 2).withheld


def test_a_chip_of_a_card_with_two_has_no_power() -> None:
    """npu-smi prints the power of a card with its first chip."""
    card = (
        "| NPU Name | Health | Power(W) |\n| Chip Phy-ID | Bus-Id | AICore(%) |\n"
        "| 0 310 | OK | 70 |\n| 0 0 | x | 50 |\n| 0 310 | OK | - |\n| 1 1 | x | 50 |\n"
    )
    assert values(read("npu-smi", card, 2)) == {"0": 70.0}
    half = read("npu-smi", card, 1, indices=[0])
    assert (values(half), "whole card" in half.withheld) == ({}, True)
