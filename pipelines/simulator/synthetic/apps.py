"""Apps of the synthetic market: their rankings by window, and the costs of their sessions."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache

from pipelines.simulator.errors import JsonObject
from pipelines.simulator.market_protocol import (
    FIRST_DATE,
    MISSING_DATES,
    AppsQuery,
    date_range,
)
from pipelines.simulator.synthetic.catalogue import Catalogue
from pipelines.simulator.synthetic.hosts import best_price
from pipelines.simulator.synthetic.models import Listing, read_table
from pipelines.simulator.synthetic.numbers import noise, one_noise
from pipelines.simulator.synthetic.slices import monday
from pipelines.simulator.synthetic.totals import day_total

# Part of all tokens per unit of an app's weight: all apps together stay far below the platform.
UNIT = 0.0045
RISE_DAYS = 30
PRECEDING_WINDOWS = 3
SESSION_TOKENS = {
    "1-turn": 9_000,
    "2-9-turns": 70_000,
    "10-49-turns": 600_000,
    "50-plus-turns": 4_200_000,
}
COMPLETION_PART = Decimal("0.06")
HARNESS_MODELS = 12


@dataclass(frozen=True, eq=False)
class SyntheticApp:
    """An app that sends its name with its requests."""

    app_id: int
    slug: str
    name: str
    category: str
    subcategory: str
    weight: float
    launched: date
    peak_days: int
    half_life_days: int
    tokens_per_request: int
    is_harness: bool


@cache
def apps() -> tuple[SyntheticApp, ...]:
    """Read all apps, in the order of the table."""
    return tuple(_app(row) for row in read_table("apps.csv"))


def _app(row: dict[str, str]) -> SyntheticApp:
    return SyntheticApp(
        app_id=int(row["app_id"]),
        slug=row["slug"],
        name=row["name"],
        category=row["category"],
        subcategory=row["subcategory"],
        weight=float(row["weight"]),
        launched=date.fromisoformat(row["launched"]),
        peak_days=int(row["peak_days"]),
        half_life_days=int(row["half_life_days"]),
        tokens_per_request=int(row["tokens_per_request"]),
        is_harness=row["is_harness"] == "1",
    )


def app_rankings(seed: int, query: AppsQuery) -> list[JsonObject]:
    """Rank the apps of a window by tokens, or by tokens beyond their recent past.

    Ranks count within the requested category.
    """
    selected = [
        app
        for app in apps()
        if query.category in (None, app.category) and query.subcategory in (None, app.subcategory)
    ]
    tokens = {app: window_tokens(seed, app, query.start, query.end) for app in selected}
    score = {
        app: _excess(seed, app, query, tokens[app]) if query.sort == "trending" else tokens[app]
        for app in selected
    }
    ordered = sorted(
        (app for app in selected if score[app] > 0), key=lambda app: (-score[app], app.app_id)
    )
    rows = [_row(rank, app, tokens[app]) for rank, app in enumerate(ordered, 1)]
    return rows[query.offset : query.offset + query.limit]


def _row(rank: int, app: SyntheticApp, tokens: int) -> JsonObject:
    requests = max(1, tokens // app.tokens_per_request)
    return {
        "rank": rank,
        "app_id": app.app_id,
        "app_name": app.name,
        "total_tokens": str(tokens),
        "total_requests": requests,
    }


def _excess(seed: int, app: SyntheticApp, query: AppsQuery, tokens: int) -> int:
    length = (query.end - query.start).days + 1
    earlier = [query.start - timedelta(days=length * n) for n in range(1, PRECEDING_WINDOWS + 1)]
    past = sum(
        window_tokens(seed, app, start, start + timedelta(days=length - 1)) for start in earlier
    )
    return tokens - past // PRECEDING_WINDOWS


def window_tokens(seed: int, app: SyntheticApp, start: date, end: date) -> int:
    """Return an app's tokens in a window; none are from before the platform's first day."""
    return sum(_day_tokens(seed, app, day) for day in date_range(max(start, FIRST_DATE), end))


@cache
def _day_tokens(seed: int, app: SyntheticApp, day: date) -> int:
    age = (day - app.launched).days
    if age < 0 or day in MISSING_DATES:
        return 0
    activity = min(1.0, (age + 1) / RISE_DAYS) * float(
        0.5 ** (max(0, age - app.peak_days) / app.half_life_days)
    )
    return int(
        day_total(seed, day)
        * UNIT
        * app.weight
        * activity
        * (0.9 + 0.2 * one_noise(seed, "app", app.slug, day))
    )


def session_costs(seed: int, now: datetime) -> list[JsonObject]:
    """Return median session costs by harness, model and length, as of the snapshot of Sunday."""
    sunday = monday(now.date()) - timedelta(days=1)
    harnesses = [app for app in apps() if app.is_harness and app.launched < sunday]
    current = [
        one
        for one in Catalogue(seed, now).current()
        if not one.variant and one.model.is_text and one.model.quality > 40
    ]
    used = sorted(current, key=lambda listing: (listing.launched, listing.permaslug), reverse=True)[
        :HARNESS_MODELS
    ]
    return [
        row
        for app in harnesses
        for listing in used
        for row in _session_rows(seed, app, listing, sunday, now)
    ]


def _session_rows(
    seed: int, app: SyntheticApp, listing: Listing, sunday: date, now: datetime
) -> list[JsonObject]:
    prompt, completion = best_price(seed, listing, now)
    per_token = float(prompt * (1 - COMPLETION_PART) + completion * COMPLETION_PART)
    draws = noise(len(SESSION_TOKENS), seed, "session", app.slug, listing.permaslug, sunday)
    return [
        {
            "app_slug": app.slug,
            "app_name": app.name,
            "model_permaslug": listing.permaslug,
            "turn_range": turn_range,
            "median_session_cost_usd": round(per_token * tokens * (0.7 + 0.6 * draw), 4),
        }
        for draw, (turn_range, tokens) in zip(draws, SESSION_TOKENS.items(), strict=True)
    ]
