"""The stated base of a model: the order of places, merges, and one word in names."""

from typing import Any

import pytest

from pipelines.sources.huggingface.base_models import MAX_BASES, StatedBase, base_of

FIELD = {"relation": "quantized", "models": [{"_id": "1", "id": "Qwen/Qwen3-8B"}]}


def base(**row: Any) -> StatedBase:
    """Return the base of a row with an ordinary name."""
    return base_of({"id": "someone/some-model", **row})


def test_the_hubs_own_field_comes_first() -> None:
    found = base(baseModels=FIELD, tags=["base_model:finetune:other/model"])
    assert found == StatedBase("quantized", "baseModels", ["Qwen/Qwen3-8B"])


def test_a_tag_comes_next() -> None:
    """The Hub writes two tags, of which one has the relation."""
    tags = ["base_model:Qwen/Qwen3-8B", "base_model:adapter:Qwen/Qwen3-8B", "license:mit"]
    assert base(tags=tags) == StatedBase("adapter", "tag", ["Qwen/Qwen3-8B"])


def test_a_field_without_a_relation_leaves_it_to_the_tag() -> None:
    field = {"models": [{"id": "Qwen/Qwen3-8B"}]}
    found = base(baseModels=field, tags=["base_model:finetune:Qwen/Qwen3-8B"])
    assert (found.relation, found.evidence) == ("finetune", "tag")


def test_the_card_comes_last() -> None:
    card = {"base_model": "Qwen/Qwen3-8B", "base_model_relation": "quantized"}
    assert base(cardData=card) == StatedBase("quantized", "card", ["Qwen/Qwen3-8B"])


def test_a_base_without_a_relation_stays_so() -> None:
    """Nothing is guessed from the name."""
    assert base(tags=["base_model:a/b"]) == StatedBase(None, "tag", ["a/b"])
    assert base_of({"id": "x/Qwen3-8B-GGUF"}) == StatedBase()


def test_two_bases_are_a_merge() -> None:
    field = {"relation": "finetune", "models": [{"id": "a/b"}, {"id": "c/d"}, {"id": "a/b"}]}
    assert base(baseModels=field) == StatedBase("merge", "baseModels", ["a/b", "c/d"])


@pytest.mark.parametrize("word", ["Uncensored", "abliterated", "heretic"])
def test_a_copy_without_refusals_is_a_fine_tune(word: str) -> None:
    row = {"id": f"someone/Qwen3-8B-{word}-GGUF", "baseModels": FIELD}
    assert base_of(row).relation == "finetune"


@pytest.mark.parametrize(
    "row",
    [
        {"baseModels": []},
        {"baseModels": {"models": "x", "relation": 3}},
        {"baseModels": {"models": [7, None, {"id": 3}, {"id": "no-slash"}]}},
        {"tags": "base_model:a/b"},
        {"tags": [None, 3, "base_model:", "base_model:finetune:"]},
        {"cardData": {"base_model": {"a": 1}}},
        {"tags": ["base_model:https://huggingface.co/a/b", "base_model:" + "a/" + "b" * 500]},
    ],
)
def test_malformed_statements_name_no_base(row: dict[str, Any]) -> None:
    assert base(**row) == StatedBase()


def test_a_merge_of_many_is_bounded() -> None:
    field = {"models": [{"id": f"a/{number}"} for number in range(1000)]}
    assert len(base(baseModels=field).ids) == MAX_BASES
