"""Filters in the URL: anybody may have written it, and a link holds what was chosen."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.components.filters import (
    MAX_SEARCH,
    Control,
    href,
    parse_search,
    period_control,
    read_filters,
)
from dashboards.components.time.periods import DayRange, HeldDays

BASIS = Control(name="basis", label="Basis", options=(("a", "A"), ("b", "B")), default="a")
LOAD = Control(name="load", label="Load", default="0.5", kind="slider")
QUERY = Control(name="q", label="Query", kind="hidden")
CONTROLS = (BASIS, LOAD)


@given(st.text())
def test_any_text_in_a_url_leaves_each_control_with_a_value_of_its_options(search: str) -> None:
    filters = read_filters("?" + search, CONTROLS)
    assert filters["basis"] in ("a", "b")
    assert 0 <= filters.number("load") <= 1


@given(st.sampled_from(["a", "b"]), st.floats(0, 1))
def test_a_link_holds_the_choices(basis: str, load: float) -> None:
    filters = read_filters(href("", basis=basis, load=load), CONTROLS)
    assert (filters["basis"], filters.number("load")) == (basis, load)


@pytest.mark.parametrize(
    ("given_load", "load"),
    [("0.25", 0.25), ("1", 1.0), ("2", 0.5), ("-1", 0.5), ("x", 0.5), ("nan", 0.5)],
)
def test_a_slider_keeps_to_its_bounds(given_load: str, load: float) -> None:
    """Outside them, and for text that is no number, the default stands."""
    assert read_filters(f"?load={given_load}", CONTROLS).number("load") == load


def test_a_hidden_control_takes_any_text() -> None:
    """SQL in a link, for one."""
    assert read_filters("?q=select%201", (QUERY,))["q"] == "select 1"


def test_a_link_leaves_out_empty_choices() -> None:
    assert href("/market", basis="", weeks=None) == "/market"
    assert href("/market", one="author:z-ai") == "/market?one=author%3Az-ai"


def test_an_endless_url_is_cut() -> None:
    search = "?a=" + "x" * (2 * MAX_SEARCH)
    assert len(parse_search(search)["a"]) < MAX_SEARCH


def test_no_search_is_an_empty_one() -> None:
    assert parse_search(None) == parse_search("") == parse_search("?") == {}


FAMILY = Control(
    name="family",
    label="Family",
    options=[(name, name) for name in ("deepseek/v4-flash", "deepseek/v4-pro", "qwen/qwen3")],
    default="qwen/qwen3",
    kind="select",
)


def test_an_unknown_value_is_named_with_the_nearest_choices() -> None:
    filters = read_filters("?family=deepsek/v4-flsh&weeks=52", (FAMILY,))
    [unknown] = filters.unknown
    assert (unknown.name, unknown.given) == ("family", "deepsek/v4-flsh")
    assert unknown.text == "Family: there is no “deepsek/v4-flsh” in this generation."
    assert unknown.nearest[0] == (
        "?family=deepseek%2Fv4-flash&weeks=52",
        "deepseek/v4-flash",
    )


def test_a_part_of_a_name_finds_those_that_have_it() -> None:
    [unknown] = read_filters("?family=v4-p", (FAMILY,)).unknown
    assert [label for _, label in unknown.nearest] == ["deepseek/v4-pro"]


def test_a_slider_outside_its_bounds_says_which_they_are() -> None:
    [unknown] = read_filters("?load=7", (LOAD,)).unknown
    assert unknown.text == "Load: “7” is not a number from 0 to 1."


def test_a_misspelled_name_is_a_choice_that_the_page_does_not_have() -> None:
    """Others, such as a tracker's, mean nothing to it."""
    filters = read_filters("?famly=deepseek/v4-pro&utm_source=mail", (FAMILY,))
    [unknown] = filters.unknown
    assert unknown.text == "This page has no choice “famly”."
    assert unknown.nearest[0][0] == "?family=deepseek%2Fv4-pro&utm_source=mail"


@given(st.sampled_from(["a", "b"]), st.floats(0, 1))
def test_choices_that_the_page_has_are_never_unknown(basis: str, load: float) -> None:
    assert read_filters(href("", basis=basis, load=load), CONTROLS).unknown == ()


HELD = HeldDays(date(2026, 8, 17), date(2026, 11, 24), date(2026, 11, 22))
PERIOD = period_control(HELD)
DAY = Control(name="as_of", label="As known on", kind="day", held=HELD)
MODELS = Control(
    name="models", label="Models", options=FAMILY.options, kind="several", maximum=2, default=""
)


def test_a_period_is_held_days_and_its_address_is_kept() -> None:
    filters = read_filters("?weeks=2026-09-01..2027-01-01", (PERIOD,))
    assert filters["weeks"] == "2026-09-01..2027-01-01"
    assert filters.period("weeks") == DayRange(date(2026, 9, 1), HELD.last)
    assert read_filters("", (PERIOD,)).period("weeks").first == HELD.first


def test_a_period_of_no_held_day_says_which_there_are() -> None:
    [unknown] = read_filters("?weeks=2025-01-01..2025-02-01", (PERIOD,)).unknown
    assert unknown.text == (
        "Period: “2025-01-01..2025-02-01” names no day of this generation, "
        "which has 17 Aug 2026 to 24 Nov 2026."
    )


def test_where_no_day_is_held_a_period_has_none() -> None:
    """Presets are choices still, so an old link does not fail on a new home."""
    filters = read_filters("?weeks=12", (period_control(None),))
    assert filters.unknown == ()
    assert filters.period("weeks").days == 0


@pytest.mark.parametrize(("day", "kept"), [("2026-09-01", "2026-09-01"), ("2026-01-01", "")])
def test_a_day_is_one_that_is_held(day: str, kept: str) -> None:
    filters = read_filters(f"?as_of={day}", (DAY,))
    assert (filters["as_of"], len(filters.unknown)) == (kept, int(not kept))


def test_several_options_have_an_order_and_a_number() -> None:
    filters = read_filters("?models=qwen/qwen3,deepseek/v4-pro", (MODELS,))
    assert filters.several("models") == ("qwen/qwen3", "deepseek/v4-pro")
    assert read_filters("", (MODELS,)).several("models") == ()


@pytest.mark.parametrize(
    ("models", "text"),
    [
        ("qwen/qwen3,nobody", "Models: there is no “nobody” in this generation."),
        ("qwen/qwen3,qwen/qwen3", "Models: choose up to 2, each once."),
    ],
)
def test_several_options_that_cannot_be_shown_are_named(models: str, text: str) -> None:
    filters = read_filters(f"?models={models}", (MODELS,))
    assert [unknown.text for unknown in filters.unknown] == [text]
    assert filters.several("models") == ()
