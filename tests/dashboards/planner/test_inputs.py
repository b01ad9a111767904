"""Inputs of a plan: one reader for addresses and commands, which says what is wrong."""

import shlex
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.planner.devices import presets
from dashboards.planner.inputs import BY_NAME, NAMES, InvalidPlanError, PlanInputs, write_command


def test_nothing_is_given_by_an_empty_address() -> None:
    inputs = PlanInputs.parse({})
    assert inputs == PlanInputs(family="")
    assert (inputs.names, inputs.device_price, inputs.watts) == ((), None, None)


def test_a_number_counts_before_that_of_a_preset() -> None:
    preset = PlanInputs.parse({"preset": "h100"})
    assert (preset.device_price, preset.watts) == (presets()["h100"].usd, presets()["h100"].watts)
    both = PlanInputs.parse({"preset": "h100", "device_price": "0", "devices": "8"})
    assert (both.device_price, both.watts) == (0, presets()["h100"].watts)
    assert both.names == ("devices", "device_price")


@pytest.mark.parametrize(
    ("text", "speeds"),
    [("4000", (4000, 3000, 5000)), ("3000-5000", (4000, 3000, 5000)), ("7-7", (7, 7, 7))],
)
def test_a_speed_is_a_figure_that_may_be_off_or_a_range(
    text: str, speeds: tuple[float, float, float]
) -> None:
    assert PlanInputs.parse({"tokens_per_second": text}).speeds == speeds


def test_a_load_is_one_or_that_of_each_hour() -> None:
    assert PlanInputs.parse({"load": "0.3"}).loads == (0.3,)
    assert PlanInputs.parse({"load": ",".join(["0.5"] * 24)}).loads == (0.5,) * 24


def test_a_day_is_read() -> None:
    assert PlanInputs.parse({"date": "2026-06-18"}).day == date(2026, 6, 18)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("load", "1.1", "Load: “1.1” is not a number from 0 to 1."),
        ("load", "0.1,0.2", "Load: “0.1,0.2” is not a number from 0 to 1, or 24 of them, not 2."),
        ("load", "0.1," * 23, "is not a number from 0 to 1"),
        ("devices", "many", "Number of devices: “many” is not a number from 1 to 100000."),
        ("devices", "nan", "is not a number"),
        ("pue", "inf", "PUE: “inf” is not a number from 1 to 10."),
        ("tokens_per_second", "5-3", "or two such as 3000-5000, the lower first"),
        ("tokens_per_second", "5-", "Tokens a second: “5-” is not a number"),
        ("tokens_per_second", "-5", "Tokens a second: “-5” is not a number"),
        ("preset", "h1", "There is no preset “h1”. There are h100, h200"),
        ("date", "today", "Day: “today” is not a day such as 2026-06-18."),
    ],
)
def test_what_cannot_be_used_is_refused_with_what_can(name: str, text: str, message: str) -> None:
    with pytest.raises(InvalidPlanError) as raised:
        PlanInputs.parse({name: text})
    assert message in str(raised.value)


@given(st.dictionaries(st.sampled_from([*NAMES, "preset", "date"]), st.text(max_size=300)))
def test_any_address_is_read_or_refused_in_a_short_sentence(values: dict[str, str]) -> None:
    """Anybody may have written it."""
    inputs = PlanInputs("")
    refusal = ""
    try:
        inputs = PlanInputs.parse(values)
    except InvalidPlanError as error:
        refusal = str(error)
    assert len(refusal) < 300
    for name, value in inputs.numbers:
        assert BY_NAME[name].minimum <= value <= BY_NAME[name].maximum


def test_the_command_of_a_plan_is_quoted_and_leaves_out_what_is_empty() -> None:
    values = {"model": "lab/m; rm", "target": "none", "preset": "", "device_price": "5", "x": "y"}
    words = shlex.split(write_command(values))
    assert words == ["tokentide", "plan", "lab/m; rm", "--target", "none", "--device-price", "5"]
