"""Prices of models.dev, of the provider OpenRouter alone."""

import gzip
import json
from pathlib import Path

import pytest
from support.source_payloads import archived_answer

from pipelines.errors import BadAnswer
from pipelines.sources.parsing import is_complete
from pipelines.sources.prices.models_dev import SOURCE
from pipelines.sources.prices.price_table import PRICES, TABLE, PriceTable

RECORDED = "reference-tables/models-dev_api_2026-06.json.gz"


def parse(body: bytes) -> PriceTable:
    """Parse a file that was read on 2026-05-12."""
    table: PriceTable = SOURCE.parse(archived_answer(), SOURCE.decode(archived_answer(), body))
    return table


def parse_one(entry: object, provider: str = "openrouter") -> PriceTable:
    """Parse a file of one model of one provider."""
    return parse(json.dumps({provider: {"id": provider, "models": {"l/x": entry}}}).encode())


def complete(table: PriceTable) -> list[bool]:
    """Tell of each row whether it is loaded."""
    return table.frames[TABLE].select(found=is_complete(table, TABLE))["found"].to_list()


def test_the_recorded_file_has_353_prices_of_openrouter(recordings: Path) -> None:
    """Of 137 providers one is read; three routers state no price, and none is made up for them."""
    table = parse(gzip.decompress((recordings / RECORDED).read_bytes()))
    rows = table.frames[TABLE]
    assert complete(table) == [True] * 356
    assert not table.notes
    stated = {name: rows[name].drop_nulls().len() for name in (*PRICES, "tiers")}
    assert stated == {
        "prompt_usd_per_mtok": 353,
        "completion_usd_per_mtok": 353,
        "cached_usd_per_mtok": 153,
        "cache_write_usd_per_mtok": 45,
        "tiers": 9,
    }
    by_id = {row[0]: row[1:] for row in rows.select("model_id", *PRICES).iter_rows()}
    assert by_id["anthropic/claude-sonnet-4.5"] == ("3", "15", "0.3", "3.75")
    assert by_id["openrouter/auto"] == (None, None, None, None)


def test_a_price_of_another_provider_is_not_one_of_openrouter() -> None:
    with pytest.raises(BadAnswer):
        parse_one({"cost": {"input": 1, "output": 2}}, provider="openai")
    with pytest.raises(BadAnswer, match="not an object"):
        parse(b'{"openrouter": {"models": ["l/x"]}}')


def test_other_prices_stand_beside_the_price() -> None:
    """Of two forms of long prompts the one with its length; reasoning where it differs."""
    tiers = [{"input": 6, "tier": {"type": "context", "size": 200000}}]
    cost = {"input": 3, "output": 8, "tiers": tiers, "context_over_200k": {"input": 6}}
    [kept] = parse_one({"cost": {**cost, "reasoning": 3}}).frames[TABLE]["tiers"]
    assert json.loads(kept) == {"tiers": tiers, "reasoning": 3}
    assert parse_one({"cost": {"output": 8, "reasoning": 8}}).frames[TABLE]["tiers"][0] is None


def test_a_kind_of_price_that_is_not_known_is_noted() -> None:
    """Its value stays in the archive."""
    assert parse_one({"cost": {"input": 1, "flat": 2}}).notes == [
        "unknown key 'flat' in cost of a model"
    ]


@pytest.mark.parametrize(
    "entry", ["free", None, {"cost": 3}, {"cost": None}, {"cost": {"input": "cheap"}}]
)
def test_what_is_no_price_sets_its_model_aside(entry: object) -> None:
    assert complete(parse_one(entry)) == [False]
