"""What is asked: repeatable, of the length that was asked for, and not what a prefix cache knows already."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from models.loadgen.arrivals import Arrival
from models.loadgen.prompts import RequestOptions, build_body


def asked(manner: RequestOptions, number: int = 0, prompt: int = 100, output: int = 9) -> dict[str, Any]:
    """A body as the server reads it."""
    found: dict[str, Any] = json.loads(build_body(manner, number, Arrival(0.0, prompt, output)))
    return found


@given(prompt=st.integers(1, 3000), vocab=st.integers(1, 200_000), number=st.integers(0, 10_000))
def test_token_numbers_have_exactly_the_length(prompt: int, vocab: int, number: int) -> None:
    """Each is below the vocabulary's size."""
    tokens = asked(RequestOptions("m", vocab_size=vocab), number, prompt)["prompt"]
    assert len(tokens) == prompt
    assert all(0 <= token < vocab for token in tokens)


def test_text_has_a_word_for_each_token() -> None:
    """About the length: what the server makes of it is in its usage."""
    assert len(asked(RequestOptions("m"), prompt=321)["prompt"].split(" ")) == 321


def test_the_same_seed_asks_the_same_and_another_does_not() -> None:
    """So runs can be compared."""
    manner = RequestOptions("m", seed=4)
    assert build_body(manner, 3, Arrival(0.0, 50, 5)) == build_body(manner, 3, Arrival(9.0, 50, 5))
    assert asked(manner, 3) != asked(RequestOptions("m", seed=5), 3)


def test_prompts_share_no_beginning() -> None:
    """A prefix cache would otherwise be measured in place of the model."""
    beginnings = {
        tuple(asked(RequestOptions("m", vocab_size=1024), number)["prompt"][:16]) for number in range(500)
    }
    assert len(beginnings) == 500


def test_a_stream_asks_for_its_usage() -> None:
    """Otherwise the server counts nothing for us; what a server may not know is left out."""
    assert set(asked(RequestOptions("m"))) == {
        "model",
        "prompt",
        "max_tokens",
        "temperature",
        "stream",
        "stream_options",
    }
    assert asked(RequestOptions("m"))["stream_options"] == {"include_usage": True}
    assert "stream_options" not in asked(RequestOptions("m", is_stream=False))
    assert asked(RequestOptions("m", ignores_eos=True))["ignore_eos"] is True


def test_a_chat_is_one_message() -> None:
    """With the text that a completion would have."""
    [message] = asked(RequestOptions("m", endpoint="chat/completions"))["messages"]
    assert message == {"role": "user", "content": asked(RequestOptions("m"))["prompt"]}
