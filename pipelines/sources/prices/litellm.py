"""Prices that LiteLLM's users keep by hand (MIT): those that it states for OpenRouter.

One file of all providers' models in USD per token. Only keys `openrouter/…` speak of what
OpenRouter asks; a lab's own price is another thing and is not read. No price has a date, so they
are those of the day on which the file was read.
"""

import json
from decimal import Decimal
from typing import Any

from pipelines.archive import Answer
from pipelines.errors import BadAnswer
from pipelines.sources.client.http import SourceClient
from pipelines.sources.parsing import Payload
from pipelines.sources.prices.price_table import PriceTable, make_table
from pipelines.sources.source import Source

PATH = "/BerriAI/litellm/main/model_prices_and_context_window.json"
PREFIX = "openrouter/"
COMPLETION = "output_cost_per_token"
# Our column, and the keys that state it; some entries have cached tokens by an old key.
FIGURES = {
    "prompt_usd_per_mtok": ("input_cost_per_token",),
    "completion_usd_per_mtok": (COMPLETION,),
    "cached_usd_per_mtok": ("cache_read_input_token_cost", "input_cost_per_token_cache_hit"),
    "cache_write_usd_per_mtok": ("cache_creation_input_token_cost",),
}
REASONING = "output_cost_per_reasoning_token"
# Beyond these powers of ten a figure is no price, and written out it would fill the memory.
MAX_POWER = 20


def fetch(client: SourceClient) -> Answer:
    """Request the file of all providers."""
    return client.ask(SOURCE, PATH, budget=client.budget)


def parse(answer: Answer, models: Payload) -> PriceTable:
    """Return the prices that OpenRouter's models have on the day of the answer.

    Raise BadAnswer where the file names no model of OpenRouter.
    """
    day = answer.fetched_at.date()
    found = {
        name.removeprefix(PREFIX): entry if isinstance(entry, dict) else {}
        for name, entry in models.items()
        if name.startswith(PREFIX)
    }
    if not found:
        raise BadAnswer(f"The file of prices has no key that begins with {PREFIX!r}.")
    rows = [_model(name, entry, day.isoformat()) for name, entry in found.items()]
    return make_table(rows, day, [], has_past=False)


def _model(name: str, entry: dict[str, Any], day: str) -> dict[str, Any]:
    prices = {ours: _per_million(_stated(entry, keys)) for ours, keys in FIGURES.items()}
    other = {key: entry[key] for key in entry if "_above_" in key or key == "tiered_pricing"}
    # A price for reasoning that is that of any completion is no other price.
    if entry.get(REASONING) not in (None, entry.get(COMPLETION)):
        other[REASONING] = entry[REASONING]
    point = {"date": day, **prices, "tiers": json.dumps(other, sort_keys=True) if other else None}
    return {"id": name, "name": None, "last_seen": None, "points": [point] if entry else []}


def _stated(entry: dict[str, Any], keys: tuple[str, ...]) -> object:
    return next((entry[key] for key in keys if entry.get(key) is not None), None)


def _per_million(price: object) -> str | None:
    """Return USD per million tokens with all digits; what is no price stays as it came."""
    if price is None:
        return None
    try:
        per_token = Decimal(str(price))
    except ArithmeticError:
        return str(price)
    if not per_token.is_finite() or abs(per_token.adjusted()) > MAX_POWER:
        return f"{price} per token"
    return f"{per_token.scaleb(6):f}"


SOURCE = Source(
    "prices_litellm",
    parse,
    tables=("price_archives", "price_series", "price_points"),
    assets=("raw_prices",),
    min_share=0.8,
    figures=("prompt_usd_per_mtok", "completion_usd_per_mtok"),
)
