"""Tables of a synthetic market in which one author leads another, to change in one respect."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from support.warehouse.compiled_sql import CompiledModels, Row, Tables

MONDAY = date(2026, 6, 1)
DAYS = 14
# Models that market_streaks is made from, in the order of building them.
THROUGH = (
    "member_days",
    "market_weeks",
    "market_share_weekly",
    "market_topn_weekly",
    "leaders_weekly",
    "lead_tests_weekly",
)
MODELS = "model_permaslug varchar, model_family varchar, is_free boolean, model_id varchar"
ATTRIBUTION = (
    "date date, model_permaslug varchar, author_slug varchar, base_author_slug varchar, "
    "releasing_lab varchar, base_lab varchar, releasing_country varchar, base_country varchar, "
    "weights varchar"
)
VERSIONS = "date date, slice varchar, grain varchar, version integer, content_hash varchar"
RANKING_ROWS = (
    "content_hash varchar, model_permaslug varchar, total_tokens bigint, is_other boolean"
)
TOKENS = (
    "date date, model_permaslug varchar, total_tokens bigint, is_other boolean, "
    "author_slug varchar, model_family varchar, is_free boolean, base_author_slug varchar, "
    "releasing_lab varchar, releasing_country varchar, base_lab varchar, base_country varchar, "
    "weights varchar"
)
MARKET_DAYS = "date date, is_missing boolean, is_other_missing boolean"


@dataclass(frozen=True)
class Model:
    """A listing of the synthetic market.

    `tokens` are its tokens a day as known now, `first` those first published, `on` those of
    single days.
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
        """Return the tokens of a day."""
        return (self.on or {}).get(day, self.tokens)

    def attribution(self) -> Row:
        """Return the columns that say to whom its tokens belong."""
        base = self.base or self.author
        return {
            "model_permaslug": self.name,
            "author_slug": self.author,
            "base_author_slug": base,
            "releasing_lab": self.author,
            "base_lab": base,
            "releasing_country": self.author,
            "base_country": base,
            "weights": "open",
        }

    def listing(self) -> Row:
        """Return the family of the model, and whether it is free."""
        return {"model_family": self.family or self.name, "is_free": self.is_free}


# `a` leads `b` by far, with eight models on either side, so that no single model decides.
LEAD_OF_A = tuple(
    Model(f"{author}{number}", author, tokens)
    for author, tokens in (("a", 200), ("b", 100), ("c", 40))
    for number in range(8)
)


def changed(author: str, change: Callable[[Model], Model]) -> tuple[Model, ...]:
    """Return that market with the models of one author changed."""
    return tuple(change(model) if model.author == author else model for model in LEAD_OF_A)


def market(models: tuple[Model, ...], other: int = 50, days: int = DAYS) -> Tables:
    """Make the tables of a market without missing days."""
    dates = [MONDAY + timedelta(days=day) for day in range(days)]
    ranked = [
        (model, dates[day], model.daily(day))
        for model in models
        for day in range(days)
        if model.daily(day)
    ]
    return {
        "marts.models": (MODELS, [_model_row(model) for model in models]),
        "intermediate.model_attribution_daily": (
            ATTRIBUTION,
            [model.attribution() | {"date": day} for model in models for day in dates],
        ),
        "intermediate.ranking_day_versions": (VERSIONS, [_version(day) for day in dates]),
        "staging.stg_openrouter__ranking_rows": (
            RANKING_ROWS,
            [_first_row(model, day, tokens) for model, day, tokens in ranked],
        ),
        "marts.market_tokens_daily": (
            TOKENS,
            [
                *(_token_row(model, day, tokens) for model, day, tokens in ranked),
                *(_other_row(day, other) for day in dates),
            ],
        ),
        "marts.market_days": (
            MARKET_DAYS,
            [{"date": day, "is_missing": False, "is_other_missing": False} for day in dates],
        ),
    }


def streaks(
    compiled: CompiledModels, tables: Tables, member: str = "a", basis: str = "platform"
) -> list[Row]:
    """Return the runs of an author as the leader on a basis."""
    found = compiled.rows("market_streaks", tables, THROUGH)
    wanted = (basis, "releasing_lab", "author", member)
    return [row for row in found if key(row) == wanted]


def key(row: Row) -> tuple[str, str, str, str]:
    """Return the member that a row is about, with its basis, attribution and dimension."""
    return row["basis"], row["attribution"], row["dimension"], row["member"]


def _model_row(model: Model) -> Row:
    return {"model_permaslug": model.name, "model_id": model.name, **model.listing()}


def _version(day: date) -> Row:
    return {"date": day, "slice": "all", "grain": "day", "version": 1, "content_hash": str(day)}


def _first_row(model: Model, day: date, tokens: int) -> Row:
    return {
        "content_hash": str(day),
        "model_permaslug": model.name,
        "total_tokens": tokens if model.first is None else model.first,
        "is_other": False,
    }


def _token_row(model: Model, day: date, tokens: int) -> Row:
    figures = {"date": day, "total_tokens": tokens, "is_other": False}
    return model.attribution() | figures | model.listing()


def _other_row(day: date, tokens: int) -> Row:
    return {
        "date": day,
        "model_permaslug": "other",
        "total_tokens": tokens,
        "is_other": True,
        "is_free": False,
    }
