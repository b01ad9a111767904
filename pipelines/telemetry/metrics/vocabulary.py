"""One name for each quantity, whatever server it comes from. `vocabulary.csv` beside this file is the list; this file applies it.

A row of the list: the engine or device exporter, the family as its page names it, our metric, the kind, how the value becomes ours
(`unit`), what is done to labels (`old>new`, `=label:value`), and the newer family to which an older name yields where a page has both.
"""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, cast

from pipelines.telemetry.metrics.exposition import SUFFIX, Labels

Kind = Literal["counter", "gauge", "histogram", "info"]
Part = Literal["", "bucket", "sum", "count"]
Unit = Literal[
    "", "share_or_percent", "device", "device_percent", "device_mebibyte", "device_millijoule"
]
KINDS: dict[str, Kind] = {
    "counter": "counter",
    "histogram": "histogram",
    "info": "info",
}  # everything else is a gauge
PARTS: tuple[Part, ...] = ("bucket", "sum", "count")
# In a device's page these say which device; `model_name` is the chip's there, not that of a language model.
DEVICE_LABELS = ("id", "gpu")
CHIP_LABELS = ("model_name", "modelName")
MAX_SERIES = 200_000

Key = tuple[str, Kind, Part, str, str, str, float]


@dataclass(frozen=True, eq=False)
class Series:
    """What a sample is of. Equal ones of one vocabulary are the same object, so that they can be told apart at no cost."""

    metric: str
    kind: Kind
    part: Part = ""
    le: float | None = None  # a bucket's upper bound
    model_name: str | None = None  # as the server calls it
    labels: str = ""  # the others, as `k="v",…` sorted by name
    device: str | None = None
    unit: Unit = ""
    is_old_name: bool = False  # yields to the series of the same key
    also: "Series | None" = None  # a second quantity with the same value
    is_plain: bool = True  # its value is ours as it stands

    @property
    def key(self) -> Key:
        """What makes two series one; sorts by metric and keeps the buckets of a histogram together."""
        return (
            self.metric,
            self.kind,
            self.part,
            self.model_name or "",
            self.device or "",
            self.labels,
            -1.0 if self.le is None else self.le,
        )


@dataclass(frozen=True)
class Meaning:
    """One row of the list, for one name of a sample."""

    metric: str
    kind: Kind
    part: Part = ""
    unit: Unit = ""
    rename: tuple[tuple[str, str], ...] = ()
    add: tuple[tuple[str, str], ...] = ()
    is_old_name: bool = False
    is_of_device: bool = False


class Vocabulary:
    """What to keep of the pages of some engine or exporter; `families` are further ones, kept under their own names."""

    def __init__(self, *sources: str, families: Iterable[str] = ()) -> None:
        self._meanings: dict[str, list[Meaning]] = {}
        for name, meaning in (pair for source in sources for pair in meanings(source)):
            self._meanings.setdefault(name, []).append(meaning)
        self._families = frozenset(families)
        self._series: dict[tuple[Key, bool], Series] = {}

    @property
    def names(self) -> list[str]:
        """Every name of a sample that is kept."""
        own = (
            f"{family}{suffix}"
            for family in self._families
            for suffix in ("", "_total", "_bucket", "_sum", "_count")
        )
        return sorted({*self._meanings, *own})

    def admit(self, name: str, labels: Labels, kind: str) -> Series | None:
        """The series that a name with these labels stands for; None if it is not kept."""
        found = self._meanings.get(name) or self._own(name, kind)
        series: Series | None = None
        for meaning in reversed(found):
            series = self._one(meaning, labels, also=series)
        return series

    def newer(self, series: Series) -> Series | None:
        """The series of the newer name, if some page had it."""
        return self._series.get((series.key, False))

    def _own(self, name: str, kind: str) -> list[Meaning]:
        base = SUFFIX.sub("", name)
        if name in self._families and kind != "histogram":
            return [Meaning(name, KINDS.get(kind, "gauge"))]
        if base not in self._families:
            return []
        if name == f"{base}_total":
            return [Meaning(base, "counter")]
        return [Meaning(base, "histogram", part) for part in PARTS if name == f"{base}_{part}"]

    def _one(self, meaning: Meaning, labels: Labels, also: Series | None) -> Series | None:
        rest = dict(labels)
        le = rest.pop("le", None) if meaning.part == "bucket" else None
        try:
            bound = float(le) if le is not None else None
        except ValueError:
            return None
        if meaning.part == "bucket" and bound is None:
            return None
        series = self._made(meaning, rest, bound, also)
        if len(self._series) >= MAX_SERIES:
            self._series.clear()
        return self._series.setdefault((series.key, series.is_old_name), series)

    def _made(
        self, meaning: Meaning, labels: dict[str, str], le: float | None, also: Series | None
    ) -> Series:
        device = model = None
        if meaning.is_of_device:
            device, labels = _of_device(labels, meaning.kind)
        else:
            model = labels.pop("model_name", None) or None
        for old, new in meaning.rename:
            if old in labels:
                labels[new] = labels.pop(old)
        labels |= {name: value for name, value in meaning.add if name not in labels}
        return Series(
            meaning.metric, meaning.kind, meaning.part, le, model, label_text(labels), device, meaning.unit, meaning.is_old_name, also,
            is_plain=not (meaning.unit or meaning.is_old_name or also),
        )  # fmt: skip


def label_text(labels: dict[str, str]) -> str:
    """Labels as `k="v",…`, sorted by name, escaped as on a page."""
    return ",".join(f'{name}="{_escaped(labels[name])}"' for name in sorted(labels))


@cache
def meanings(source: str) -> list[tuple[str, Meaning]]:
    """What each name of a sample means on a page of this engine or exporter; our own servers speak vLLM's language and more."""
    rows = [
        row
        for row in _rows()
        if row["engine"] in ({source, "vllm"} if source == "tokentide" else {source})
    ]
    return [pair for row in rows for pair in _named(row)]


@cache
def _rows() -> list[dict[str, str]]:
    with Path(__file__).with_name("vocabulary.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def _named(row: dict[str, str]) -> Iterator[tuple[str, Meaning]]:
    changes = row["labels"].split()
    rename = tuple(_pair(change, ">") for change in changes if not change.startswith("="))
    add = tuple(_pair(change[1:], ":") for change in changes if change.startswith("="))
    family, kind, is_of_device = (
        row["family"],
        row["kind"],
        row["unit"].startswith("device") or row["engine"].endswith("device"),
    )
    parts = PARTS if kind == "histogram" else ("",)
    for part in parts:
        meaning = Meaning(
            row["metric"],
            cast("Kind", kind),
            part,
            cast("Unit", row["unit"]),
            rename,
            add,
            bool(row["yields_to"]),
            is_of_device,
        )
        yield (f"{family}_{part}" if part else family), meaning
        if kind == "counter":
            yield f"{family}_total", meaning


def _pair(change: str, mark: str) -> tuple[str, str]:
    old, _, new = change.partition(mark)
    return old, new


def _of_device(labels: dict[str, str], kind: Kind) -> tuple[str | None, dict[str, str]]:
    """Which device, and the few labels that do not change while it serves: pods and processes come and go."""
    device = next((labels[name] for name in (*DEVICE_LABELS, "engine") if name in labels), None)
    chip = (
        next((labels[name] for name in CHIP_LABELS if labels.get(name)), None)
        if DEVICE_LABELS[0] in labels or DEVICE_LABELS[1] in labels
        else None
    )
    kept = {name: labels[name] for name in ("provenance",) if name in labels}
    return device, kept | ({"chip": chip} if chip else {})


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
