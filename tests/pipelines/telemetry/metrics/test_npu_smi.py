"""`npu-smi info` of several versions and cards: the header names each column."""

from pathlib import Path

import pytest

from pipelines.telemetry.metrics.devices import device_reader
from pipelines.telemetry.metrics.npu_smi import read_npu_smi

MEBIBYTE = 1024**2
# The columns of 26.x are wider; a card with two dies has its power with the first one, and -1 is a
# temperature that could not be read.
TWO_DIES = """
+-----------------------------------------------------------------------------------------------+
| npu-smi 26.0.0                              Version: 26.0.0                                   |
+---------------------------+---------------+---------------------------------------------------+
| NPU   Name                | Health        | Power(W)     Temp(C)         Hugepages-Usage(page) |
| Chip  Phy-ID              | Bus-Id        | AICore(%)    Memory-Usage(MB)    HBM-Usage(MB)    |
+===========================+===============+===================================================+
| 0     Ascend910           | OK            | 171.5        36                  0    / 0         |
| 0     0                   | 0000:0A:00.0  | 40           0    / 0            3400 / 65536     |
+-----------------------------------------------------------------------------------------------+
| 0     Ascend910           | OK            | -            -1                  0    / 0         |
| 1     1                   | 0000:0B:00.0  | 0            0    / 0            2900 / 65536     |
+===========================+===============+===================================================+
+---------------------------+---------------+---------------------------------------------------+
| NPU     Chip              | Process id    | Process name             | Process memory(MB)     |
+===========================+===============+===================================================+
| 0       0                 | 4711          | python                   | 3000                   |
+===========================+===============+===================================================+
"""
# A card without HBM, with a column that no version had, and the columns in another order.
MOVED = """
| NPU     Name      | Health          | Temp(C)   Fan(%)  Power(W)   |
| Chip    Device    | Bus-Id          | Memory-Usage(MB)  AICore(%)  |
+===================+=================+==============================+
| 2       310P3     | OK              | 44        NA      20.5       |
| 0       5         | 0000:01:00.0    | 1024 / 2048       25         |
"""


def figures(text: str) -> dict[tuple[str, str | None], float]:
    samples = read_npu_smi(text).samples
    return {(series.metric, series.device): value for series, value in samples.items()}


def test_the_recorded_cards_are_read(recordings: Path) -> None:
    """Four loaded 910B2C, 23.0.3."""
    output = (recordings / "ascend/npu_smi_23.0.3_910B2C_4card_tp4.txt").read_bytes()
    found = device_reader("npu-smi")(output, 0.0)
    powers = {
        series.device: value
        for series, value in found.samples.items()
        if series.metric == "power_watts"
    }
    assert powers == {"12": 91.3, "13": 100.7, "14": 92.8, "15": 92.9}
    assert figures(output.decode())["memory_used_bytes", "12"] == 52675 * MEBIBYTE
    assert figures(output.decode())["memory_total_bytes", "15"] == 65536 * MEBIBYTE
    assert {series.labels for series in found.samples} == {'chip="910B2C"'}
    assert found.counts.problems == 0


def test_a_card_with_two_dies_has_one_power() -> None:
    """A dash is unknown, not 0. So the second die has no power; the first has that of the card."""
    found = read_npu_smi(TWO_DIES)
    powers = [
        (series.device, series.labels, value)
        for series, value in found.samples.items()
        if series.metric == "power_watts"
    ]
    assert powers == [("0", 'chip="Ascend910",scope="card"', 171.5)]
    assert figures(TWO_DIES)["utilisation", "0"] == 0.4
    assert figures(TWO_DIES)["memory_used_bytes", "1"] == 2900 * MEBIBYTE
    assert ("temperature_celsius", "1") not in figures(TWO_DIES)
    assert found.counts.failed_reads == 1


def test_columns_are_found_by_their_header() -> None:
    """Their order does not matter, and unknown columns are skipped."""
    assert figures(MOVED) == {
        ("power_watts", "5"): 20.5,
        ("temperature_celsius", "5"): 44.0,
        ("utilisation", "5"): 0.25,
        ("memory_used_bytes", "5"): 1024 * MEBIBYTE,
        ("memory_total_bytes", "5"): 2048 * MEBIBYTE,
    }


def test_output_of_another_form_gives_no_figures_and_is_counted() -> None:
    """It may be an error message, or a table that was cut."""
    assert read_npu_smi("DrvMngGetConsoleLogLevel failed.").counts.malformed == 1
    assert figures(TWO_DIES[: TWO_DIES.index("| 0     0 ")]) == {}


@pytest.mark.parametrize(
    ("value", "watts", "failed", "malformed"),
    [
        ("20.5", 20.5, 0, 0),
        ("-", None, 0, 0),
        ("NA", None, 0, 0),
        ("-3", None, 1, 0),
        ("hot", None, 0, 1),
    ],
)
def test_a_value_that_is_no_reading_is_no_sample(
    value: str, watts: float | None, failed: int, malformed: int
) -> None:
    """Unknown is not counted, a failed read and an odd word are."""
    found = read_npu_smi(MOVED.replace("20.5", value))
    assert figures(MOVED.replace("20.5", value)).get(("power_watts", "5")) == watts
    assert (found.counts.failed_reads, found.counts.malformed) == (failed, malformed)


def test_a_chip_without_a_number_has_those_of_card_and_die() -> None:
    """Old drivers print no Phy-ID."""
    text = TWO_DIES.replace("Phy-ID", "Serial")
    assert {device for _, device in figures(text)} == {"0.0", "0.1"}
