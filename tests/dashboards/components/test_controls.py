"""Controls as components: each is named and holds its present choice."""

import json
from datetime import date
from typing import Any

import pytest
from support.dashboard.components import find_all, text_of, walk

from dashboards.components.controls import build_control
from dashboards.components.filters import (
    Control,
    Filters,
    as_of_control,
    period_control,
    read_filters,
)
from dashboards.components.time.periods import HeldDays

HELD = HeldDays(date(2026, 8, 17), date(2026, 11, 24), date(2026, 11, 22))
OPTIONS = (("platform", "Platform"), ("top50", "Top 50"))


def control(kind: Any, **more: Any) -> Control:
    return Control(name="basis", label="Basis", kind=kind, help="Which tokens count", **more)


def test_a_select_offers_its_options_and_holds_the_choice() -> None:
    select: Any = build_control(control("select", options=OPTIONS), Filters({"basis": "top50"}))
    assert select.value == "top50"
    assert [option["label"] for option in select.data] == ["Platform", "Top 50"]
    assert select.description == "Which tokens count"
    assert select.id == {"type": "control", "name": "basis", "default": ""}


@pytest.mark.parametrize("kind", ["select", "switch"])
def test_a_choice_that_is_not_an_option_is_shown_as_unknown(kind: str) -> None:
    chosen = read_filters("?basis=top5", [control(kind, options=OPTIONS, default="platform")])
    made = build_control(control(kind, options=OPTIONS, default="platform"), chosen)
    [shown] = [each for each in (made, *walk(made)) if getattr(each, "data", None)][:1]
    assert shown.value == "top5"
    assert shown.data[-1] == {"value": "top5", "label": "top5 (unknown)"}


def test_one_of_several_options_that_is_unknown_is_shown_beside_the_others() -> None:
    several = control("several", options=OPTIONS, maximum=5)
    made: Any = build_control(several, read_filters("?basis=top50,top5", [several]))
    assert made.value == ["top50", "top5"]
    assert made.data[-1] == {"value": "top5", "label": "top5 (unknown)"}


def test_a_day_that_is_not_held_stays_in_its_field() -> None:
    """Or the browser would write the default into the address, and nobody would learn why."""
    day = as_of_control(HELD, None)
    made = build_control(day, read_filters("?as_of=2030-01-01", [day]))
    [field] = find_all(made, "TextInput")
    assert (field.value, field.id["name"]) == ("2030-01-01", "as_of")


def test_a_switch_is_named_for_screen_readers() -> None:
    made = build_control(control("switch", options=OPTIONS), Filters({"basis": "platform"}))
    [switch] = find_all(made, "SegmentedControl")
    assert (switch.value, getattr(switch, "aria-label")) == ("platform", "Basis")
    assert text_of(made) == "Basis"


def test_a_slider_has_its_bounds_and_a_number() -> None:
    slider_of = control("slider", minimum=0.25, maximum=4.0, step=0.25)
    [slider] = find_all(build_control(slider_of, Filters({"basis": "1.5"})), "Slider")
    assert (slider.value, slider.min, slider.max, slider.step) == (1.5, 0.25, 4.0, 0.25)


def test_a_text_field_holds_its_text() -> None:
    field: Any = build_control(control("text"), Filters({"basis": "abc"}))
    assert (field._type, field.value, field.label) == ("TextInput", "abc", "Basis")
    assert field.description == "Which tokens count"


def test_a_period_shows_the_dates_of_its_preset() -> None:
    """Within the days that are held; the browser finds the dates of the other presets there."""
    made: Any = build_control(period_control(HELD), Filters({"weeks": "4"}))
    [switch] = find_all(made, "SegmentedControl")
    first, last = find_all(made, "TextInput")
    assert (switch.value, first.value, last.value) == ("4", "2026-10-26", "2026-11-24")
    assert first.attributes["input"] == {"type": "date", "min": "2026-08-17", "max": "2026-11-24"}
    assert json.loads(getattr(made, "data-ranges"))["all"] == ["2026-08-17", "2026-11-24"]
    assert getattr(first, "aria-label") == "Period, first day"


def test_several_options_are_a_list_with_an_end() -> None:
    made: Any = build_control(
        control("several", options=OPTIONS, maximum=5), Filters({"basis": "top50,platform"})
    )
    assert (made.value, made.maxValues) == (["top50", "platform"], 5)


@pytest.mark.parametrize("kind", ["select", "switch", "slider", "text"])
def test_every_control_is_found_by_its_name_and_default(kind: str) -> None:
    """The browser writes the choice into the URL under this name."""
    made = build_control(control(kind, options=OPTIONS, default="1"), Filters({"basis": "1"}))
    names = [each.id for each in [made, *find_all(made, made._type)] if getattr(each, "id", None)]
    names += [each.id for each in find_all(made, "SegmentedControl") + find_all(made, "Slider")]
    assert {"type": "control", "name": "basis", "default": "1"} in names
