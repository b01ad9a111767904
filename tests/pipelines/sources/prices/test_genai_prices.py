"""Prices of the day that others curate, of the provider OpenRouter."""

import json

import pytest
from support.source_payloads import archived_answer

from pipelines.errors import BadAnswer
from pipelines.sources.prices import genai_prices
from pipelines.sources.prices.price_table import TABLE, PriceTable


def parse(*models: object, provider: str = "openrouter") -> PriceTable:
    """Parse a file of one provider, read on 2026-05-12."""
    body = json.dumps([{"id": provider, "models": list(models)}]).encode()
    source = genai_prices.SOURCE
    table: PriceTable = source.parse(archived_answer(), source.decode(archived_answer(), body))
    return table


def points(table: PriceTable) -> list[tuple[object, ...]]:
    return table.frames[TABLE].select("date", "prompt_usd_per_mtok", "tiers").rows()


def test_a_price_without_a_date_is_that_of_the_day() -> None:
    """The file says nothing of the past, so loading has to remember it."""
    table = parse({"id": "l/x", "prices": {"input_mtok": 0.10, "output_mtok": 2}})
    assert points(table) == [("2026-05-12", "0.1", None)]
    assert not table.has_past


def test_a_dated_price_that_has_begun_replaces_the_other() -> None:
    """One that has not begun yet is not in force."""
    later = {"constraint": {"start_date": "2026-09-01"}, "prices": {"input_mtok": 9}}
    begun = {"constraint": {"start_date": "2026-05-01"}, "prices": {"input_mtok": 3}}
    first = {"prices": {"input_mtok": 2}}
    assert points(parse({"id": "l/x", "prices": [first, begun, later]})) == [
        ("2026-05-01", "3", None)
    ]
    assert points(parse({"id": "l/x", "prices": [first, later]})) == [("2026-05-12", "2", None)]


def test_prices_by_length_keep_their_tiers() -> None:
    """The price is that of the first token; the tiers stand beside it."""
    figure = {"base": 1.25, "tiers": [{"start": 200000, "price": 2.5}]}
    [(_, price, tiers)] = points(parse({"id": "l/x", "prices": {"input_mtok": figure}}))
    assert price == "1.25"
    assert json.loads(str(tiers))["input_mtok"]["tiers"][0]["price"] == "2.5"


def test_a_price_by_the_hour_is_left_out() -> None:
    hourly = {"constraint": {"start_time": "00:30", "end_time": "16:30"}, "prices": {}}
    table = parse({"id": "l/x", "prices": [{"prices": {"input_mtok": 2}}, hourly]})
    assert [row[1] for row in points(table)] == ["2"]


def test_a_file_without_the_provider_is_a_bad_answer() -> None:
    with pytest.raises(BadAnswer):
        parse(provider="another")
    with pytest.raises(BadAnswer):
        genai_prices.decode(archived_answer(), b"[")
