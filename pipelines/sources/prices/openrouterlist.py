"""OpenRouter's list price of every model since 2024-09-21, which jvrck/openrouterlist keeps (MIT).

One file of change points, rewritten twice a day: `[day, prompt, completion]` in USD per million
tokens. The price is the catalogue's, net of any discount; cached tokens, tiers and discounts are
not in it. -1 means that the price varies, null that none was stated.
"""

from typing import Any

from pipelines.archive import Answer
from pipelines.sources.client.http import SourceClient
from pipelines.sources.parsing import Payload, a_day, need, unknown_keys
from pipelines.sources.prices.price_table import PriceTable, make_table
from pipelines.sources.source import Source

PATH = "/jvrck/openrouterlist/main/data/history/prices.json"
KEYS = frozenset({"name", "first_seen", "last_seen", "present_now", "points"})


def fetch(client: SourceClient) -> Answer:
    """Request the whole history; an unchanged file costs a conditional request."""
    return client.ask(SOURCE, PATH, budget=client.budget)


def parse(answer: Answer, payload: Payload) -> PriceTable:
    """Return every price of every model, each with the day on which it was first seen."""
    models = need(payload, "models")
    entries = {
        str(name): entry if type(entry) is dict else {}
        for name, entry in (models.items() if isinstance(models, dict) else ())
    }
    return make_table(
        [_model(name, entry) for name, entry in entries.items()],
        a_day(need(payload, "as_of"), "as_of"),
        unknown_keys("price history", entries.values(), KEYS),
        has_past=True,
    )


def _model(name: str, entry: dict[str, Any]) -> dict[str, Any]:
    points = entry.get("points")
    is_present = entry.get("present_now") is True
    return {
        "id": name,
        "name": entry["name"] if isinstance(entry.get("name"), str) else None,
        # Of a model that is listed, the last day is that of the file.
        "last_seen": None if is_present else entry.get("last_seen", ""),
        "points": [_point(point) for point in (points if isinstance(points, list) else [])],
    }


def _point(point: object) -> dict[str, Any]:
    if not isinstance(point, list) or len(point) != 3:
        return {}
    day, prompt, completion = point
    return {
        "date": day,
        "prompt_usd_per_mtok": _text(prompt),
        "completion_usd_per_mtok": _text(completion),
    }


def _text(price: object) -> str | None:
    """Write a price as it came; what is no number is written out too, and found to be none."""
    return None if price is None else str(price)


SOURCE = Source(
    "prices_openrouterlist",
    parse,
    tables=("price_archives", "price_series", "price_points"),
    assets=("raw_prices",),
    min_share=0.8,
    figures=("prompt_usd_per_mtok", "completion_usd_per_mtok"),
)
