"""Tables of a report: each cell is written as its column writes it in the browser."""

from dataclasses import replace
from typing import Any

import pytest

from dashboards.components.numbers import AMOUNT, CHANGE, COUNT, SHARE, TOKENS
from dashboards.components.tables import Column
from dashboards.export.static_tables import table, write_cell

LINK = Column("family", is_link=True).definition()
PLAIN: dict[str, Any] = {"field": "a"}


@pytest.mark.parametrize(
    ("value", "column", "text"),
    [
        (None, SHARE.column(), "unknown"),
        (0.5, SHARE.column(), "50.0%"),
        (None, replace(TOKENS, unknown="below the cutoff").column(), "below the cutoff"),
        (31_710_000_000_000, TOKENS.column(), "31.7T"),
        (0.25, CHANGE.column(), "+25.0%"),
        (-0.25, CHANGE.column(), "\N{MINUS SIGN}25.0%"),
        (1234.5, COUNT.column(), "1,234"),
        (1.5, AMOUNT.column(), "1.5"),
        (None, PLAIN, "-"),
        (1234567, PLAIN, "1,234,567"),
        (0.1234567, PLAIN, "0.123457"),
        ("text", PLAIN, "text"),
        ("text", SHARE.column(), "text"),
        ("[kimi (new)](/model?x=1)", LINK, "kimi (new)"),
        (r"[\[a\]\(b\) \<i\> &#119;ww.h](/model?x=1)", LINK, "[a](b) <i> www.h"),
        ("no link", LINK, "no link"),
        ("2026-06-20T12:00:00+00:00", PLAIN, "2026-06-20 12:00 UTC"),
        ("2026-06-20T12:00:00.250Z", PLAIN, "2026-06-20 12:00 UTC"),
        ("2026-06-20", PLAIN, "2026-06-20"),
    ],
)
def test_a_cell_is_written_as_its_column_says(
    value: Any, column: dict[str, Any], text: str
) -> None:
    """An unknown value is never 0, and a link is its text."""
    assert write_cell(value, column) == text


def test_a_table_has_headings_and_numbers_to_the_right() -> None:
    columns = [Column("name"), Column("share", format=SHARE)]
    made = table([column.definition() for column in columns], [{"name": "<a>", "share": 0.5}])
    assert '<th scope="col">name</th>' in made
    assert '<th scope="col" class="number">share</th>' in made
    assert '<tr><td>&lt;a&gt;</td><td class="number">50.0%</td></tr>' in made


def test_a_table_scrolls_by_keyboard() -> None:
    assert 'tabindex="0" role="region"' in table([PLAIN], [])


def test_a_field_that_a_row_lacks_is_unknown() -> None:
    assert "<td>-</td>" in table([PLAIN], [{}])


@pytest.mark.parametrize(("rows", "is_cut"), [(2, False), (3, True)])
def test_a_cut_table_says_so(rows: int, is_cut: bool) -> None:
    made = table([PLAIN], [{"a": 1}] * rows, max_rows=2)
    assert made.count("<tr><td>") == 2
    assert ("The first 2 of 3 rows; the dashboard has all of them." in made) == is_cut
