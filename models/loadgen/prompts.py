"""Bodies of requests, with prompts of about or exactly the arrival's length.

Text is made of common words, each about one token of a large vocabulary; small vocabularies split
them. The server's `usage` has the true count. Token ids have exactly the requested length, on
/v1/completions. Prompts are drawn independently, so that a prefix cache finds next to nothing.
"""

import json
from dataclasses import dataclass
from random import Random
from typing import Any, Literal

from models.loadgen.arrivals import Arrival

Endpoint = Literal["completions", "chat/completions"]

TEXT = (
    "the of and to in is that it for on with as was are be this have from or had by not but what "
    "some we can out other were all there when up use your how said an each she which do their "
    "time if will way about many then them would write like so these her long make thing see him "
    "two has look more day could go come did number sound no most people my over know water than "
    "call first who may down side been now find any new work part take get place made live where "
    "after back little only round man year came show every good me give our under name very "
    "through just form much great think say help low line before turn cause same mean right old "
    "too does tell want well small end put home read hand large add land here must big high such "
    "follow act why ask men change went light kind off"
)
WORDS = TEXT.split()


@dataclass(frozen=True)
class RequestOptions:
    """Options that all requests of a load test share."""

    model: str
    endpoint: Endpoint = "completions"
    vocab_size: int | None = None  # prompts are token ids below it; None: text
    is_stream: bool = True
    ignore_eos: bool = False
    temperature: float = 0.0
    seed: int = 0
    sends_seed: bool = False  # to draw the same tokens at a temperature above 0
    asks_usage: bool = True  # of streams; some servers refuse the option


def build_body(options: RequestOptions, number: int, arrival: Arrival) -> bytes:
    """Build the JSON of a request. Equal seeds and numbers give equal bodies."""
    body: dict[str, Any] = {
        "model": options.model,
        "max_tokens": arrival.output_tokens,
        "temperature": options.temperature,
        "stream": options.is_stream,
    }
    if options.is_stream and options.asks_usage:
        body["stream_options"] = {"include_usage": True}
    if options.ignore_eos:
        body["ignore_eos"] = True
    if options.sends_seed:
        body["seed"] = options.seed + number
    prompt = _draw_prompt(options, number, arrival.prompt_tokens)
    if options.endpoint == "completions":
        body["prompt"] = prompt
    else:
        body["messages"] = [{"role": "user", "content": prompt}]
    return json.dumps(body).encode()


def _draw_prompt(options: RequestOptions, number: int, tokens: int) -> str | list[int]:
    random = Random(f"{options.seed} {number}")  # noqa: S311 - no secret, and it must be repeatable
    if options.vocab_size is None:
        return " ".join(random.choices(WORDS, k=tokens))
    return random.choices(range(options.vocab_size), k=tokens)
