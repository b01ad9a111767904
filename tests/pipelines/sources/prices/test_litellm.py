"""Prices of a token that people keep by hand, of OpenRouter alone."""

import gzip
import json
from pathlib import Path

import pytest
from support.source_payloads import archived_answer

from pipelines.errors import BadAnswer
from pipelines.sources.parsing import is_complete
from pipelines.sources.prices.litellm import SOURCE
from pipelines.sources.prices.price_table import TABLE, PriceTable

RECORDED = "reference-tables/litellm_model_prices_2025-08-31.json.gz"
PRICED = ("date", "prompt_usd_per_mtok", "completion_usd_per_mtok", "cached_usd_per_mtok")


def parse(body: bytes) -> PriceTable:
    """Parse a file that was read on 2026-05-12."""
    table: PriceTable = SOURCE.parse(archived_answer(), SOURCE.decode(archived_answer(), body))
    return table


def parse_one(**entry: object) -> PriceTable:
    """Parse a file of one model of OpenRouter."""
    return parse(json.dumps({"openrouter/l/x": entry}).encode())


def complete(table: PriceTable) -> list[bool]:
    """Tell of each row whether it is loaded."""
    return table.frames[TABLE].select(found=is_complete(table, TABLE))["found"].to_list()


def test_the_recorded_file_has_76_prices_of_openrouter(recordings: Path) -> None:
    """Of 1,701 entries; the same models at their labs are not read."""
    table = parse(gzip.decompress((recordings / RECORDED).read_bytes()))
    rows = table.frames[TABLE]
    assert complete(table) == [True] * 76
    assert rows["cached_usd_per_mtok"].drop_nulls().len() == 7
    by_id = {row[0]: row[1:] for row in rows.select("model_id", *PRICED).iter_rows()}
    assert by_id["deepseek/deepseek-chat-v3.1"] == ("2026-05-12", "0.2", "0.8", "0.02")
    assert by_id["openai/gpt-4"] == ("2026-05-12", "30", "60", None)
    assert by_id["meta-llama/llama-3-8b-instruct:free"][1:3] == ("0", "0")


def test_a_price_of_a_lab_is_not_one_of_openrouter() -> None:
    """The key says whose price it is; a file without any of OpenRouter is a bad answer."""
    own = {"gpt-5": {"input_cost_per_token": 1e-6}, "openai/gpt-5": {"input_cost_per_token": 1e-6}}
    with pytest.raises(BadAnswer, match="openrouter/"):
        parse(json.dumps(own).encode())


def test_prices_of_long_prompts_and_of_reasoning_stand_beside_the_price() -> None:
    """A price for reasoning that is that of any completion is no other price."""
    above = "input_cost_per_token_above_200k_tokens"
    entry = {"input_cost_per_token": 1e-6, "output_cost_per_token": 1e-5, above: 2e-6}
    [tiers] = parse_one(**entry, output_cost_per_reasoning_token=3e-6).frames[TABLE]["tiers"]
    assert json.loads(tiers) == {above: "2e-06", "output_cost_per_reasoning_token": "3e-06"}
    same = {"output_cost_per_token": 1e-5, "output_cost_per_reasoning_token": 1e-5}
    assert parse_one(**same).frames[TABLE]["tiers"].to_list() == [None]


def test_a_price_that_is_not_stated_is_null() -> None:
    table = parse_one(mode="image_generation")
    assert complete(table) == [True]
    assert table.frames[TABLE].select(PRICED).rows() == [("2026-05-12", None, None, None)]


@pytest.mark.parametrize(
    "price",
    ["cheap", True, [1], {"value": 1}, 2, -3, float("nan"), float("inf"), "1e-999999", "9e999999"],
)
def test_what_is_no_price_sets_its_model_aside(price: object) -> None:
    """A price of a million tokens under the name of one token is a wrong unit."""
    table = parse_one(input_cost_per_token=price, output_cost_per_token=1e-6)
    assert complete(table) == [False]
    assert len(str(table.frames[TABLE]["prompt_usd_per_mtok"][0])) < 40


def test_what_is_no_entry_sets_its_model_aside() -> None:
    assert complete(parse(json.dumps({"openrouter/l/x": "free"}).encode())) == [False]
