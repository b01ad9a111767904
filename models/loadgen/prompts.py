"""What is asked: the body of a request, of about or exactly the length that its arrival names.

Text is made of common words, each about one token of a large vocabulary; small ones split them into more. How many there were is
what the server says in `usage`. Token numbers hit the length exactly, on /v1/completions. Each prompt is drawn on its own, so that a
server's prefix cache finds next to nothing.
"""

import json
from dataclasses import dataclass
from random import Random
from typing import Any, Literal

from models.loadgen.arrivals import Arrival

Endpoint = Literal["completions", "chat/completions"]

TEXT = (
    "the of and to in is that it for on with as was are be this have from or had by not but what some we can out other were all there "
    "when up use your how said an each she which do their time if will way about many then them would write like so these her long make "
    "thing see him two has look more day could go come did number sound no most people my over know water than call first who may down "
    "side been now find any new work part take get place made live where after back little only round man year came show every good me "
    "give our under name very through just form much great think say help low line before turn cause same mean right old too does tell "
    "want well small end put home read hand large add land here must big high such follow act why ask men change went light kind off"
)
WORDS = TEXT.split()


@dataclass(frozen=True)
class RequestOptions:
    """How every request of a run is asked."""

    model: str
    endpoint: Endpoint = "completions"
    vocab_size: int | None = None  # prompts are numbers below it; None: text
    is_stream: bool = True
    ignores_eos: bool = False
    temperature: float = 0.0
    seed: int = 0


def build_body(manner: RequestOptions, number: int, arrival: Arrival) -> bytes:
    """The JSON of the request with this number; the same seed and number give the same body."""
    asked: dict[str, Any] = {
        "model": manner.model,
        "max_tokens": arrival.output_tokens,
        "temperature": manner.temperature,
        "stream": manner.is_stream,
    }
    if manner.is_stream:
        asked["stream_options"] = {"include_usage": True}
    if manner.ignores_eos:
        asked["ignore_eos"] = True
    prompt = _prompt(manner, number, arrival.prompt_tokens)
    if manner.endpoint == "completions":
        asked["prompt"] = prompt
    else:
        asked["messages"] = [{"role": "user", "content": prompt}]
    return json.dumps(asked).encode()


def _prompt(manner: RequestOptions, number: int, tokens: int) -> str | list[int]:
    chosen = Random(f"{manner.seed} {number}")  # noqa: S311 - no secret, and it must be repeatable
    if manner.vocab_size is None:
        return " ".join(chosen.choices(WORDS, k=tokens))
    return chosen.choices(range(manner.vocab_size), k=tokens)
