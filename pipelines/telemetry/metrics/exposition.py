"""Prometheus' text format, 0.0.4 and what of OpenMetrics is met in the wild, line by line: nothing on a page can stop the rest of it.

The text of a line before its value says which series it is, and that text is the same in every scrape. So it is understood once and
remembered, wanted or not; a known line costs a split and a look-up. What a series is, and which are wanted, the caller says.
"""

import json
import re
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, fields
from math import isfinite, isnan
from typing import Any, Generic, TypeVar

MAX_BYTES = 16 * 1024 * 1024  # a page of vLLM has 50 kB, one with thousands of experts some MB
MAX_KNOWN = 200_000  # texts remembered by one reader
HEAD = re.compile(r'[ \t]*([a-zA-Z_:][a-zA-Z0-9_:]*)[ \t]*(?:\{((?:[^"{}]|"(?:[^"\\]|\\.)*")*)\})?')
LABEL = re.compile(r'[ \t]*([a-zA-Z_][a-zA-Z0-9_]*)[ \t]*=[ \t]*"((?:[^"\\]|\\.)*)"[ \t]*(?:,|$)')
ESCAPE = re.compile(r'\\([\\"n])')
SUFFIX = re.compile(r"_(bucket|sum|count|total|created)$")
# Stamps from here on are milliseconds; in seconds they would lie thousands of years ahead.
FIRST_MILLISECONDS = 1e11
UNSEEN: Any = object()

Labels = tuple[tuple[str, str], ...]
SeriesT = TypeVar("SeriesT", bound=Hashable)
# Given a name, its labels sorted by name, and the kind that the page declares (or ""): what the caller makes of it, None if unwanted.
Admit = Callable[[str, Labels, str], SeriesT | None]


class Malformed(ValueError):
    """A line that is no sample; it is counted and skipped, so this never leaves this file."""


@dataclass
class ParseCounts:
    """What was odd about a page. `exemplars`, `stamped` and `quoted` cost nothing; the others are samples that are missing or doubtful."""

    malformed: int = 0  # lines that are no sample
    foreign: int = 0  # lines that are not UTF-8
    not_a_number: int = 0  # NaN is no sample
    infinite: int = 0  # nor is an infinity
    duplicates: int = 0  # a series that was there already; the first one holds
    cut: int = 0  # pages cut at the largest size
    failed_reads: int = 0  # values by which a device says that it could not be read
    stale: int = 0  # kept, although its own stamp is minutes older than the scrape
    disagreeing: int = 0  # an old name beside the new one, with another value
    exemplars: int = 0
    stamped: int = 0  # lines with a time of their own
    quoted: int = 0  # pages that came as a JSON string

    @property
    def problems(self) -> int:
        """How many of them cost something."""
        counted: int = sum(getattr(self, each.name) for each in fields(self))
        return counted - self.exemplars - self.stamped - self.quoted


@dataclass(frozen=True)
class MetricsPage(Generic[SeriesT]):
    """The wanted samples of one page, the time (seconds since 1970) of those that carry one, and what was odd."""

    samples: dict[SeriesT, float]
    counts: ParseCounts
    stamps: dict[SeriesT, float] = field(default_factory=dict)


