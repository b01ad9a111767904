"""What any market behind the stand-in must be able to answer, and the nouns both markets share."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal, NamedTuple, Protocol

from pipelines.simulator.errors import Json

FLOOR = date(2025, 1, 1)
# The source itself has no rows for these two days, in every capture ever taken of it.
MISSING_DATES = frozenset({date(2025, 6, 15), date(2025, 7, 15)})
BOARD_SIZE = 50
OTHER = "other"

Period = Literal["day", "week", "month"]


class RankingRow(NamedTuple):
    """Tokens of one model, or of the hidden tail, in one bucket."""

    date: date
    model_permaslug: str
    total_tokens: int


@dataclass(frozen=True)
class RankingsQuery:
    """A window of the board, with bounds already resolved and rules already checked."""

    start: date
    end: date
    period: Period = "day"
    modality: str | None = None
    context_bucket: str | None = None
    category: str | None = None
    language_type: str | None = None

    @property
    def is_estimate(self) -> bool:
        """Whether the answer comes from the sampled data set."""
        return self.category is not None or self.language_type is not None

    @property
    def is_plain(self) -> bool:
        """Whether this is the daily board without filters."""
        return (
            self.period == "day"
            and not self.is_estimate
            and self.modality is None
            and self.context_bucket is None
        )


@dataclass(frozen=True)
class AppsQuery:
    """A page of the app board."""

    start: date
    end: date
    sort: str
    category: str | None
    subcategory: str | None
    limit: int
    offset: int


class Market(Protocol):
    """A market that can be asked as of any instant. Raises NotFound for what it does not have."""

    def rankings(self, query: RankingsQuery, now: datetime) -> Sequence[RankingRow]:
        """Rows in the order they are served."""
        ...

    def models(self, now: datetime) -> list[Json]:
        """The whole catalogue, of every output modality."""
        ...

    def endpoints(self, name: str, now: datetime) -> Json:
        """Who hosts the model called `author/slug`, speeds included."""
        ...

    def providers(self, now: datetime) -> list[Json]:
        """The hosts."""
        ...

    def apps(self, query: AppsQuery, now: datetime) -> list[Json]:
        """The app board of a window."""
        ...

    def session_costs(self, now: datetime) -> list[Json]:
        """Median costs of a session, unfiltered."""
        ...

    def benchmarks(self, now: datetime) -> list[Json]:
        """Results of all benchmark sources, unfiltered."""
        ...

    def tasks(self, now: datetime) -> Json:
        """The `data` object of the task classification."""
        ...


def days(start: date, end: date) -> list[date]:
    """Every date from start to end, both included."""
    return [start + timedelta(days=n) for n in range((end - start).days + 1)]


def iso_ms(instant: datetime) -> str:
    """An instant as the service writes it: UTC, milliseconds, Z."""
    return (
        instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.")
        + f"{instant.microsecond // 1000:03d}Z"
    )
