"""Prices of models.dev (MIT), of the provider OpenRouter, in USD per million tokens.

One file of all providers. The same model is listed at its lab and at other hosts with their own
prices; only those of OpenRouter are read. No price has a date, so they are those of the day on
which the file was read. A model without `cost`, as a router, states none.
"""

import json
from typing import Any

from pipelines.archive import Answer
from pipelines.errors import BadAnswer
from pipelines.sources.client.http import SourceClient
from pipelines.sources.parsing import Payload, need, unknown_keys
from pipelines.sources.prices.price_table import PriceTable, make_table
from pipelines.sources.source import Source

PATH = "/api.json"
PROVIDER = "openrouter"
FIGURES = {
    "input": "prompt_usd_per_mtok",
    "output": "completion_usd_per_mtok",
    "cache_read": "cached_usd_per_mtok",
    "cache_write": "cache_write_usd_per_mtok",
}
# Two forms of the same prices of long prompts; `tiers` says at which length they begin.
TIERS, LONG = "tiers", "context_over_200k"
REASONING = "reasoning"
AUDIO = frozenset({"input_audio", "output_audio"})
KEYS = frozenset({*FIGURES, TIERS, LONG, REASONING}) | AUDIO


def fetch(client: SourceClient) -> Answer:
    """Request the file of all providers."""
    return client.ask(SOURCE, PATH, budget=client.budget)


def parse(answer: Answer, providers: Payload) -> PriceTable:
    """Return the prices that OpenRouter's models have on the day of the answer.

    Raise BadAnswer where the file has no such provider.
    """
    day = answer.fetched_at.date()
    models = need(providers, PROVIDER, "models")
    if not isinstance(models, dict):
        raise BadAnswer(f"{PROVIDER}.models is not an object.")
    entries = {name: entry if isinstance(entry, dict) else None for name, entry in models.items()}
    costs = [
        cost for entry in entries.values() if isinstance(cost := (entry or {}).get("cost"), dict)
    ]
    rows = [_model(name, entry, day.isoformat()) for name, entry in entries.items()]
    return make_table(rows, day, unknown_keys("cost of a model", costs, KEYS), has_past=False)


def _model(name: str, entry: dict[str, Any] | None, day: str) -> dict[str, Any]:
    title = (entry or {}).get("name")
    cost = None if entry is None else entry.get("cost", {})
    points = [_point(cost, day)] if isinstance(cost, dict) else []
    return {
        "id": name,
        "name": title if isinstance(title, str) else None,
        "last_seen": None,
        "points": points,
    }


def _point(cost: dict[str, Any], day: str) -> dict[str, Any]:
    prices = {ours: _text(cost.get(theirs)) for theirs, ours in FIGURES.items()}
    long = TIERS if cost.get(TIERS) else LONG
    other = {key: cost[key] for key in sorted({long, *AUDIO}) if cost.get(key)}
    # A price for reasoning that is that of any completion is no other price.
    if cost.get(REASONING) not in (None, cost.get("output")):
        other[REASONING] = cost[REASONING]
    return {"date": day, **prices, "tiers": json.dumps(other, sort_keys=True) if other else None}


def _text(price: object) -> str | None:
    return None if price is None else str(price)


SOURCE = Source(
    "prices_models_dev",
    parse,
    tables=("price_archives", "price_series", "price_points"),
    assets=("raw_models_dev",),
    min_share=0.8,
    figures=("prompt_usd_per_mtok", "completion_usd_per_mtok"),
)
