"""The output of `npu-smi info`, read by its headers: columns moved between versions, words did not.

A card is two lines: the first has NPU, name, health, power and temperature, the second is of the
chip: busy cores, memory. A card with two dies prints the pair twice, with the power in the first
pair only: `-` is unknown, not 0, and the power is then that of the whole card.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from pipelines.telemetry.config.device_pick import ANY_DEVICE, DevicePick
from pipelines.telemetry.metrics.exposition import ParseCounts
from pipelines.telemetry.metrics.normalise import MEBIBYTE, NormalisedPage
from pipelines.telemetry.metrics.vocabulary import Series, label_text

WORD = re.compile(r"[^\s/]+\s*/\s*[^\s/]+|\S+")
NUMBER = re.compile(r"-?\d+(\.\d+)?")
UNKNOWN = frozenset({"-", "NA", "N/A", "--"})
Cells = dict[str, str]


@dataclass
class NpuSmiTable:
    """Headers seen so far, and a card's first line while its second one is to come."""

    card: list[list[str]] = field(default_factory=list)
    chip: list[list[str]] = field(default_factory=list)
    pending: Cells | None = None


def read_npu_smi(text: str, pick: DevicePick = ANY_DEVICE) -> NormalisedPage:
    """Return power, utilisation, memory and temperature of each chip in the output."""
    counts = ParseCounts()
    chips = list(_chips(text, counts))
    dies = Counter(chip["NPU"] for chip in chips)
    samples: dict[Series, float] = {}
    for chip in chips:
        device = _device(chip, dies)
        for metric, value, labels in _figures(chip, dies[chip["NPU"]], counts):
            wanted = pick.wants(device, "", labels)
            series = Series(metric, "gauge", "", None, None, label_text(labels), device)
            samples[replace(series, is_picked=wanted)] = value
    counts.malformed += not chips
    return NormalisedPage(samples, None, counts)


def _chips(text: str, counts: ParseCounts) -> Iterator[Cells]:
    """Yield both lines of each chip as one row, by the words of the headers."""
    table = NpuSmiTable()
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not line.lstrip().startswith("|") or len(cells) < 3:
            continue
        first = cells[0].split()[:1]
        if first == ["NPU"] and "Process" in cells[1]:
            return
        if first == ["NPU"]:
            table.card = [cell.split() for cell in cells]
        elif first == ["Chip"]:
            table.chip = [cell.split() for cell in cells]
        elif table.pending is None:
            table.pending = _match(table.card, cells, counts)
        else:
            chip = _match(table.chip, cells, counts)
            if chip and table.pending:
                yield table.pending | chip
            table.pending = None


def _match(header: list[list[str]], cells: list[str], counts: ParseCounts) -> Cells:
    """Match the values of a line to the words of its header; empty where they do not fit."""
    found: Cells = {}
    for names, cell in zip(header, cells, strict=False):
        words = WORD.findall(cell)
        # The last column of a cell may have no value, and a name may have several words.
        if len(names) == 2 and names[1] == "Name":
            words = cell.split(maxsplit=1)
        if len(words) > len(names):
            counts.malformed += 1
            return {}
        found |= dict(zip(names, words, strict=False))
    counts.malformed += not found
    return found


def _figures(
    chip: Cells, dies: int, counts: ParseCounts
) -> Iterator[tuple[str, float, dict[str, str]]]:
    """Yield metric, value and labels of each figure of a chip."""
    labels = {"chip": chip["Name"]} if "Name" in chip else {}
    watts = _number(chip.get("Power(W)"), counts)
    if watts is not None:
        yield "power_watts", watts, labels | ({"scope": "card"} if dies > 1 else {})
    if (celsius := _number(chip.get("Temp(C)"), counts)) is not None:
        yield "temperature_celsius", celsius, labels
    if (percent := _number(chip.get("AICore(%)"), counts)) is not None:
        yield "utilisation", percent / 100, labels
    # Cards with HBM print 0 / 0 for the other memory; cards without it have no such column.
    for column in ("HBM-Usage(MB)", "Memory-Usage(MB)"):
        used, _, total = chip.get(column, "").partition("/")
        sizes = _number(used.strip(), counts), _number(total.strip(), counts)
        if sizes[0] is not None and sizes[1]:
            yield "memory_used_bytes", sizes[0] * MEBIBYTE, labels
            yield "memory_total_bytes", sizes[1] * MEBIBYTE, labels
            return


def _number(text: str | None, counts: ParseCounts) -> float | None:
    if not text or text in UNKNOWN:
        return None
    if not NUMBER.fullmatch(text):
        counts.malformed += 1
        return None
    value = float(text)
    counts.failed_reads += value < 0
    return value if value >= 0 else None


def _device(chip: Cells, dies: Counter[str]) -> str:
    known = chip.get("Phy-ID") or chip.get("Device")
    if known:
        return known
    return chip["NPU"] if dies[chip["NPU"]] == 1 else f"{chip['NPU']}.{chip.get('Chip', '0')}"
