"""Prometheus' text format, 0.0.4, and the parts of OpenMetrics that servers send, line by line.

Nothing on a page can stop the rest of it. The text of a line before its value names the series, and
it is the same in every scrape. So it is parsed once and remembered, wanted or not; a known line
costs a split and a look-up. The caller decides which series are wanted and what each of them is.
"""

import json
import re
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, fields
from math import isfinite, isnan
from typing import Any, Generic, TypeVar

from pipelines.telemetry.metrics.page_shape import MAX_SHAPES, PageShapes

MAX_BYTES = 16 * 1024 * 1024  # a page of vLLM has 50 kB, one with thousands of experts some MB
MAX_KNOWN = 200_000  # texts remembered by one reader
HEAD = re.compile(r'[ \t]*([a-zA-Z_:][a-zA-Z0-9_:]*)[ \t]*(?:\{((?:[^"{}]|"(?:[^"\\]|\\.)*")*)\})?')
LABEL = re.compile(r'[ \t]*([a-zA-Z_][a-zA-Z0-9_]*)[ \t]*=[ \t]*"((?:[^"\\]|\\.)*)"[ \t]*(?:,|$)')
ESCAPE = re.compile(r'\\([\\"n])')
SUFFIX = re.compile(r"_(bucket|sum|count|total|created)$")
# Stamps from here on are milliseconds; in seconds they would lie thousands of years ahead.
FIRST_MILLISECONDS = 1e11
UNSEEN: Any = object()
HARMLESS = frozenset({"exemplars", "stamped", "quoted", "lines", "unknown_families"})

Labels = tuple[tuple[str, str], ...]
SeriesT = TypeVar("SeriesT", bound=Hashable)
# Takes a name, its labels sorted by name, and the kind that the page declares or "".
# Returns the caller's series, or None if it is not wanted.
Admit = Callable[[str, Labels, str], SeriesT | None]


class MalformedLine(ValueError):
    """A line that is no sample. It is counted and skipped, and never leaves this file."""


@dataclass
class ParseCounts:
    """Oddities of a page.

    Those of HARMLESS do no harm; the others are missing or doubtful samples.
    """

    malformed: int = 0  # lines that are no sample
    foreign: int = 0  # lines that are not UTF-8
    not_a_number: int = 0  # NaN is no sample
    infinite: int = 0  # nor is an infinity
    duplicates: int = 0  # a series that was there already; the first one counts
    cut: int = 0  # pages cut at the maximum size
    failed_reads: int = 0  # values by which a device reports that it could not be read
    stale: int = 0  # kept, although its own stamp is minutes older than the scrape
    disagreeing: int = 0  # an old name beside the new one, with another value
    exemplars: int = 0
    stamped: int = 0  # lines with a time stamp
    quoted: int = 0  # pages that came as a JSON string
    lines: int = field(default=0, compare=False)  # samples on the page, wanted or not
    unknown_families: int = field(default=0, compare=False)  # with no wanted sample

    @property
    def problems(self) -> int:
        """The number of oddities that do harm."""
        return sum(getattr(self, name) for name in HARMFUL)


HARMFUL = tuple(each.name for each in fields(ParseCounts) if each.name not in HARMLESS)


@dataclass(frozen=True)
class MetricsPage(Generic[SeriesT]):
    """Wanted samples of a page, stamps of those that have one (seconds since 1970), oddities."""

    samples: dict[SeriesT, float]
    counts: ParseCounts
    stamps: dict[SeriesT, float] = field(default_factory=dict)


