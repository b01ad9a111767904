"""Archives of the synthetic market's prices: change points since each launch, and today's list."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from pipelines.simulator.errors import JsonObject
from pipelines.simulator.synthetic.catalogue import CLOSED, Catalogue, created_seconds
from pipelines.simulator.synthetic.hosts import MILLION, best_price
from pipelines.simulator.synthetic.models import Listing, listings
from pipelines.simulator.synthetic.seeded_effects import price_changes

# The archive was begun on this day; what was listed by then has it as its first.
FIRST_DAY = date(2024, 9, 21)
# The catalogue is read at this hour, as the real archive is.
HOUR = time(21)


def price_history(seed: int, now: datetime) -> JsonObject:
    """Return the price of every listing by change points, as of the day before `now`."""
    as_of = now.date() - timedelta(days=1)
    models = {
        listing.id: history
        for listing in listings()
        if (history := _history(seed, listing, as_of)) is not None
    }
    return {"as_of": as_of.isoformat(), "model_count": len(models), "models": models}


def price_list(seed: int, now: datetime) -> list[JsonObject]:
    """Return today's prices as a list of providers, of which OpenRouter is one."""
    entries = Catalogue(seed, now).current()
    models = [_entry(seed, listing, now) for listing in entries if not listing.is_free]
    return [
        {"id": "anthropic", "name": "Anthropic", "models": []},
        {"id": "openrouter", "name": "OpenRouter", "models": models},
    ]


def token_prices(seed: int, now: datetime) -> JsonObject:
    """Return today's prices of a token: those of OpenRouter, and a lab's own, which is another."""
    found: JsonObject = {"gpt-5": {"input_cost_per_token": 9e-6, "output_cost_per_token": 9e-5}}
    for listing in Catalogue(seed, now).current():
        if not listing.is_free:
            prompt, completion = best_price(seed, listing, now)
            found[f"openrouter/{listing.id}"] = {
                "input_cost_per_token": _number(prompt),
                "output_cost_per_token": _number(completion),
                "litellm_provider": "openrouter",
                "mode": "chat",
            }
    return found


def provider_prices(seed: int, now: datetime) -> JsonObject:
    """Return today's prices of OpenRouter beside those that a lab asks itself."""
    models: JsonObject = {}
    for listing in Catalogue(seed, now).current():
        prompt, completion = (price * MILLION for price in best_price(seed, listing, now))
        cost = {"input": _number(prompt), "output": _number(completion)}
        models[listing.id] = {"id": listing.id, "name": listing.model.name, "cost": cost}
    own = {"gpt-5": {"id": "gpt-5", "name": "GPT-5", "cost": {"input": 9, "output": 90}}}
    return {
        "openai": {"id": "openai", "name": "OpenAI", "models": own},
        "openrouter": {"id": "openrouter", "name": "OpenRouter", "models": models},
    }


def _history(seed: int, listing: Listing, as_of: date) -> JsonObject | None:
    launched = datetime.fromtimestamp(created_seconds(listing), UTC).date()
    first = max(launched, FIRST_DAY)
    gone = [listing.model.delisted, CLOSED.get(listing.variant)]
    last = min([as_of, *(day - timedelta(days=1) for day in gone if day)])
    if first > last:
        return None
    points: list[list[object]] = []
    for day in _days(listing, first, last):
        prices = [_number(price) for price in _price(seed, listing, day)]
        if not points or points[-1][1:] != prices:
            points.append([day.isoformat(), *prices])
    return {
        "name": f"{listing.model.author.name}: {listing.model.name}",
        "first_seen": first.isoformat(),
        "last_seen": last.isoformat(),
        "present_now": last == as_of,
        "points": points,
    }


def _days(listing: Listing, first: date, last: date) -> list[date]:
    """Return the days on which a price may begin: hosts change by the month, or as seeded."""
    months = [
        date(year, month, 1) for year in range(first.year, last.year + 1) for month in range(1, 13)
    ]
    seeded = [change.date for change in price_changes().get(listing.permaslug, [])]
    return sorted({first, *(day for day in [*months, *seeded] if first < day <= last)})


def _price(seed: int, listing: Listing, day: date) -> tuple[Decimal, Decimal]:
    prompt, completion = best_price(seed, listing, datetime.combine(day, HOUR, tzinfo=UTC))
    return prompt * MILLION, completion * MILLION


def _number(price: Decimal) -> float:
    """Return a price as JSON has it; three digits survive the fraction."""
    return float(price)


def _entry(seed: int, listing: Listing, now: datetime) -> JsonObject:
    prompt, completion = best_price(seed, listing, now)
    return {
        "id": listing.id,
        "match": {"equals": listing.id},
        "prices": {
            "input_mtok": _number(prompt * MILLION),
            "output_mtok": _number(completion * MILLION),
        },
    }
