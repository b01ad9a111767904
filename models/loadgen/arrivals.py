"""Arrival times and lengths of requests. The text of requests is made in `prompts`."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import accumulate
from random import Random


@dataclass(frozen=True)
class Arrival:
    """One future request."""

    at_s: float  # seconds after the start of the load test
    prompt_tokens: int
    output_tokens: int


def poisson_arrivals(
    rate: float, requests: int, prompt_tokens: int, output_tokens: int, seed: int
) -> list[Arrival]:
    """Draw independent arrivals of `rate` requests per second. Equal seeds give equal times."""
    random = Random(seed)  # noqa: S311 - no secret, and it must be repeatable
    gaps = (random.expovariate(rate) for _ in range(requests))
    return [Arrival(at_s, prompt_tokens, output_tokens) for at_s in accumulate(gaps)]


def scale_speed(arrivals: Iterable[Arrival], speed: float) -> list[Arrival]:
    """Return the same requests, arriving `speed` times as fast."""
    return [replace(each, at_s=each.at_s / speed) for each in arrivals]


def cap_tokens(arrival: Arrival, max_tokens: int) -> Arrival:
    """Shorten a request so that prompt and completion together fit in `max_tokens`, at least 2.

    The prompt is shortened first, down to half of the limit; then the completion is.
    """
    room = max(max_tokens // 2, max_tokens - arrival.prompt_tokens)
    output = min(arrival.output_tokens, room)
    prompt = min(arrival.prompt_tokens, max_tokens - output)
    return replace(arrival, prompt_tokens=prompt, output_tokens=output)