class Exposition(Generic[SeriesT]):
    """Parses pages. One object serves all targets of a kind: their lines are mostly equal."""

    def __init__(
        self,
        admit: Admit[SeriesT],
        max_bytes: int = MAX_BYTES,
        max_known: int = MAX_KNOWN,
        max_shapes: int = MAX_SHAPES,
    ) -> None:
        self._admit = admit
        self._max_bytes = max_bytes
        self._max_known = max_known
        self._known: dict[str, SeriesT | None] = {}
        self._kinds: dict[str, str] = {}
        # Family of each text that is a sample and not wanted.
        self._unwanted: dict[str, str] = {}
        self._shapes: PageShapes[SeriesT] = PageShapes(max_shapes)

    def read(self, page: bytes) -> MetricsPage[SeriesT]:
        """Return all wanted samples of a page."""
        if known := self._shapes.find(page):
            shape, values = known
            counts = ParseCounts(lines=shape.lines, unknown_families=shape.unknown_families)
            return MetricsPage(dict(zip(shape.series, values, strict=True)), counts)
        found = self._read_lines(page)
        # Only numbers of lines and families are not compared: the page has no oddity.
        if found.counts == ParseCounts():
            self._shapes.remember(page, self._known.get, self._unwanted.get)
        return found

    def _read_lines(self, page: bytes) -> MetricsPage[SeriesT]:
        counts = ParseCounts()
        found: list[SeriesT] = []
        texts: list[str] = []
        others: list[str] = []
        stamps: dict[SeriesT, float] = {}
        lookup = self._known.get
        for line in self._lines(page, counts):
            key, _, text = line.rpartition(" ")
            series = lookup(key, UNSEEN)
            if series is UNSEEN:
                series, text = self._read_unknown(line, key, text, counts, stamps)
                key = key if key in self._unwanted else key.rpartition(" ")[0]
            if series is not None:
                found.append(series)
                texts.append(text)
            else:
                others.append(key)
        unwanted = [self._unwanted[key] for key in others if key in self._unwanted]
        counts.lines = len(found) + len(unwanted)
        counts.unknown_families = len(set(unwanted))
        return MetricsPage(_samples(found, texts, counts), counts, stamps)

    def _lines(self, page: bytes, counts: ParseCounts) -> list[str]:
        if len(page) > self._max_bytes:
            counts.cut = 1
            page = page[: page.rfind(b"\n", 0, self._max_bytes) + 1]
        try:
            text = page.decode()
        except UnicodeDecodeError:
            text = _decode_lines(page, counts)
        if text.startswith('"'):
            text = _unquote(text, counts)
        return text.removeprefix("\ufeff").split("\n")

    def _read_unknown(
        self, line: str, key: str, text: str, counts: ParseCounts, stamps: dict[SeriesT, float]
    ) -> tuple[SeriesT | None, str]:
        """Read a line with an unknown text: a comment, a stamped sample, a new series, or noise."""
        if line.lstrip().startswith("#"):
            self._read_comment(line, key)
            return None, ""
        if not line.strip():
            return None, ""
        head, _, value = key.rpartition(" ")
        try:
            # Without a value there are two spaces before the number, which is no stamp.
            if head not in self._known or not value:
                head, value, text = self._split(line, counts)
        except MalformedLine:
            counts.malformed += 1
            return None, ""
        return self._read_stamp(head, value, text, counts, stamps)

    def _read_stamp(
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
        """Split a line into name with labels, value and stamp (or ""), and remember its series."""
        head = HEAD.match(line)
        if not head:
            raise MalformedLine
        rest, is_exemplar, _ = line[head.end() :].partition("#")
        words = rest.split()
        if not 1 <= len(words) <= 2:
            raise MalformedLine
        counts.exemplars += bool(is_exemplar)
        text = head.group().rstrip()
        if text not in self._known:
            name, labels = head.group(1), _parse_labels(head.group(2) or "")
            series = self._admit(name, labels, self._kind(name))
            self._remember(text, series)
            if series is None:
                self._unwanted[text] = SUFFIX.sub("", name)
        return text, words[0], words[1] if len(words) == 2 else ""

    def _read_comment(self, line: str, key: str) -> None:
        words = line.split()
        if len(words) == 4 and words[1] == "TYPE":
            self._kinds[words[2]] = words[3]
        if key:
            self._remember(key, None)

    def _kind(self, name: str) -> str:
        return self._kinds.get(name) or self._kinds.get(SUFFIX.sub("", name), "")

    def _remember(self, text: str, series: SeriesT | None) -> None:
        if len(self._known) >= self._max_known:
            # Labels that never repeat would fill the memory. Starting over costs one slow page.
            self._known.clear()
            self._kinds.clear()
            self._unwanted.clear()
        self._known[text] = series


def _parse_labels(text: str) -> Labels:
    labels: dict[str, str] = {}
    position = 0
    while position < len(text.rstrip()):
        label = LABEL.match(text, position)
        if not label or label.group(1) in labels:
            raise MalformedLine
        labels[label.group(1)] = ESCAPE.sub(_unescape, label.group(2))
        position = label.end()
    return tuple(sorted(labels.items()))


def _unescape(escape: re.Match[str]) -> str:
    return "\n" if escape.group(1) == "n" else escape.group(1)


def _samples(found: list[SeriesT], texts: list[str], counts: ParseCounts) -> dict[SeriesT, float]:
    values = _to_numbers(texts)
    if values is None or not all(map(isfinite, values)):
        pairs = [
            (series, value)
            for series, text in zip(found, texts, strict=True)
            if (value := _to_number(text, counts)) is not None
        ]
        found, values = [series for series, _ in pairs], [value for _, value in pairs]
    samples = dict(zip(found, values, strict=True))
    if len(samples) < len(found):
        counts.duplicates += len(found) - len(samples)
        samples = dict(zip(reversed(found), reversed(values), strict=True))
    return samples


def _to_numbers(texts: list[str]) -> list[float] | None:
    """Convert all values at once; None where one of them is no number."""
    try:
        values = list(map(float, texts))
    except ValueError:
        return None
    together = "".join(texts)
    return None if "_" in together or not together.isascii() else values


def _to_number(text: str, counts: ParseCounts) -> float | None:
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


def _decode_lines(page: bytes, counts: ParseCounts) -> str:
    """Keep the lines that are UTF-8."""
    kept = []
    for line in page.split(b"\n"):
        try:
            kept.append(line.decode())
        except UnicodeDecodeError:
            # The text of a comment is not read, so its encoding does no harm.
            counts.foreign += not line.startswith(b"#")
    return "\n".join(kept)


def _unquote(text: str, counts: ParseCounts) -> str:
    """Return the page inside a JSON string. One release of llama.cpp sent it like that."""
    try:
        page = json.loads(text)
    except ValueError:
        return text
    counts.quoted = 1
    # JSON can spell half a character, which no file can hold.
    return str(page).encode(errors="replace").decode()
