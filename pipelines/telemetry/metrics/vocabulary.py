"""One name for each quantity, whatever server it comes from: `vocabulary.csv`, applied.

A row of the list has the engine or device exporter, the family as its page names it, our metric,
the kind, how the value is converted (`unit`), labels (renamed `old>new`, added `=label:value`, or
required `label=value`, so that other series of the family are not kept), and the newer family to
which an old name gives way where a page has both.
"""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, cast

from pipelines.telemetry.config.device_pick import ANY_DEVICE, INSTANCE_LABELS, DevicePick
from pipelines.telemetry.metrics.exposition import SUFFIX, Labels
from pipelines.telemetry.metrics.operator_labels import drop_operator_labels
from pipelines.telemetry.metrics.spelling import find_spelling, list_spellings

MetricKind = Literal["counter", "gauge", "histogram", "info"]
SeriesPart = Literal["", "bucket", "sum", "count"]
Unit = Literal[
    "",
    "share_or_percent",
    "device",
    "device_percent",
    "device_mebibyte",
    "device_millijoule",
    "device_microjoule",
]
# Every other kind that a page declares is a gauge.
KINDS: dict[str, MetricKind] = {"counter": "counter", "histogram": "histogram", "info": "info"}
PARTS: tuple[SeriesPart, ...] = ("bucket", "sum", "count")
# On a page of devices these name the device; `model_name` is the chip's there, not a language
# model's.
DEVICE_LABELS = ("id", "gpu")
CHIP_LABELS = ("model_name", "modelName")
# Routers and proxies name a model by other labels than its server; the first that is there counts.
MODEL_LABELS = ("model_name", "model", "model_id", "served_model_name", "served_model", "llm_model")
MAX_SERIES = 200_000

Key = tuple[str, MetricKind, SeriesPart, str, str, str, float]


@dataclass(frozen=True, eq=False)
class Series:
    """Name and labels of samples.

    Equal ones of one vocabulary are the same object, so comparing them costs nothing.
    """

    metric: str
    kind: MetricKind
    part: SeriesPart = ""
    le: float | None = None  # a bucket's upper bound
    model_name: str | None = None  # as the server calls it
    labels: str = ""  # the others, as `k="v",…` sorted by name
    device: str | None = None
    unit: Unit = ""
    is_old_name: bool = False  # gives way to the series of the same key
    also: "Series | None" = None  # a second quantity with the same value
    is_plain: bool = True  # its value needs no conversion
    instance: str = ""  # a part of a divided device
    is_picked: bool | None = True  # of a device of the target; None where the labels do not say

    @property
    def is_marked(self) -> bool:
        """True if it is a part of a device, or maybe of a device that is not the target's."""
        return bool(self.instance) or self.is_picked is not True

    @property
    def key(self) -> Key:
        """The identity; sorts by metric and keeps the buckets of a histogram together."""
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
    kind: MetricKind
    part: SeriesPart = ""
    unit: Unit = ""
    rename: tuple[tuple[str, str], ...] = ()
    add: tuple[tuple[str, str], ...] = ()
    require: tuple[tuple[str, str], ...] = ()
    is_old_name: bool = False
    is_of_device: bool = False


class Vocabulary:
    """Families to keep from pages of some engines or exporters.

    `families` are further ones, kept under the names that they have there.
    """

    def __init__(
        self, *sources: str, families: Iterable[str] = (), pick: DevicePick = ANY_DEVICE
    ) -> None:
        self._pick = pick
        self._meanings: dict[str, list[Meaning]] = {}
        for name, meaning in (pair for source in sources for pair in list_meanings(source)):
            self._meanings.setdefault(name, []).append(meaning)
        self._families = frozenset(families)
        self._series: dict[tuple[Key, bool, str, bool | None], Series] = {}

    @property
    def names(self) -> list[str]:
        """Every name of a sample that is kept."""
        further = (
            f"{family}{suffix}"
            for family in self._families
            for suffix in ("", "_total", "_bucket", "_sum", "_count")
        )
        spelled = list_spellings(self._meanings)
        return sorted({*self._meanings, *further, *spelled})

    @property
    def has_devices(self) -> bool:
        """True if some of the families are of devices."""
        return any(
            meaning.is_of_device for meanings in self._meanings.values() for meaning in meanings
        )

    def admit(self, name: str, labels: Labels, kind: str) -> Series | None:
        """Return the series of a name with these labels; None if it is not kept."""
        found = (
            self._meanings.get(name)
            or self._meanings.get(find_spelling(name, self._meanings))
            or self._further_meanings(name, kind)
        )
        series: Series | None = None
        for meaning in reversed(found):
            series = self._find_or_make(meaning, labels, also=series)
        return series

    def newer(self, series: Series) -> Series | None:
        """Return the series of the newer name, if some page had it."""
        return self._series.get((series.key, False, series.instance, series.is_picked))

    def _further_meanings(self, name: str, kind: str) -> list[Meaning]:
        base = SUFFIX.sub("", name)
        if name in self._families and kind != "histogram":
            return [Meaning(name, KINDS.get(kind, "gauge"))]
        if base not in self._families:
            return []
        if name == f"{base}_total":
            return [Meaning(base, "counter")]
        return [Meaning(base, "histogram", part) for part in PARTS if name == f"{base}_{part}"]

    def _find_or_make(self, meaning: Meaning, labels: Labels, also: Series | None) -> Series | None:
        rest = dict(labels)
        if any(rest.pop(label, None) != value for label, value in meaning.require):
            return None
        le = rest.pop("le", None) if meaning.part == "bucket" else None
        try:
            bound = float(le) if le is not None else None
        except ValueError:
            return None
        if meaning.part == "bucket" and bound is None:
            return None
        series = _make_series(meaning, rest, bound, also, self._pick)
        if len(self._series) >= MAX_SERIES:
            self._series.clear()
        identity = series.key, series.is_old_name, series.instance, series.is_picked
        return self._series.setdefault(identity, series)


