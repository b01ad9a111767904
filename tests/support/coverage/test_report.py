"""The page of coverage: as stated in every row, and made again by one command."""

import re

from support.coverage.report import PAGE, write_page
from support.coverage.seeded_markets import (
    KINDS,
    MAX_HELD,
    MIN_HELD,
    Coverage,
    is_as_stated,
    kind_of,
)

ROW = re.compile(r"\| ([^|]+) \| [^|]+ \| [\d,]+ \| [\d,]+ \| ([\d.]+) % \|")


def test_the_page_has_every_kind_within_its_limits() -> None:
    """The last row of a kind is all of its markets."""
    held = {title: float(share) / 100 for title, share in ROW.findall(PAGE.read_text())}
    assert held.keys() == {kind.title for kind in KINDS}
    for kind in KINDS:
        low, high = (MIN_HELD, MAX_HELD) if kind.is_interval else (1.0, 1.0)
        assert low <= held[kind.title] <= high, kind.title


def test_too_much_is_as_wrong_as_too_little() -> None:
    """An interval that holds every truth is too wide."""
    gap, lead = kind_of("quality_gap"), kind_of("lead_changes")
    shares = {held: is_as_stated(gap, Coverage("", 1000, 1000, held)) for held in (920, 950, 980)}
    assert shares == {920: False, 950: True, 980: False}
    assert not is_as_stated(lead, Coverage("", 1000, 1000, 999))


def test_a_kind_of_several_ways_has_a_row_of_all() -> None:
    text = write_page({kind_of("prices"): [Coverage("a", 2, 2, 1), Coverage("b", 2, 2, 2)]})
    assert "| all | 4 | 4 | 75.0 % |" in text
