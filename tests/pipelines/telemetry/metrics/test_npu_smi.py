"""`npu-smi info` of several versions and cards: the header says which column is what."""

from pathlib import Path

from pipelines.telemetry.metrics.devices import device_reader
from pipelines.telemetry.metrics.npu_smi import read_npu_smi

MEBIBYTE = 1024**2
# The columns of 26.x are wider; a card with two dies has its power with the first, and -1 stands for a temperature that failed.
TWO_DIES = """
+------------------------------------------------------------------------------------------------------------------+
| npu-smi 26.0.0                              Version: 26.0.0                                                      |
+---------------------------+---------------+----------------------------------------------------------------------+
| NPU   Name                | Health        | Power(W)             Temp(C)                 Hugepages-Usage(page)   |
| Chip  Phy-ID              | Bus-Id        | AICore(%)            Memory-Usage(MB)        HBM-Usage(MB)           |
+===========================+===============+======================================================================+
| 0     Ascend910           | OK            | 171.5                36                      0    / 0                |
| 0     0                   | 0000:0A:00.0  | 40                   0    / 0                3400 / 65536            |
+------------------------------------------------------------------------------------------------------------------+
| 0     Ascend910           | OK            | -                    -1                      0    / 0                |
| 1     1                   | 0000:0B:00.0  | 0                    0    / 0                2900 / 65536            |
+===========================+===============+======================================================================+
+---------------------------+---------------+----------------------------------------------------------------------+
| NPU     Chip              | Process id    | Process name                | Process memory(MB)                     |
+===========================+===============+======================================================================+
| 0       0                 | 4711          | python                      | 3000                                   |
+===========================+===============+======================================================================+
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
    return {
        (series.metric, series.device): value
        for series, value in read_npu_smi(text).samples.items()
    }


def test_the_recorded_cards_are_read(recordings: Path) -> None:
    """Four loaded 910B2C, 23.0.3."""
    answer = (recordings / "ascend/npu_smi_23.0.3_910B2C_4card_tp4.txt").read_bytes()
    found = device_reader("npu-smi")(answer, 0.0)
    powers = {
        series.device: value
        for series, value in found.samples.items()
        if series.metric == "power_watts"
    }
    assert powers == {"12": 91.3, "13": 100.7, "14": 92.8, "15": 92.9}
    assert figures(answer.decode())["memory_used_bytes", "12"] == 52675 * MEBIBYTE
    assert figures(answer.decode())["memory_total_bytes", "15"] == 65536 * MEBIBYTE
    assert {series.labels for series in found.samples} == {'chip="910B2C"'}
    assert found.counts.problems == 0


def test_a_card_with_two_dies_has_one_power() -> None:
    """A dash is unknown, not nothing, so the second die has no power; the first one's is that of the card and says so."""
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
    """Wherever they stand, and beside columns that are not known."""
    assert figures(MOVED) == {
        ("power_watts", "5"): 20.5,
        ("temperature_celsius", "5"): 44.0,
        ("utilisation", "5"): 0.25,
        ("memory_used_bytes", "5"): 1024 * MEBIBYTE,
        ("memory_total_bytes", "5"): 2048 * MEBIBYTE,
    }


def test_something_else_gives_no_figures_and_is_counted() -> None:
    """Such as an error message, or a table cut in the middle."""
    assert read_npu_smi("DrvMngGetConsoleLogLevel failed.").counts.malformed == 1
    assert figures(TWO_DIES[: TWO_DIES.index("| 0     0 ")]) == {}
