"""Archives of the synthetic market's prices: they agree with its catalogue on every day."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from pipelines.simulator.synthetic.market import SyntheticMarket

NOW = datetime(2026, 6, 20, 8, tzinfo=UTC)


def price_on(entry: dict[str, Any], day: str) -> list[float]:
    """Return the price of a history on a day."""
    found: list[float] = [point for point in entry["points"] if point[0] <= day][-1][1:]
    return found


def test_the_history_has_the_prices_of_the_catalogue() -> None:
    """A planted change begins on its day, so that an analysis can be held to it."""
    market = SyntheticMarket(1)
    models: Any = market.price_history(NOW)["models"]
    for day in (datetime(2025, 9, 19, 21, tzinfo=UTC), datetime(2025, 9, 20, 21, tzinfo=UTC)):
        [pricing] = [
            entry["pricing"] for entry in market.models(day) if entry["id"] == "openai/gpt-5"
        ]
        listed = [float(Decimal(pricing[name]) * 1_000_000) for name in ("prompt", "completion")]
        assert price_on(models["openai/gpt-5"], f"{day:%Y-%m-%d}") == listed


def test_the_history_ends_yesterday() -> None:
    history: Any = SyntheticMarket(1).price_history(NOW)
    assert history["as_of"] == f"{NOW - timedelta(days=1):%Y-%m-%d}"
    assert {entry["last_seen"] <= history["as_of"] for entry in history["models"].values()} == {
        True
    }
    assert any(not entry["present_now"] for entry in history["models"].values())


def test_the_list_has_the_provider() -> None:
    providers = SyntheticMarket(1).price_list(NOW)
    assert [provider["id"] for provider in providers] == ["anthropic", "openrouter"]


def test_every_list_has_the_same_price_of_openrouter() -> None:
    """Each in its unit, beside the price of a lab itself, which is another."""
    market = SyntheticMarket(1)
    tokens: Any = market.token_prices(NOW)
    providers: Any = market.provider_prices(NOW)
    cost = providers["openrouter"]["models"]["openai/gpt-5"]["cost"]
    assert (
        round(tokens["openrouter/openai/gpt-5"]["input_cost_per_token"] * 1e6, 9) == cost["input"]
    )
    assert providers["openai"]["models"]["gpt-5"]["cost"]["input"] != cost["input"]
