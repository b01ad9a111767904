"""A market of models with scores, prices and tokens, on the day that `joint_rows` has of ours."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from support.marts.compiled_sql import Row
from support.marts.joint_rows import COSTS, DAY, TOKENS, cost, served

Tables = dict[str, tuple[str, list[Row]]]
PRICES = """
    date date, model_id varchar, kind varchar, prompt_usd_per_mtok decimal(18, 9),
    completion_usd_per_mtok decimal(18, 9), cached_usd_per_mtok decimal(18, 9), source varchar,
    age_days bigint, licence varchar, citation varchar, is_free boolean"""
SCORES = """
    measure varchar, start_date date, model_id varchar, model_name varchar, score double,
    score_low double, score_high double, origin varchar, answer_sha256 varchar"""
SPANS = """
    measure varchar, category varchar, version_date date, start_date date, end_date date,
    is_hindsight boolean"""
MEASURES = "measure varchar, interval_level double, licence varchar, citation varchar"
# By id: score, half of its interval, price of a prompt (a completion costs four times as much),
# tokens in the market. Ours is lab/m.
MODELS: dict[str, tuple[float, float, str | None, int | None]] = {
    "lab/m": (1400.0, 10.0, "2", 5),
    "x/cheap-but-worse": (1389.0, 30.0, "0.1", 900),
    "x/within": (1391.0, 10.0, "1", 50),
    "x/better": (1450.0, 10.0, "3", 70),
    "x/unpriced": (1500.0, 10.0, None, None),
    "x/free": (1500.0, 10.0, "0", None),
}

SIZES: list[Row] = [
    {"model_id": "lab/m", "size_band": "4-10B"},
    {"model_id": "x/within", "size_band": "100B+"},
]


def score(model_id: str, start: date = DAY, *, has_interval: bool = True) -> Row:
    """Return the score of one of the models."""
    value, half, *_ = MODELS[model_id]
    return {
        "measure": "arena",
        "start_date": start,
        "model_id": model_id,
        "model_name": model_id.split("/")[1],
        "score": value,
        "score_low": value - half if has_interval else None,
        "score_high": value + half if has_interval else None,
        "origin": "published",
        "answer_sha256": "x",
    }


def prices() -> list[Row]:
    """Return the list prices of the day."""
    return [
        {
            "date": DAY,
            "model_id": model_id,
            "kind": "list",
            "prompt_usd_per_mtok": Decimal(prompt),
            "completion_usd_per_mtok": Decimal(prompt) * 4,
            "source": "s",
            "age_days": 0,
            "licence": "L",
            "citation": "C",
            "is_free": prompt == "0",
        }
        for model_id, (_, _, prompt, _) in MODELS.items()
        if prompt
    ]


def used(*names: str) -> list[Row]:
    """Return the tokens of these models, or of all that have any."""
    return [
        {"date": DAY, "model_permaslug": model_id, "total_tokens": tokens}
        for model_id, (_, _, _, tokens) in MODELS.items()
        if tokens and (not names or model_id in names)
    ]


def span(start: date) -> Row:
    """Return four weeks from this day, on which one version of the measure holds."""
    return {
        "measure": "arena",
        "category": "overall",
        "version_date": start,
        "start_date": start,
        "end_date": start + timedelta(days=27),
        "is_hindsight": False,
    }


def market(start: date = DAY, **more: list[Row]) -> Tables:
    """Return all tables, some of them with other rows; the version of the measure is of `start`."""
    ours = {"measure": "arena", "interval_level": 0.95, "licence": "L", "citation": "C"}
    service_cost: dict[str, Any] = {**cost(), "service": "ours"}
    del service_cost["target"]
    service_costs = COSTS.replace(", service varchar", "").replace("target", "service", 1)
    names = [{"model_permaslug": each, "model_id": each} for each in MODELS]
    tables: Tables = {
        "marts.local_tokens_daily": (TOKENS, [served()]),
        "marts.local_cost_daily": (COSTS, [cost()]),
        "marts.service_cost_daily": (service_costs, [service_cost]),
        "seeds.quality_measures": (MEASURES, [ours]),
        "intermediate.quality_spans": (SPANS, [span(start)]),
        "intermediate.model_id_scores": (SCORES, [score(each, start) for each in MODELS]),
        "marts.model_prices_daily": (PRICES, prices()),
        "marts.market_tokens_daily": (
            "date date, model_permaslug varchar, total_tokens bigint",
            used(),
        ),
        "marts.models": ("model_permaslug varchar, model_id varchar", names),
        "intermediate.model_id_sizes": ("model_id varchar, size_band varchar", SIZES),
    }
    return {
        name: (columns, more.get(name.split(".")[1], rows))
        for name, (columns, rows) in tables.items()
    }
