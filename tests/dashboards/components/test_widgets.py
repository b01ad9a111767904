"""Small pieces of HTML: instants, tiles, plain tables, and states in place of what is missing."""

from datetime import UTC, datetime

import pytest
from dash import html
from support.dashboard.components import class_of, find_all, rows_of, text_of, tiles_of

from dashboards.components.widgets import (
    Tile,
    format_instant,
    html_attributes,
    instant,
    plain_table,
    state,
    tiles,
    with_code,
    without_code,
)

NOON = datetime(2026, 6, 20, 12, tzinfo=UTC)


def test_an_instant_is_in_utc_and_says_so() -> None:
    assert format_instant(NOON) == "2026-06-20 12:00 UTC"
    assert format_instant(None) == "unknown"


def test_an_instant_carries_its_exact_value_for_the_viewers_zone() -> None:
    made = instant(NOON)
    assert (made.dateTime, class_of(made)) == ("2026-06-20T12:00:00+00:00", "moment")


def test_tiles_have_a_name_a_value_and_a_note() -> None:
    made = tiles([Tile("Tokens", "1.5T", "week of 16 Nov"), Tile("Share", "50.0%", "at least")])
    assert tiles_of(made) == {"Tokens": ("1.5T", "week of 16 Nov"), "Share": ("50.0%", "at least")}


@pytest.mark.parametrize(("count", "columns"), [(1, 1), (3, 3), (9, 4)])
def test_tiles_stand_at_most_four_beside_each_other(count: int, columns: int) -> None:
    assert tiles([Tile("a", "b", "c")] * count).cols["md"] == columns


def test_a_plain_table_takes_text_and_whole_cells() -> None:
    made = plain_table(("Day", "Tokens"), [["Monday", html.Td("5", className="number")]], "Days")
    assert rows_of(made) == [["Monday", "5"]]
    assert [text_of(cell) for cell in find_all(made, "Th")] == ["Day", "Tokens"]
    assert [class_of(cell) for cell in find_all(made, "Td")] == ["", "number"]


def test_a_plain_table_scrolls_by_keyboard_and_has_a_name() -> None:
    made = plain_table(("Day",), [], "Days")
    assert (made.tabIndex, made.role, getattr(made, "aria-label")) == (0, "region", "Days")


def test_a_failure_looks_different_from_an_empty_state() -> None:
    assert class_of(state("Nothing to show", "Run it.")) == "state"
    assert class_of(state("Broken", "No such column.", is_failed=True)) == "state failed"


def test_underscores_of_attributes_become_dashes() -> None:
    assert html_attributes(aria_label="x", data_copy="y") == {"aria-label": "x", "data-copy": "y"}


def test_what_stands_between_backticks_is_code() -> None:
    made = with_code("Run `tokentide up` or `make up`.")
    assert [each.children for each in made if isinstance(each, html.Code)] == [
        "tokentide up",
        "make up",
    ]
    assert text_of(made) == "Run `tokentide up` or `make up`."
    # One backtick alone marks nothing.
    assert with_code("a ` b") == "a ` b"
    assert without_code("see `x`") == "see x"
