"""The row of `marts.meta`: which generation a file is, and how far it reaches."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

STALE_SECONDS = 36 * 3600


@dataclass(frozen=True)
class GenerationMeta:
    """Facts about a published file."""

    generation: int
    """Its number; 0 for a file of what was known at an instant, which has none."""
    published_at: datetime | None
    as_of: datetime | None
    last_date: date | None
    origin: str
    citation: str
    asked_as_of: datetime | None = None
    """The instant that a file of the past was made for."""
    simulated_services: tuple[str, ...] = ()
    """Services of the tier whose requests come from a load generator."""

    @property
    def past_day(self) -> date | None:
        """The day at whose end all of this was known; None for a generation."""
        if self.asked_as_of is None:
            return None
        return (self.asked_as_of.astimezone(UTC) - timedelta(microseconds=1)).date()

    @property
    def known_until(self) -> date | None:
        """The newest day on which something of this was learned."""
        return self.past_day or (self.as_of.astimezone(UTC).date() if self.as_of else None)

    @property
    def is_simulated(self) -> bool:
        """True if figures come from the simulated market."""
        return "simulated" in self.origin

    @property
    def age_seconds(self) -> float | None:
        """Seconds since the generation was published."""
        if self.published_at is None:
            return None
        return (datetime.now(UTC) - self.published_at).total_seconds()

    @property
    def age_hours(self) -> int:
        """Whole hours since the generation was published; 0 where that is not known."""
        return round((self.age_seconds or 0) / 3600)

    @property
    def is_stale(self) -> bool:
        """True if a pipeline that runs every day would have published a newer one."""
        return (self.age_seconds or 0) > STALE_SECONDS
