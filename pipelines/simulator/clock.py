"""The simulator's clock, which a test or an operator can set."""

from datetime import UTC, datetime


class Clock:
    """Real time, or one fixed instant until it is set again."""

    def __init__(self, fixed: datetime | None = None) -> None:
        self.set(fixed)

    def now(self) -> datetime:
        """Return the current instant in UTC."""
        return self._fixed or datetime.now(UTC)

    def set(self, instant: datetime | None) -> None:
        """Fix the clock at an instant, or let it run with None."""
        self._fixed = None if instant is None else to_utc(instant)


def parse_instant(text: str) -> datetime:
    """Read an ISO instant; one without an offset is taken as UTC."""
    return to_utc(datetime.fromisoformat(text))


def to_utc(instant: datetime) -> datetime:
    """Convert to UTC, because every date of this market is a UTC date."""
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
