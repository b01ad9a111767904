"""Blocks of a pilot: consecutive arrivals that both servers get, one server after the other.

Which server is first is random, so that whatever changes with time meets both alike. Of each two
blocks one begins with A and one with B.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from random import Random
from typing import Literal

from models.errors import BadConfig
from models.loadgen.arrivals import Arrival, poisson_arrivals

Side = Literal["a", "b"]
SIDES: tuple[Side, Side] = ("a", "b")
MIN_BLOCKS = 6  # with fewer an interval says nothing
DEFAULT_BLOCKS = 20


@dataclass(frozen=True)
class Block:
    """Arrivals from the start of the block on, and the order of the servers."""

    number: int
    first_request: int  # number of its first request, which gives the prompts
    arrivals: tuple[Arrival, ...]
    order: tuple[Side, Side]


def draw_arrivals(
    rate: float, minutes: float, prompt_tokens: int, output_tokens: int, seed: int
) -> list[Arrival]:
    """Draw independent arrivals of `rate` requests per second for these minutes."""
    expected = 60 * rate * minutes
    # Enough that the last one is later but once in a million draws; what is later is cut.
    count = math.ceil(expected + 5 * math.sqrt(expected) + 10)
    drawn = poisson_arrivals(rate, count, prompt_tokens, output_tokens, seed)
    return take_minutes(drawn, minutes)


def take_minutes(arrivals: Sequence[Arrival], minutes: float) -> list[Arrival]:
    """Return the arrivals of the first minutes."""
    return [each for each in arrivals if each.at_s <= 60 * minutes]


def plan_blocks(arrivals: Sequence[Arrival], count: int | None, seed: int) -> list[Block]:
    """Cut arrivals into blocks of about as many requests each: `count`, or as many as fit up to 20.

    Raise BadConfig where there are fewer requests than blocks, or none. Equal seeds give equal
    orders.
    """
    if count is None:
        count = min(DEFAULT_BLOCKS, len(arrivals)) or MIN_BLOCKS
    if len(arrivals) < count:
        raise BadConfig(
            f"{len(arrivals)} requests make no {count} blocks. Give a longer --minutes, a higher "
            f"--speed or --rate, or fewer --blocks (at least {MIN_BLOCKS})."
        )
    orders = _draw_orders(count, seed)
    bounds = [len(arrivals) * number // count for number in range(count + 1)]
    return [
        Block(number, first, _from_start(arrivals[first:last]), orders[number])
        for number, (first, last) in enumerate(pairwise(bounds))
    ]


def _from_start(arrivals: Sequence[Arrival]) -> tuple[Arrival, ...]:
    start = arrivals[0].at_s
    return tuple(replace(each, at_s=each.at_s - start) for each in arrivals)


def _draw_orders(count: int, seed: int) -> list[tuple[Side, Side]]:
    random = Random(f"order {seed}")  # noqa: S311 - no secret, and it must be repeatable
    orders: list[tuple[Side, Side]] = []
    while len(orders) < count:
        pair: list[tuple[Side, Side]] = [("a", "b"), ("b", "a")]
        random.shuffle(pair)
        orders += pair
    return orders[:count]
