"""A seeded market, in which one author leads another by far, and the tables made of it."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from support.marts.compiled_sql import Marts, Row

MONDAY = date(2026, 6, 1)
DAYS = 14
FLAGS = (
    "without_free",
    "any_model",
    "any_day",
    "other_top_n",
    "other_attribution",
    "first_published",
    "unknown",
)
THROUGH = [
    "member_days",
    "market_weeks",
    "market_share_weekly",
    "market_topn_weekly",
    "leaders_weekly",
    "lead_tests_weekly",
]


@dataclass(frozen=True)
class Model:
    """A listing of the planted market.

    `first` and `daily` are its tokens a day as first published and as known now.
    """

    name: str
    author: str
    tokens: int
    base: str = ""
    is_free: bool = False
    first: int | None = None
    on: dict[int, int] | None = None
    family: str = ""

    def daily(self, day: int) -> int:
        return (self.on or {}).get(day, self.tokens)


# `a` leads `b` by far, with eight models on either side, so that no single one decides.
PLANTED = tuple(
    Model(f"{author}{place}", author, tokens)
    for author, tokens in (("a", 200), ("b", 100), ("c", 40))
    for place in range(8)
)


Tables = dict[str, tuple[str, list[Row]]]
"""By table its columns, as SQL writes them, and its rows."""


def market(
    models: tuple[Model, ...],
    other: int = 50,
    days: int = DAYS,
    prices: dict[str, tuple[int, int]] | None = None,
) -> Tables:
    """Return the tables of a market without missing days, by model with its two prices."""
    dates = [MONDAY + timedelta(days=day) for day in range(days)]
    return {
        "marts.models": (
            "model_permaslug varchar, model_family varchar, is_free boolean, model_id varchar",
            [
                {
                    "model_permaslug": m.name,
                    "model_family": m.family or m.name,
                    "is_free": m.is_free,
                    "model_id": m.name,
                }
                for m in models
            ],
        ),
        "marts.model_sizes": ("model_permaslug varchar, size_band varchar", []),
        "intermediate.model_attribution_daily": (
            "date date, model_permaslug varchar, author_slug varchar, base_author_slug varchar, "
            "releasing_lab varchar, base_lab varchar, "
            "releasing_country varchar, base_country varchar, weights varchar",
            [attributed(model) | {"date": day} for model in models for day in dates],
        ),
        "intermediate.ranked_prices_daily": (
            "date date, model_permaslug varchar, author_slug varchar, usd_low double, "
            "usd_high double, price_age_days bigint, is_free boolean, price_class varchar, "
            "price_reason varchar",
            [
                {
                    "date": day,
                    "model_permaslug": m.name,
                    "author_slug": m.author,
                    **priced(m, prices or {}),
                }
                for m in models
                for day in dates
            ],
        ),
        "marts.market_days": (
            "date date, is_missing boolean, is_other_missing boolean",
            [{"date": day, "is_missing": False, "is_other_missing": False} for day in dates],
        ),
        **_rankings(models, dates),
        **_tokens(models, dates, other),
    }


def _rankings(models: tuple[Model, ...], dates: list[date]) -> Tables:
    """Return the first version of each day's rankings."""
    return {
        "intermediate.ranking_day_versions": (
            "date date, slice varchar, grain varchar, version integer, content_hash varchar",
            [
                {
                    "date": day,
                    "slice": "all",
                    "grain": "day",
                    "version": 1,
                    "content_hash": str(day),
                }
                for day in dates
            ],
        ),
        "staging.stg_openrouter__ranking_rows": (
            "content_hash varchar, model_permaslug varchar, total_tokens bigint, is_other boolean",
            [
                {
                    "content_hash": str(day),
                    "model_permaslug": m.name,
                    "total_tokens": m.daily(number) if m.first is None else m.first,
                    "is_other": False,
                }
                for m in models
                for number, day in enumerate(dates)
                if m.daily(number)
            ],
        ),
    }


def _tokens(models: tuple[Model, ...], dates: list[date], other: int) -> Tables:
    """Return the tokens of each model and of `other` by day."""
    ranked = [
        attributed(m)
        | {
            "date": day,
            "total_tokens": m.daily(number),
            "is_other": False,
            "model_family": m.family or m.name,
            "is_free": m.is_free,
            "price_class": "free" if m.is_free else "paid",
        }
        for m in models
        for number, day in enumerate(dates)
        if m.daily(number)
    ]
    rest = {"model_permaslug": "other", "total_tokens": other, "is_other": True, "is_free": False}
    return {
        "marts.market_tokens_daily": (
            "date date, model_permaslug varchar, total_tokens bigint, is_other boolean, "
            "author_slug varchar, model_family varchar, is_free boolean, price_class varchar, "
            "base_author_slug varchar, releasing_lab varchar, releasing_country varchar, "
            "base_lab varchar, base_country varchar, weights varchar, size_band varchar",
            [*ranked, *(rest | {"date": day} for day in dates)],
        ),
    }


def priced(model: Model, prices: dict[str, tuple[int, int]]) -> Row:
    """Return what is known of a model's price; a free one is known by its name."""
    known = (0, 0) if model.is_free else prices.get(model.name)
    return {
        "usd_low": float(min(known)) if known else None,
        "usd_high": float(max(known)) if known else None,
        "price_age_days": 0 if known and not model.is_free else None,
        "is_free": model.is_free or known == (0, 0),
        "price_class": "free" if model.is_free else "paid",
        "price_reason": None if known else "no list price was seen up to this day",
    }


def attributed(model: Model) -> Row:
    base = model.base or model.author
    return {
        "model_permaslug": model.name,
        "author_slug": model.author,
        "base_author_slug": base,
        "releasing_lab": model.author,
        "base_lab": base,
        "releasing_country": model.author,
        "base_country": base,
        "weights": "open",
    }


def streaks(compiled: Marts, tables: Any, member: str = "a", basis: str = "platform") -> list[Row]:
    found = compiled.rows("market_streaks", tables, THROUGH)
    return [
        row
        for row in found
        if (row["basis"], row["attribution"], row["dimension"], row["member"])
        == (basis, "releasing_lab", "author", member)
    ]
