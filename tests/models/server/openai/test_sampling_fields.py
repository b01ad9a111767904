"""Sampling parameters: defaults, limits, and the parameter that each error blames."""

from typing import Any

import pytest
from support.inference.engine import engine_info

from models.protocol import SamplingParams
from models.server.openai.errors import HttpError
from models.server.openai.sampling_fields import (
    MIN_TEMPERATURE,
    parse_sampling,
    read_boolean,
    read_integer,
)

INFO = engine_info(context_tokens=100)


def sampling(is_chat: bool = False, prompt_tokens: int = 10, **body: Any) -> SamplingParams:
    """Parse a body of these fields only."""
    return parse_sampling(body, is_chat, prompt_tokens, INFO)


@pytest.mark.parametrize(
    ("is_chat", "prompt_tokens", "expected"),
    [(False, 10, 16), (False, 90, 10), (True, 10, 90), (True, 99, 1)],
)
def test_the_default_length_depends_on_the_route(
    is_chat: bool, prompt_tokens: int, expected: int
) -> None:
    """And never exceeds the context."""
    assert sampling(is_chat, prompt_tokens).max_tokens == expected


def test_a_chat_may_use_the_newer_name() -> None:
    """It goes before the older one."""
    parsed = sampling(is_chat=True, max_completion_tokens=7, max_tokens=9)
    assert parsed.max_tokens == 7


def test_tiny_temperatures_are_raised_and_0_is_greedy() -> None:
    """Lower ones would overflow."""
    assert sampling(temperature=1e-9).temperature == MIN_TEMPERATURE
    assert sampling(temperature=0).temperature == 0


def test_top_k_counts_tokens_of_the_vocabulary() -> None:
    """0 and -1 mean all of them."""
    assert sampling(top_k=-1).top_k == sampling(top_k=0).top_k == 0
    assert sampling(top_k=10**6).top_k == INFO.vocab_size


def test_stops_may_be_one_or_several() -> None:
    """Repeated tokens count once."""
    assert sampling(stop="x").stop == ("x",)
    assert sampling(stop=["x", "y"]).stop == ("x", "y")
    assert sampling(stop_token_ids=[5, 6, 5]).stop_token_ids == (5, 6)


def test_logprobs_are_a_number_for_completions_and_a_switch_for_chats() -> None:
    """Both become a number of alternatives."""
    assert sampling(logprobs=3).logprobs == 3
    assert sampling(is_chat=True, logprobs=True).logprobs == 0
    assert sampling(is_chat=True, logprobs=True, top_logprobs=2).logprobs == 2
    assert sampling(is_chat=True, logprobs=False).logprobs is None


def test_seeds_are_optional() -> None:
    """Without one the engine draws it."""
    assert sampling().seed is None
    assert sampling(seed=0).seed == 0


REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "negative max_tokens": ({"max_tokens": -1}, "max_tokens", "from 1"),
    "no max_tokens": ({"max_tokens": 0}, "max_tokens", "from 1"),
    "max_tokens beyond the context": ({"max_tokens": 91}, "max_tokens", "fewer tokens"),
    "endless max_tokens": ({"max_tokens": 10**30}, "max_tokens", "whole number"),
    "max_tokens as text": ({"max_tokens": "2"}, "max_tokens", "whole number"),
    "max_tokens as a truth": ({"max_tokens": True}, "max_tokens", "whole number"),
    "hot": ({"temperature": 3}, "temperature", "from 0 to 2"),
    "temperature as a truth": ({"temperature": True}, "temperature", "a number"),
    "top_p of 0": ({"top_p": 0}, "top_p", "temperature to 0"),
    "seed below 0": ({"seed": -1}, "seed", "from 0"),
    "fractional top_k": ({"top_k": 1.5}, "top_k", "whole number"),
    "long stop": ({"stop": "x" * 257}, "stop", "256"),
    "too many stops": ({"stop": ["x"] * 17}, "stop", "16"),
    "empty stop": ({"stop": [""]}, "stop", "1 to 256"),
    "stop as a number": ({"stop": 5}, "stop", "a text or a list"),
    "unknown stop token": ({"stop_token_ids": [384]}, "stop_token_ids", "0..383"),
    "stop tokens as a number": ({"stop_token_ids": 5}, "stop_token_ids", "list of tokens"),
    "too many logprobs": ({"logprobs": 21}, "logprobs", "from 0 to 20"),
    "a chat's logprobs": ({"logprobs": True}, "logprobs", "whole number"),
    "ignore_eos as text": ({"ignore_eos": "yes"}, "ignore_eos", "true or false"),
}


@pytest.mark.parametrize(("body", "param", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_values_out_of_range_are_rejected(body: dict[str, Any], param: str, words: str) -> None:
    """Each error names its parameter and the limit."""
    with pytest.raises(HttpError, match=words) as caught:
        sampling(**body)
    assert caught.value.param == param


@pytest.mark.parametrize(
    ("body", "param"),
    [({"top_logprobs": 2}, "top_logprobs"), ({"logprobs": 2}, "logprobs")],
)
def test_a_chats_logprobs_are_a_switch(body: dict[str, Any], param: str) -> None:
    """Alternatives need it to be on."""
    with pytest.raises(HttpError) as caught:
        sampling(is_chat=True, **body)
    assert caught.value.param == param


@pytest.mark.parametrize(("is_chat", "param"), [(False, "prompt"), (True, "messages")])
def test_a_prompt_that_fills_the_context_is_to_blame_itself(is_chat: bool, param: str) -> None:
    """Fewer tokens would not help."""
    with pytest.raises(HttpError, match="Shorten the prompt") as caught:
        sampling(is_chat, prompt_tokens=100)
    assert (caught.value.param, caught.value.code) == (param, "context_length_exceeded")


def test_readers_use_defaults_for_missing_fields() -> None:
    """False, and a number of the caller's."""
    assert read_boolean({}, "stream") is False
    assert read_integer({}, "n", 5, 1, 9) == 5
