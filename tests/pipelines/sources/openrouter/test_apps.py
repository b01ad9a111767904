"""OpenRouter's app rankings as rows of raw.apps."""

from datetime import UTC, date, datetime

from support import payloads
from support.source_payloads import parse

AS_OF = datetime(2026, 5, 12, 2, tzinfo=UTC)


def test_apps_become_rows_of_a_window() -> None:
    """Counts may exceed 32 bits; each row has the window that it is about."""
    parsed = parse("apps", payloads.APPS)
    window = (date(2026, 4, 12), date(2026, 5, 11), AS_OF)
    assert parsed.frames["raw.apps"].rows() == [
        (1, 12345, "Cline", 12345678901, 4321, *window),
        (2, 7, "Größe & Söhne", 0, 0, *window),
    ]
