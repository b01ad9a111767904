"""The fault plan: kinds, paths, uses, and the reading of what an operator sends."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.simulator.api.dispatch import FAULT_KINDS
from pipelines.simulator.errors import InvalidFault
from pipelines.simulator.faults.plan import FaultPlan, PlannedFault, parse_faults

PATH = "/datasets/rankings-daily"
WINDOW = {"start_date": "2026-11-17", "end_date": "2026-11-20"}
DAY = "2026-11-19"
TESTED_KINDS = {
    "negative_count",
    "fractional_count",
    "unreadable_count",
    "duplicated_row",
    "zero_day",
    "short_day",
    "empty_day",
    "repeated_day",
    "future_day",
    "restated_day",
    "no_other",
    "numeric_tokens",
    "extra_key",
    "truncated_json",
    "html",
    "forbidden_html",
    "wrong_sha256",
    "wrong_bytes",
    "other_day_manifest",
    "lost_models",
    "malformed_prices",
    "older_archive",
    "lost_ratings",
    "blank_organizations",
    "renamed_score",
    "missing_intervals",
    "zeroed_counters",
    "missing_counters",
    "counters_back",
    "no_next_page",
    "other_host_page",
    "same_page",
    "short_pages",
    "unauthorized",
    "forbidden",
    "not_found",
    "too_many_minute",
    "too_many_day",
    "retry_after_only",
    "server_error",
    "zod_error",
    "slow_body",
    "dropped_connection",
    "echo_key",
}


def test_every_kind_is_tested():
    """A new kind needs a test in this folder."""
    assert FAULT_KINDS == TESTED_KINDS


def test_a_fault_applies_to_its_path_only(market):
    """A part of the path is enough."""
    market.set_faults({"kind": "server_error", "path": "/models"})
    assert market.get("/models/count").status_code == 500
    assert market.get(PATH).status_code == 200


def test_a_fault_is_used_up(market):
    """Two uses are two; faults of one table follow each other."""
    market.set_faults({"kind": "server_error", "times": 2}, {"kind": "not_found", "times": 1})
    assert [market.get("/models/count").status_code for _ in range(4)] == [500, 500, 404, 200]
    assert market.control("faults").json() == {"faults": []}


def test_faults_of_different_tables_combine(market):
    """Rows can be wrong and late at the same time."""
    market.set_faults(
        {"kind": "zero_day", "date": DAY},
        {"kind": "extra_key"},
        {"kind": "slow_body", "seconds": 0.01},
    )
    rows = market.get(PATH, **WINDOW).json()["data"]
    assert {row["total_tokens"] for row in rows if row["date"] == DAY} == {"0"}
    assert "x_new_field" in rows[0]


def test_peeking_uses_nothing_up():
    """A manifest may look ahead as often as it is fetched."""
    plan = FaultPlan([PlannedFault("html", times=1)])
    assert len(plan.peek({"html"}, "/x")) == len(plan.peek({"html"}, "/x")) == 1
    assert len(plan.take({"html"}, "/x")) == 1
    assert plan.peek({"html"}, "/x") == plan.active() == []


def test_equal_faults_are_counted_apart():
    """Two entries with one use each are two uses."""
    plan = FaultPlan([PlannedFault("html", times=1), PlannedFault("html", times=1)])
    assert [plan.take_one({"html"}, "/x") is not None for _ in range(3)] == [True, True, False]


@given(
    times=st.none() | st.integers(0, 4),
    paths=st.lists(st.sampled_from(["/models", "/providers"]), max_size=12),
)
def test_a_fault_is_taken_at_most_as_often_as_planned(times, paths):
    """Only matching requests count; without a number it never ends."""
    plan = FaultPlan([PlannedFault("html", path="models", times=times)])
    taken = sum(len(plan.take({"html"}, path)) for path in paths)
    matching = paths.count("/models")
    assert taken == (matching if times is None else min(times, matching))


def test_a_fault_is_read_with_its_types():
    """Numbers and dates may come as text; what is absent has its default."""
    item = {"kind": "slow_body", "times": "2", "date": "2026-05-01", "seconds": 1}
    assert parse_faults([item, {"kind": "html"}], FAULT_KINDS) == [
        PlannedFault("slow_body", times=2, date=date(2026, 5, 1), seconds=1.0),
        PlannedFault("html"),
    ]


@pytest.mark.parametrize(
    ("items", "words"),
    [
        ({"kind": "html"}, "JSON list"),
        ([{"kind": "earthquake"}], "not a kind of fault"),
        ([{}], "not a kind of fault"),
        ([{"kind": "html", "often": 1}], "not a field of a fault"),
        ([{"kind": "html", "times": "many"}], "unreadable fault"),
        ([{"kind": "html", "date": "2026-02-30"}], "unreadable fault"),
    ],
)
def test_an_unreadable_fault_is_named(items, words):
    """The message says what is wrong, and which kinds or fields exist."""
    with pytest.raises(InvalidFault, match=words):
        parse_faults(items, FAULT_KINDS)
