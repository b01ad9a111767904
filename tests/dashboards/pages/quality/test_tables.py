"""Tables of quality: what is not known says why."""

from datetime import date

import polars as pl
from support.dashboard.components import find_all, text_of

from dashboards.components.theme import Theme
from dashboards.pages.quality.tables import lead_changes, newest_gap

ROW = {
    "measure": "arena_text",
    "member": "US",
    "other_member": "CN",
    "member_model": "a",
    "other_model": "b",
    "gap_points": 39.0,
    "gap_points_low": 28.2,
    "gap_points_high": 49.8,
    "interval_reason": None,
    "gap_percent": 2.66,
    "gap_percent_low": 1.92,
    "gap_percent_high": 3.4,
    "win_rate": 0.556,
    "months_behind": 5.5,
    "months_behind_low": 2.0,
    "months_behind_high": 9.0,
    "months_unmatched": 0.1,
    "months_reason": None,
    "version_date": date(2026, 3, 26),
    "age_days": 4,
}
UNKNOWN = {
    "measure": "epoch",
    "gap_points_low": None,
    "interval_reason": "the measure gives a model no interval",
    "win_rate": None,
    "months_behind": None,
    "months_unmatched": None,
    "months_reason": "the two are level",
}


def test_each_form_has_its_interval_or_its_reason() -> None:
    made = newest_gap(pl.DataFrame([ROW, {**ROW, **UNKNOWN}], infer_schema_length=None), Theme())
    lines = {
        text_of(cells[0]): [text_of(cell) for cell in cells[1:]]
        for cells in (find_all(row, "Td") for row in find_all(made, "Tr")[1:])
    }
    assert lines["Points"] == [
        "+39.0 (+28.2 to +49.8)",
        "+39.0; no interval, the measure gives a model no interval",
    ]
    assert lines["Expected share of votes"] == ["56 %", "not a rate of wins"]
    assert lines["Months behind"] == ["5.5 (2.0 to 9.0)", "unknown: the two are level"]
    assert lines["Months without a rival"] == ["0.1", "none"]


def test_a_change_within_the_intervals_says_so() -> None:
    rows = pl.DataFrame(
        {
            "measure": ["arena_text", "epoch"],
            "changed_date": [date(2025, 3, 31)] * 2,
            "leader": ["US", "CN"],
            "leading_model": ["a", "b"],
            "passed_model": ["b", "a"],
            "gap_points": [25.6, 0.2],
            "is_certain": [True, False],
            "certain_after_date": [date(2025, 3, 30), None],
            "certain_by_date": [date(2025, 3, 31), None],
            "days_led": [609, 3],
        }
    )
    [grid] = find_all(lead_changes(rows, Theme()), "AgGrid")
    assert [row["certain"] for row in grid.rowData] == ["yes", "within the intervals"]
