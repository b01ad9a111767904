"""Parameter rules: clamps, defaults and refusals, without a server."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.simulator.api.windows import (
    APP_SUBCATEGORIES,
    MAX_DAYS,
    apps_query,
    choice,
    day,
    page,
    rankings_query,
    whole_number,
    window,
)
from pipelines.simulator.errors import InvalidRequest
from pipelines.simulator.market_protocol import FIRST_DATE

TODAY = date(2026, 11, 21)
DATES = st.none() | st.dates(date(2020, 1, 1), date(2027, 1, 1))


@given(start=DATES, end=DATES)
def test_a_window_is_valid_or_refused(start, end):
    """A served window lies between the first day and yesterday and is not too long."""
    params = {
        name: asked.isoformat()
        for name, asked in (("start_date", start), ("end_date", end))
        if asked
    }
    try:
        first, last = window(params, TODAY)
    except InvalidRequest:
        return
    assert date(2025, 1, 1) <= first <= last < TODAY
    assert (last - first).days < 366
    assert start is None or first == max(start, FIRST_DATE)
    assert end is None or last == min(end, TODAY - timedelta(days=1))


@given(today=st.dates(FIRST_DATE + timedelta(days=31), date(2030, 1, 1)))
def test_without_dates_the_window_is_the_last_thirty_days(today):
    """It ends with yesterday."""
    assert window({}, today) == (today - timedelta(days=30), today - timedelta(days=1))


def test_the_longest_window_counts_both_ends():
    """One more day is refused."""
    start = date(2025, 1, 1)
    dates = {"start_date": "2025-01-01", "end_date": f"{start + timedelta(days=MAX_DAYS - 1)}"}
    assert window(dates, TODAY) == (start, date(2026, 1, 1))
    with pytest.raises(InvalidRequest, match="longer than 366 days"):
        window({**dates, "end_date": "2026-01-02"}, TODAY)


@pytest.mark.parametrize(
    "text",
    ["2026-02-30", "20260101", "", "2026-1-1", "yesterday", "\uff12\uff10\uff12\uff16-01-01"],
)
def test_a_date_has_one_form(text):
    """Only ASCII digits, and only days that the calendar has."""
    with pytest.raises(InvalidRequest, match="start_date"):
        day({"start_date": text}, "start_date")


@given(text=st.text(max_size=12))
def test_a_number_is_within_bounds_or_refused(text):
    """No text gets through as something else."""
    try:
        number = whole_number({"n": text}, "n", 5, 1, 10_000)
    except InvalidRequest:
        return
    assert 1 <= number <= 10_000
    assert int(text) == number


def test_absent_parameters_take_their_defaults():
    """A number has one; a choice and a date have none."""
    assert whole_number({}, "n", 5, 1, 10) == 5
    assert choice({}, "sort", ("popular",)) is None
    assert day({}, "start_date") is None
    assert page({}, 50, 100, 100) == (50, 0)


def test_an_offset_of_null_is_none():
    """The published parameter is an integer or null; the limit is an integer."""
    assert page({"offset": "null"}, 50, 100, 100) == (50, 0)
    with pytest.raises(InvalidRequest, match="limit"):
        page({"limit": "null"}, 50, 100, 100)


def test_a_choice_names_what_is_allowed():
    """The message lists every value."""
    with pytest.raises(InvalidRequest, match="sort must be one of popular, trending"):
        choice({"sort": "best"}, "sort", ("popular", "trending"))


def test_estimates_are_weekly_unless_a_month_is_asked_for():
    """The other filters stay daily."""
    assert rankings_query({"category": "legal"}, TODAY).period == "week"
    assert rankings_query({"language_type": "natural", "period": "month"}, TODAY).period == "month"
    assert rankings_query({"modality": "text"}, TODAY).period == "day"


@given(
    category=st.sampled_from(sorted(APP_SUBCATEGORIES)),
    subcategory=st.sampled_from(sorted({s for names in APP_SUBCATEGORIES.values() for s in names})),
)
def test_a_subcategory_belongs_to_its_category(category, subcategory):
    """A pair of both is accepted exactly if it exists."""
    params = {"category": category, "subcategory": subcategory}
    if subcategory in APP_SUBCATEGORIES[category]:
        assert apps_query(params, TODAY).subcategory == subcategory
    else:
        with pytest.raises(InvalidRequest, match="does not belong"):
            apps_query(params, TODAY)
