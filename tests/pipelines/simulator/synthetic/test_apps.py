"""Apps: windows, trends and session costs."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.simulator.market_protocol import AppsQuery
from pipelines.simulator.synthetic.apps import (
    SESSION_TOKENS,
    app_rankings,
    apps,
    session_costs,
    window_tokens,
)
from pipelines.simulator.synthetic.totals import day_total

DAY = timedelta(days=1)
WINDOW = AppsQuery(date(2026, 5, 1), date(2026, 5, 30), "popular", None, None, 100, 0)
each_app = pytest.mark.parametrize("app", apps(), ids=lambda app: app.slug)


@each_app
def test_an_app_has_no_tokens_before_its_launch(app):
    """Nor before the platform's first day, nor on a day that the source lacks."""
    eve = app.launched - DAY
    assert window_tokens(1, app, date(2024, 1, 1), max(eve, date(2024, 1, 2))) == 0
    assert window_tokens(1, app, date(2025, 6, 15), date(2025, 6, 15)) == 0


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    app=st.sampled_from(apps()),
    start=st.dates(date(2025, 1, 1), date(2026, 9, 1)),
    first=st.integers(0, 20),
    second=st.integers(0, 20),
)
def test_adjacent_windows_sum_to_the_whole(app, start, first, second):
    """A window is the sum of its days."""
    middle = start + first * DAY
    end = middle + (second + 1) * DAY
    parts = window_tokens(1, app, start, middle) + window_tokens(1, app, middle + DAY, end)
    assert parts == window_tokens(1, app, start, end)


@pytest.mark.parametrize("day", [date(2025, 2, 1), date(2025, 12, 1), date(2026, 11, 20)])
def test_all_apps_together_stay_below_the_platform(day):
    """Many requests name no app."""
    assert 0 < sum(window_tokens(1, app, day, day) for app in apps()) < 0.9 * day_total(1, day)


def test_a_page_is_a_part_of_the_whole_ranking():
    """Ranks do not restart with the page."""
    whole = app_rankings(1, WINDOW)
    assert [row["rank"] for row in whole] == list(range(1, len(whole) + 1))
    page = app_rankings(1, AppsQuery(WINDOW.start, WINDOW.end, "popular", None, None, 3, 2))
    assert page == whole[2:5]


def test_a_category_is_ranked_apart():
    """The order of its apps is that of the whole ranking."""
    coding = AppsQuery(WINDOW.start, WINDOW.end, "popular", "coding", None, 100, 0)
    categories = {app.app_id: app.category for app in apps()}
    whole = [
        row["app_id"] for row in app_rankings(1, WINDOW) if categories[row["app_id"]] == "coding"
    ]
    assert [row["app_id"] for row in app_rankings(1, coding)] == whole


@pytest.mark.parametrize(
    "now", [datetime(2026, 3, 4, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC)]
)
def test_a_longer_session_costs_more(now):
    """For every harness and model, in the order of the ranges."""
    costs = session_costs(1, now)
    assert costs
    groups = {(row["app_slug"], row["model_permaslug"]) for row in costs}
    assert len(costs) == len(groups) * len(SESSION_TOKENS)
    for app, model in groups:
        values = [
            row["median_session_cost_usd"]
            for row in costs
            if (row["app_slug"], row["model_permaslug"]) == (app, model)
        ]
        assert values == sorted(values)


def test_session_costs_change_on_sunday():
    """The snapshot is that of the last Sunday, whatever the weekday."""
    monday = datetime(2026, 11, 16, tzinfo=UTC)
    week = [session_costs(1, monday + n * DAY) for n in range(7)]
    slugs = [[row["app_slug"] for row in costs] for costs in week]
    assert all(one == slugs[0] for one in slugs)
