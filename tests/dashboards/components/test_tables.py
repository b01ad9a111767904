"""Tables with known columns: headings, formats, truth values, links."""

from datetime import date
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.components.numbers import SHARE
from dashboards.components.tables import (
    MAX_SHORT_ROWS,
    Column,
    markdown_link,
    plain_text,
    table,
    table_height,
)

ROWS = pl.DataFrame(
    {"day": [date(2026, 6, 1)] * 2, "share": [0.5, None], "is_open": [True, None]},
    schema_overrides={"is_open": pl.Boolean},
)


def test_a_column_is_named_after_its_field_unless_it_has_a_heading() -> None:
    assert Column("best_week").definition() == {"field": "best_week", "headerName": "best week"}
    assert Column("at", "sampled at").definition()["headerName"] == "sampled at"


def test_a_number_stands_to_the_right_in_its_format() -> None:
    made = Column("share", format=SHARE).definition()
    assert (made["type"], made["context"]["d3"]) == ("rightAligned", ",.1%")


def test_widths_links_wrapping_and_tooltips_are_options() -> None:
    made = Column(
        "a", min_width=90, max_width=200, is_link=True, is_wrapped=True, tooltip="a"
    ).definition()
    assert (made["minWidth"], made["maxWidth"]) == (90, 200)
    assert (made["cellRenderer"], made["tooltipField"]) == ("markdown", "a")
    assert made["wrapText"]
    assert made["autoHeight"]


def test_truth_is_words_and_a_sign() -> None:
    """A box would look empty where nothing is known."""
    made: Any = table(ROWS)
    assert [row["is_open"] for row in made.rowData] == ["✓ yes", "not known"]


def test_days_are_text_and_unknown_numbers_stay_null() -> None:
    """The format of the column writes the word for them."""
    made: Any = table(ROWS, [Column("day"), Column("share", format=SHARE)])
    assert made.rowData[1]["day"] == "2026-06-01"
    assert made.rowData[1]["share"] is None
    assert [column["field"] for column in made.columnDefs] == ["day", "share"]


def test_without_columns_every_field_is_shown() -> None:
    made: Any = table(ROWS)
    assert [column["headerName"] for column in made.columnDefs] == ["day", "share", "is open"]


def test_a_short_table_is_as_high_as_its_rows() -> None:
    short: Any = table(ROWS)
    long: Any = table(pl.DataFrame({"a": range(MAX_SHORT_ROWS + 1)}), height=300)
    assert (short.dashGridOptions["domLayout"], short.style["height"]) == ("autoHeight", None)
    assert (long.dashGridOptions["domLayout"], long.style["height"]) == ("normal", "300px")


def test_an_empty_frame_is_an_empty_table() -> None:
    made: Any = table(ROWS.clear())
    assert made.rowData == []


def test_cells_run_no_code() -> None:
    """Links are Markdown, which ag-grid does not take as HTML."""
    made: Any = table(ROWS)
    assert made.dangerously_allow_code is False


def test_a_table_grows_with_its_rows_up_to_a_bound() -> None:
    heights = [table_height(pl.DataFrame({"a": range(count)})) for count in (1, 3, 8, 80)]
    assert heights == [152, 236, 446, 446]


@pytest.mark.parametrize(
    ("name", "link"),
    [
        ("GPT-4.1 mini", "[GPT-4.1 mini](/model)"),
        ("kimi (new):free", r"[kimi \(new\)\:free](/model)"),
        ("![x](https://h/x.png)", r"[\!\[x\]\(https\://h/x.png\)](/model)"),
        ("<b>www.h</b>", r"[\<b\>&#119;ww.h\</b\>](/model)"),
        ("a\n\n# b", r"[a \# b](/model)"),
    ],
)
def test_a_name_of_a_link_is_no_markdown(name: str, link: str) -> None:
    """Else one that others chose could fetch a picture, or lead elsewhere."""
    assert markdown_link(name, "/model") == link


@given(st.text(st.characters(codec="utf-8")))
def test_a_name_is_found_again_in_its_markdown(name: str) -> None:
    assert plain_text(markdown_link(name, "")) == " ".join(name.split())
