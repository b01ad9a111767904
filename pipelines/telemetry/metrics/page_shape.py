"""Shapes of pages: all of a page but its values, remembered so that its next scrape is quick.

A server's page differs from its last one in the values. So a page without any oddity leaves its
shape: the beginning of each line with a sample, and the other lines. A page of a known shape is
read by a few calls over all of its lines at once; any other page is read line by line.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from math import isfinite
from operator import getitem, itemgetter
from typing import Any, Generic, TypeVar

MAX_SHAPES = 256  # of a reader; one of a page with 600 lines has some 100 kB
FEWEST = 2  # lines of each sort: itemgetter gives a tuple from here on

SeriesT = TypeVar("SeriesT", bound=Hashable)
# Take a line's text before its last space: the family of an unwanted sample, the series of a wanted
# one; None for each if it is no such line.
FamilyOf = Callable[[str], str | None]
SeriesOf = Callable[[str], SeriesT | None]


@dataclass(frozen=True)
class PageShape(Generic[SeriesT]):
    """Everything on a page but its values."""

    series: tuple[SeriesT, ...]  # wanted, in the order of the page
    lines: int  # samples, wanted or not
    unknown_families: int  # with no wanted sample
    _pick_samples: Callable[[list[bytes]], Any]  # the wanted ones first
    _beginnings: tuple[bytes, ...]  # of these lines, with the space before the value
    _ends: Any  # of these lines: slices of the values
    _pick_others: Callable[[list[bytes]], Any]  # comments and blank lines
    _others: Any

    def values(self, lines: list[bytes]) -> list[float] | None:
        """Return the values of the wanted series; None unless the page is of this shape."""
        samples = self._pick_samples(lines)
        if not all(map(bytes.startswith, samples, self._beginnings)):
            return None
        if self._pick_others(lines) != self._others:
            return None
        texts: list[bytes] = list(map(getitem, samples, self._ends))
        together = b"".join(texts)
        # Behind a space are stamps and exemplars. Python alone reads 1_000.
        if b" " in together or b"_" in together:
            return None
        try:
            values = list(map(float, texts[: len(self.series)]))
        except ValueError:
            return None
        # Values that are no numbers are counted line by line.
        return values if all(map(isfinite, values)) else None


class PageShapes(Generic[SeriesT]):
    """Shapes of the pages of one reader, by their numbers of lines."""

    def __init__(self, max_shapes: int = MAX_SHAPES) -> None:
        self._max_shapes = max_shapes
        self._known: defaultdict[int, list[PageShape[SeriesT]]] = defaultdict(list)
        self._count = 0
        self._hits = 0

    def find(self, page: bytes) -> tuple[PageShape[SeriesT], list[float]] | None:
        """Return the shape of a page and the values of its wanted series, if it is known."""
        lines = page.split(b"\n") if self._known else []
        for shape in self._known.get(len(lines), ()):
            values = shape.values(lines)
            if values is not None:
                self._hits += 1
                return shape, values
        return None

    def remember(self, page: bytes, series_of: SeriesOf[SeriesT], family_of: FamilyOf) -> None:
        """Remember the shape of a page that was read without any oddity.

        Where there are more shapes than may be kept, they start over once they were of use.
        """
        if self._count >= self._max_shapes:
            if self._hits < self._max_shapes:
                return
            self._known.clear()
            self._count = self._hits = 0
        lines = page.split(b"\n")
        if shape := make_shape(lines, series_of, family_of):
            self._known[len(lines)].append(shape)
            self._count += 1


def make_shape(
    lines: list[bytes], series_of: SeriesOf[SeriesT], family_of: FamilyOf
) -> PageShape[SeriesT] | None:
    """Make the shape of a page; None for a page so short that it would gain nothing."""
    wanted: dict[int, SeriesT] = {}
    families: dict[int, str] = {}
    for number, line in enumerate(lines):
        text = line.rpartition(b" ")[0].decode()
        series, family = series_of(text), family_of(text)
        if series is not None:
            wanted[number] = series
        elif family is not None:
            families[number] = family
    samples = [*wanted, *families]
    others = [number for number in range(len(lines)) if number not in {*samples}]
    if min(len(wanted), len(others)) < FEWEST:
        return None
    beginnings = tuple(lines[number][: lines[number].rindex(b" ") + 1] for number in samples)
    pick_others = itemgetter(*others)
    return PageShape(
        tuple(wanted.values()),
        len(samples),
        len(set(families.values())),
        itemgetter(*samples),
        beginnings,
        tuple(slice(len(each), None) for each in beginnings),
        pick_others,
        pick_others(lines),
    )
