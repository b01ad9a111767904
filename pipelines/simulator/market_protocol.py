"""The protocol of a market behind the simulator, with its queries, rows and closed sets."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal, NamedTuple, Protocol

from pipelines.simulator.errors import JsonObject

FIRST_DATE = date(2025, 1, 1)
# The real service has no rows for these two days, in any response ever recorded from it.
MISSING_DATES = frozenset({date(2025, 6, 15), date(2025, 7, 15)})
RANKED_MODELS = 50
OTHER = "other"

Period = Literal["day", "week", "month"]
CONTEXT_BUCKETS = ("1K", "10K", "100K", "1M", "10M")
CATEGORIES = (
    "programming",
    "roleplay",
    "marketing",
    "marketing/seo",
    "technology",
    "science",
    "translation",
    "legal",
    "finance",
    "health",
    "trivia",
    "academia",
)
LANGUAGE_TYPES = ("natural", "programming")


class RankingRow(NamedTuple):
    """Tokens of one model, or of all models below the ranking, in one bucket."""

    date: date
    model_permaslug: str
    total_tokens: int


@dataclass(frozen=True)
class RankingsQuery:
    """A window of the rankings; its bounds are resolved and its rules are checked."""

    start: date
    end: date
    period: Period = "day"
    modality: str | None = None
    context_bucket: str | None = None
    category: str | None = None
    language_type: str | None = None

    @property
    def is_estimate(self) -> bool:
        """Return whether the rows come from the sampled data set."""
        return self.category is not None or self.language_type is not None

    @property
    def is_plain(self) -> bool:
        """Return whether this is the daily ranking without filters."""
        return (
            self.period == "day"
            and not self.is_estimate
            and self.modality is None
            and self.context_bucket is None
        )


@dataclass(frozen=True)
class AppsQuery:
    """A page of the app rankings."""

    start: date
    end: date
    sort: str
    category: str | None
    subcategory: str | None
    limit: int
    offset: int


class Market(Protocol):
    """A market that can be queried as of any instant. Raises NotFound for what it lacks."""

    def rankings(self, query: RankingsQuery, now: datetime) -> Sequence[RankingRow]:
        """Return rows in the order in which they are served."""
        ...

    def models(self, now: datetime) -> list[JsonObject]:
        """Return the whole catalogue, of every output modality."""
        ...

    def endpoints(self, name: str, now: datetime) -> JsonObject:
        """Return the endpoints of the model called `author/slug`, speeds included."""
        ...

    def providers(self, now: datetime) -> list[JsonObject]:
        """Return the hosts."""
        ...

    def apps(self, query: AppsQuery, now: datetime) -> list[JsonObject]:
        """Return the app rankings of a window."""
        ...

    def session_costs(self, now: datetime) -> list[JsonObject]:
        """Return median costs of a session, unfiltered."""
        ...

    def benchmarks(self, now: datetime) -> list[JsonObject]:
        """Return results of all benchmark sources, unfiltered."""
        ...

    def tasks(self, now: datetime) -> JsonObject:
        """Return the `data` object of the task classification."""
        ...

    def price_history(self, now: datetime) -> JsonObject:
        """Return the archive of all prices by change points."""
        ...

    def price_list(self, now: datetime) -> list[JsonObject]:
        """Return the archive of today's prices, a list of providers."""
        ...

    def token_prices(self, now: datetime) -> JsonObject:
        """Return today's prices of a token by LiteLLM's keys, OpenRouter's among them."""
        ...

    def provider_prices(self, now: datetime) -> JsonObject:
        """Return today's prices by provider and model, as models.dev has them."""
        ...

    def region_list(self, now: datetime) -> str:
        """Return the regions of organisations as CSV."""
        ...

    def size_list(self, now: datetime) -> str:
        """Return the parameters of models as CSV."""
        ...

    def notable_models(self, now: datetime) -> str:
        """Return the table of notable models as CSV."""
        ...

    def leaderboard(self, leaderboard: str, now: datetime, *, is_whole: bool) -> list[JsonObject]:
        """Return the newest publication of a leaderboard, or all of them."""
        ...

    def index_scores(self, now: datetime) -> list[JsonObject]:
        """Return the scores of an index over benchmarks, as it was last fitted."""
        ...

    def hub_models(self, now: datetime, pipeline_tag: str) -> list[JsonObject]:
        """Return the Hub's models of one kind, most downloaded first."""
        ...

    def hub_model(self, now: datetime, name: str) -> JsonObject:
        """Return the repository that has this name, or had it; raise HiddenRepository."""
        ...


def date_range(start: date, end: date) -> list[date]:
    """Return every date from start to end, both included."""
    return [start + timedelta(days=n) for n in range((end - start).days + 1)]


def format_instant(instant: datetime) -> str:
    """Format an instant as the service writes it: UTC, milliseconds, Z."""
    return (
        instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.")
        + f"{instant.microsecond // 1000:03d}Z"
    )
