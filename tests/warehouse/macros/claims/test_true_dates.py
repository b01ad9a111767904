"""Dates on which statements were true: spans of days and weeks, and nothing that is not certain."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from support.marts.compiled_sql import Marts, Row

pytestmark = pytest.mark.slow

GAPS = (
    "measure varchar, category varchar, dimension varchar, date date, version_date date, "
    "is_hindsight boolean, member_model varchar, other_model varchar, gap_points double, "
    "gap_percent double, gap_percent_low double, gap_percent_high double, citation varchar"
)
CHANGES = (
    "measure varchar, category varchar, dimension varchar, is_certain boolean, "
    "changed_date date, leader varchar"
)
WEEKS = (
    "week_start date, attribution varchar, dimension varchar, member varchar, downloads bigint, "
    "unknown_downloads bigint, is_whole_week boolean"
)
HUB = (
    "hub_id varchar, publisher_country varchar, releasing_country varchar, base_country varchar, "
    "releasing_family varchar, family varchar, out_of_scope varchar, downloads_all_time bigint, "
    "counted_on date"
)
LOG = "source varchar, fetched_at timestamptz"
MONDAY = date(2025, 1, 6)


def gaps(days: Sequence[tuple[str, float]]) -> list[Row]:
    """Return rows of the gap of one measure, by day."""
    return [
        {
            "measure": "arena_text",
            "category": "overall",
            "dimension": "country",
            "date": date.fromisoformat(day),
            "version_date": date(2025, 1, 1),
            "gap_percent": percent,
            "citation": "c",
        }
        for day, percent in days
    ]


def dates(found: Sequence[Row]) -> dict[str, Any]:
    """Return the spans by basis."""
    return {row["basis"]: row["true_dates"] for row in found}


def test_days_of_a_small_gap_are_spans(compiled: Marts) -> None:
    """Over all days, not only those of the month that is named; a hole ends a span."""
    days = [
        *[("2025-12-01", 2.0), ("2025-12-02", 2.74), ("2025-12-03", 2.8), ("2025-12-04", -1.0)],
        *[("2025-12-06", 1.0), ("2026-03-31", 3.5)],
    ]
    found = compiled.rows("quality_gap_march", {"marts.quality_gap_daily": (GAPS, gaps(days))})
    assert dates(found) == {
        "arena_text": [
            *["2025-12-01..2025-12-02", "2025-12-04..2025-12-04", "2025-12-06..2025-12-06"]
        ],
        "arena_text_style_control": None,
        "epoch": None,
    }


def test_a_lead_was_traded_from_the_second_change_on(compiled: Marts) -> None:
    """Changes within the intervals count on one basis alone."""
    changes = [
        {
            "measure": "arena_text",
            "category": "overall",
            "dimension": "country",
            "is_certain": is_certain,
            "changed_date": date.fromisoformat(day),
            "leader": "CN",
        }
        for day, is_certain in (
            *[("2024-12-25", True), ("2025-01-25", True), ("2025-02-25", False)],
            ("2025-03-25", True),
        )
    ]
    days = [("2025-01-01", 1.0), ("2026-05-30", 1.0)]
    found = compiled.rows(
        "quality_lead_traded",
        {
            "marts.quality_gap_daily": (GAPS, gaps(days)),
            "marts.quality_lead_changes": (CHANGES, changes),
        },
    )
    by_basis = dates(found)
    assert by_basis["arena_text"] == ["2025-02-25..2026-05-30"]
    assert by_basis["arena_text_certain"] == ["2025-03-25..2026-05-30"]
    assert by_basis["epoch"] is None


def test_a_year_of_downloads_ends_with_each_week(compiled: Marts) -> None:
    """Fifty-two whole weeks; what nobody is known to own may be of the other side."""
    rows = [
        {
            "week_start": MONDAY + timedelta(weeks=week),
            "attribution": "publisher",
            "dimension": "country",
            "member": member,
            "downloads": downloads,
            "unknown_downloads": 0,
            "is_whole_week": True,
        }
        for week in range(54)
        for member, downloads in (
            ("CN", 100),
            ("US", 90),
            # With this one week the unknown are more than the difference.
            ("unknown", 600 if week == 0 else 1),
        )
    ]
    hub = [
        {
            **dict.fromkeys(("publisher_country", "releasing_country", "base_country"), country),
            "hub_id": country,
            "downloads_all_time": count,
            "counted_on": date(2026, 2, 1),
        }
        for country, count in (("CN", 50), ("US", 40))
    ]
    log = [{"source": "hub_models", "fetched_at": datetime(2026, 2, 1, 8, tzinfo=UTC)}]
    found = compiled.rows(
        "downloads",
        {
            "marts.downloads_weekly": (WEEKS, rows),
            "marts.hub_models": (HUB, hub),
            "marts.ingest_log": (LOG, log),
        },
    )
    by_basis = dates(found)
    assert by_basis["year_publisher"] == ["2026-01-05..2026-01-18"]
    assert by_basis["year_base_lab"] is None
    assert by_basis["all_time_publisher"] == ["2026-02-01..2026-02-01"]
    assert by_basis["qwen_and_llama_base_lab"] is None