class Exposition(Generic[SeriesT]):
    """Reads pages. One object serves every target of a kind, because their lines have most texts in common."""

    def __init__(
        self, admit: Admit[SeriesT], max_bytes: int = MAX_BYTES, max_known: int = MAX_KNOWN
    ) -> None:
        self._admit = admit
        self._most_bytes = max_bytes
        self._most_known = max_known
        self._known: dict[str, SeriesT | None] = {}
        self._kinds: dict[str, str] = {}

    def read(self, page: bytes) -> MetricsPage[SeriesT]:
        """All wanted samples of a page."""
        counts = ParseCounts()
        found: list[SeriesT] = []
        texts: list[str] = []
        stamps: dict[SeriesT, float] = {}
        lookup = self._known.get
        for line in self._lines(page, counts):
            key, _, text = line.rpartition(" ")
            series = lookup(key, UNSEEN)
            if series is UNSEEN:
                series, text = self._met(line, key, text, counts, stamps)
            if series is not None:
                found.append(series)
                texts.append(text)
        return MetricsPage(_samples(found, texts, counts), counts, stamps)

    def _lines(self, page: bytes, counts: ParseCounts) -> list[str]:
        if len(page) > self._most_bytes:
            counts.cut = 1
            page = page[: page.rfind(b"\n", 0, self._most_bytes) + 1]
        try:
            text = page.decode()
        except UnicodeDecodeError:
            text = _what_is_utf8(page, counts)
        if text.startswith('"'):
            text = _unquoted(text, counts)
        return text.removeprefix("\ufeff").split("\n")

    def _met(
        self, line: str, key: str, text: str, counts: ParseCounts, stamps: dict[SeriesT, float]
    ) -> tuple[SeriesT | None, str]:
        """A line whose text is not known: a comment, a sample with a time of its own, a new series, or nothing sensible."""
        if line.lstrip().startswith("#"):
            self._comment(line, key)
            return None, ""
        if not line.strip():
            return None, ""
        head, _, value = key.rpartition(" ")
        try:
            if head not in self._known:
                head, value, text = self._split(line, counts)
        except Malformed:
            counts.malformed += 1
            return None, ""
        return self._stamped(head, value, text, counts, stamps)

    def _stamped(
        self, head: str, value: str, stamp: str, counts: ParseCounts, stamps: dict[SeriesT, float]
    ) -> tuple[SeriesT | None, str]:
        series = self._known[head]
        if stamp:
            try:
                seconds = float(stamp)
            except ValueError:
                counts.malformed += 1
                return None, ""
            counts.stamped += 1
            if series is not None:
                stamps[series] = seconds / 1000 if seconds >= FIRST_MILLISECONDS else seconds
        return series, value

    def _split(self, line: str, counts: ParseCounts) -> tuple[str, str, str]:
        """A line's text up to the labels, its value and its stamp (or ""). The series is known afterwards."""
        head = HEAD.match(line)
        if not head:
            raise Malformed
        rest, is_exemplar, _ = line[head.end() :].partition("#")
        words = rest.split()
        if not 1 <= len(words) <= 2:
            raise Malformed
        counts.exemplars += bool(is_exemplar)
        text = head.group()
        if text not in self._known:
            name, labels = head.group(1), _labels(head.group(2) or "")
            self._remember(text, self._admit(name, labels, self._kind(name)))
        return text, words[0], words[1] if len(words) == 2 else ""

    def _comment(self, line: str, key: str) -> None:
        words = line.split()
        if len(words) == 4 and words[1] == "TYPE":
            self._kinds[words[2]] = words[3]
        if key:
            self._remember(key, None)

    def _kind(self, name: str) -> str:
        return self._kinds.get(name) or self._kinds.get(SUFFIX.sub("", name), "")

    def _remember(self, text: str, series: SeriesT | None) -> None:
        if len(self._known) >= self._most_known:
            # Labels that never repeat would fill the memory. Starting over costs one slow page.
            self._known.clear()
            self._kinds.clear()
        self._known[text] = series


def _labels(text: str) -> Labels:
    labels: dict[str, str] = {}
    position = 0
    while position < len(text.rstrip()):
        label = LABEL.match(text, position)
        if not label or label.group(1) in labels:
            raise Malformed
        labels[label.group(1)] = ESCAPE.sub(_unescaped, label.group(2))
        position = label.end()
    return tuple(sorted(labels.items()))


def _unescaped(escape: re.Match[str]) -> str:
    return "\n" if escape.group(1) == "n" else escape.group(1)


def _samples(found: list[SeriesT], texts: list[str], counts: ParseCounts) -> dict[SeriesT, float]:
    values = _numbers(texts)
    if values is None or not all(map(isfinite, values)):
        pairs = [
            (series, value)
            for series, text in zip(found, texts, strict=True)
            if (value := _number(text, counts)) is not None
        ]
        found, values = [series for series, _ in pairs], [value for _, value in pairs]
    samples = dict(zip(found, values, strict=True))
    if len(samples) < len(found):
        counts.duplicates += len(found) - len(samples)
        samples = dict(zip(reversed(found), reversed(values), strict=True))
    return samples


def _numbers(texts: list[str]) -> list[float] | None:
    """All values at once; None where one of them is no number."""
    try:
        values = list(map(float, texts))
    except ValueError:
        return None
    together = "".join(texts)
    return None if "_" in together or not together.isascii() else values


def _number(text: str, counts: ParseCounts) -> float | None:
    try:
        # Python alone reads 1_000 and the digits of other scripts.
        value = None if "_" in text or not text.isascii() else float(text)
    except ValueError:
        value = None
    if value is None:
        counts.malformed += 1
    elif isnan(value):
        counts.not_a_number += 1
    elif not isfinite(value):
        counts.infinite += 1
    else:
        return value
    return None


def _what_is_utf8(page: bytes, counts: ParseCounts) -> str:
    kept = []
    for line in page.split(b"\n"):
        try:
            kept.append(line.decode())
        except UnicodeDecodeError:
            # What a comment says is not read, so its encoding costs nothing.
            counts.foreign += not line.startswith(b"#")
    return "\n".join(kept)


def _unquoted(text: str, counts: ParseCounts) -> str:
    """llama.cpp once sent its page as a JSON string."""
    try:
        said = json.loads(text)
    except ValueError:
        return text
    counts.quoted = 1
    # JSON can spell half a character, which no file can hold.
    return str(said).encode(errors="replace").decode()
