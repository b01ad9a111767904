"""Bodies: repeatable, of the requested length, and unknown to a prefix cache."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from models.loadgen.arrivals import Arrival
from models.loadgen.prompts import RequestOptions, build_body


def parse_body(
    options: RequestOptions, number: int = 0, prompt: int = 100, output: int = 9
) -> dict[str, Any]:
    """Build a body and parse it as a server does."""
    body: dict[str, Any] = json.loads(build_body(options, number, Arrival(0.0, prompt, output)))
    return body


@given(prompt=st.integers(1, 3000), vocab=st.integers(1, 200_000), number=st.integers(0, 10_000))
def test_token_ids_have_exactly_the_requested_length(prompt: int, vocab: int, number: int) -> None:
    """Each is below the vocabulary's size."""
    tokens = parse_body(RequestOptions("m", vocab_size=vocab), number, prompt)["prompt"]
    assert len(tokens) == prompt
    assert all(0 <= token < vocab for token in tokens)


def test_text_has_a_word_for_each_token() -> None:
    """The true number of tokens is in the server's usage."""
    assert len(parse_body(RequestOptions("m"), prompt=321)["prompt"].split(" ")) == 321


def test_equal_seeds_give_equal_bodies() -> None:
    """Load tests can be compared."""
    options = RequestOptions("m", seed=4)
    first, again = (build_body(options, 3, Arrival(at_s, 50, 5)) for at_s in (0.0, 9.0))
    assert first == again
    assert parse_body(options, 3) != parse_body(RequestOptions("m", seed=5), 3)


def test_prompts_share_no_beginning() -> None:
    """Otherwise the prefix cache would be measured instead of the model."""
    options = RequestOptions("m", vocab_size=1024)
    beginnings = {tuple(parse_body(options, number)["prompt"][:16]) for number in range(500)}
    assert len(beginnings) == 500


def test_a_stream_requests_its_usage() -> None:
    """Fields that a server may not know are left out."""
    body = parse_body(RequestOptions("m"))
    fields = {"model", "prompt", "max_tokens", "temperature", "stream", "stream_options"}
    assert set(body) == fields
    assert body["stream_options"] == {"include_usage": True}
    assert "stream_options" not in parse_body(RequestOptions("m", is_stream=False))
    assert parse_body(RequestOptions("m", ignore_eos=True))["ignore_eos"] is True


def test_a_chat_is_one_message() -> None:
    """Its text is that of the completion."""
    chat, plain = RequestOptions("m", endpoint="chat/completions"), RequestOptions("m")
    [message] = parse_body(chat)["messages"]
    assert message == {"role": "user", "content": parse_body(plain)["prompt"]}
