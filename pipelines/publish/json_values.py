"""Values of DuckDB as JSON has them: instants in UTC, whole numbers whole, no number is null."""

import math
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any


def plain(value: Any) -> Any:
    """Convert a value for JSON; a type that JSON lacks becomes text."""
    if isinstance(value, dict):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if value is None or isinstance(value, bool | int | str):
        return value
    convert = next((convert for kind, convert in PLAIN.items() if isinstance(value, kind)), str)
    return convert(value)


def _instant(value: datetime) -> str:
    """Format as ISO 8601: an instant in UTC with a Z, a timestamp without a zone as it is."""
    if value.tzinfo is None:
        return value.isoformat()
    return (
        value.astimezone(UTC)
        .isoformat(timespec="milliseconds" if value.microsecond else "seconds")
        .replace("+00:00", "Z")
    )


def _number(value: Decimal) -> int | float:
    return int(value) if value.as_tuple().exponent == 0 else float(value)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


# In this order: a datetime is a date too.
PLAIN: dict[type, Callable[[Any], Any]] = {
    datetime: _instant,
    date: date.isoformat,
    time: time.isoformat,
    timedelta: timedelta.total_seconds,
    Decimal: _number,
    float: _finite,
    bytes: bytes.hex,
}
