"""OpenRouter's session costs as rows of raw.session_costs."""

from datetime import UTC, date, datetime
from decimal import Decimal

from support import payloads
from support.source_payloads import parse

AS_OF = datetime(2026, 5, 12, 2, tzinfo=UTC)


def test_session_costs_become_rows_of_a_snapshot() -> None:
    """Costs are decimal; before the first snapshot there are no rows and no window."""
    [row] = parse("session costs", payloads.SESSION_COSTS).frames["raw.session_costs"].rows()
    words = ("hermes-agent", "Hermes Agent", "anthropic/claude-4.8-opus", "10-49-turns")
    assert row == (*words, Decimal("1.740000"), AS_OF, date(2026, 5, 11), 30)
    none_yet = {
        "data": [],
        "meta": {**payloads.SESSION_COSTS["meta"], "window_days": None, "window_end_date": None},
    }
    assert parse("session costs", none_yet).frames["raw.session_costs"].height == 0