def _make_series(
    meaning: Meaning,
    labels: dict[str, str],
    le: float | None,
    also: Series | None,
    pick: DevicePick,
) -> Series:
    device = model = None
    instance = ""
    is_picked: bool | None = True
    for old, new in meaning.rename:
        if old in labels:
            labels[new] = labels.pop(old)
    if meaning.is_of_device:
        instance = next((labels[name] for name in INSTANCE_LABELS if labels.get(name)), "")
        given = labels
        device, labels = _split_device(labels)
        is_picked = pick.wants(device or "", instance, given)
    else:
        model = _pop_model(labels)
        labels = drop_operator_labels(labels)
    labels |= {name: value for name, value in meaning.add if name not in labels}
    return Series(
        meaning.metric,
        meaning.kind,
        meaning.part,
        le,
        model,
        label_text(labels),
        device,
        meaning.unit,
        meaning.is_old_name,
        also,
        is_plain=not (meaning.unit or meaning.is_old_name or also),
        instance=instance,
        is_picked=is_picked,
    )


def _pop_model(labels: dict[str, str]) -> str | None:
    """Remove the label that names the model, and return its value; None if none does."""
    name = next((name for name in MODEL_LABELS if labels.get(name)), "model_name")
    return labels.pop(name, None) or None


def label_text(labels: dict[str, str]) -> str:
    """Format labels as `k="v",…`, sorted by name, escaped as on a page."""
    return ",".join(f'{name}="{_escape(labels[name])}"' for name in sorted(labels))


@cache
def list_meanings(source: str) -> list[tuple[str, Meaning]]:
    """List names of samples with their meanings, for the pages of an engine or exporter.

    Our own server has vLLM's families and more.
    """
    engines = {source, "vllm"} if source == "tokentide" else {source}
    rows = [row for row in read_vocabulary() if row["engine"] in engines]
    return [pair for row in rows for pair in _meanings_of_row(row)]


@cache
def read_vocabulary() -> list[dict[str, str]]:
    """Read the rows of `vocabulary.csv`."""
    with Path(__file__).with_name("vocabulary.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def _meanings_of_row(row: dict[str, str]) -> Iterator[tuple[str, Meaning]]:
    changes = row["labels"].split()
    rename = tuple(_split_pair(each, ">") for each in changes if ">" in each)
    require = tuple(_split_pair(each, "=") for each in changes if "=" in each[1:])
    add = tuple(_split_pair(each[1:], ":") for each in changes if each.startswith("="))
    family, kind = row["family"], row["kind"]
    is_of_device = row["unit"].startswith("device") or row["engine"].endswith("device")
    parts = PARTS if kind == "histogram" else ("",)
    for part in parts:
        meaning = Meaning(
            row["metric"],
            cast("MetricKind", kind),
            part,
            cast("Unit", row["unit"]),
            rename,
            add,
            require,
            bool(row["yields_to"]),
            is_of_device,
        )
        yield (f"{family}_{part}" if part else family), meaning
        if kind == "counter":
            yield f"{family}_total", meaning


def _split_pair(change: str, mark: str) -> tuple[str, str]:
    old, _, new = change.partition(mark)
    return old, new


def _split_device(labels: dict[str, str]) -> tuple[str | None, dict[str, str]]:
    """Return the device, and the few labels that stay while it serves; pods come and go."""
    device = next((labels[name] for name in (*DEVICE_LABELS, "engine") if name in labels), None)
    kept = {name: labels[name] for name in ("provenance",) if name in labels}
    if not labels.keys().isdisjoint(DEVICE_LABELS):
        chip = next((labels[name] for name in CHIP_LABELS if labels.get(name)), None)
        kept |= {"chip": chip} if chip else {}
    return device, kept


def _escape(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
