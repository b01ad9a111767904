"""Blocks of arrivals and the order of servers."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import BadConfig
from models.loadgen.arrivals import Arrival
from models.pilot.blocks import draw_arrivals, plan_blocks, take_minutes


def arrivals(count: int) -> list[Arrival]:
    return [Arrival(2.0 * number, 10 + number, 5) for number in range(count)]


@settings(deadline=None)
@given(st.integers(6, 40), st.integers(0, 200), st.integers(0, 1000))
def test_every_request_is_in_one_block_in_its_order(blocks: int, more: int, seed: int) -> None:
    """Numbers go on from block to block, so that no prompt comes twice."""
    given_arrivals = arrivals(blocks + more)
    planned = plan_blocks(given_arrivals, blocks, seed)
    together = [each for block in planned for each in block.arrivals]
    assert [each.prompt_tokens for each in together] == [
        each.prompt_tokens for each in given_arrivals
    ]
    sizes = [len(block.arrivals) for block in planned]
    assert max(sizes) - min(sizes) <= 1
    assert [block.first_request for block in planned] == [
        sum(sizes[:number]) for number in range(blocks)
    ]


def test_a_block_begins_with_its_first_request() -> None:
    planned = plan_blocks(arrivals(12), 6, 0)
    assert [each.at_s for each in planned[3].arrivals] == [0.0, 2.0]


@settings(deadline=None)
@given(st.integers(6, 40), st.integers(0, 1000))
def test_of_each_two_blocks_one_begins_with_a(blocks: int, seed: int) -> None:
    """Then no drift favours the one that is first more often."""
    orders = [block.order for block in plan_blocks(arrivals(blocks), blocks, seed)]
    for first, second in zip(orders[::2], orders[1::2], strict=False):
        assert {first, second} == {("a", "b"), ("b", "a")}


def test_the_order_is_that_of_the_seed() -> None:
    orders = [[each.order for each in plan_blocks(arrivals(40), 40, seed)] for seed in (1, 1, 2)]
    assert orders[0] == orders[1]
    assert orders[0] != orders[2]


def test_fewer_requests_than_blocks_are_refused_with_what_helps() -> None:
    with pytest.raises(BadConfig, match=r"5 requests make no 6 blocks.*--minutes"):
        plan_blocks(arrivals(5), 6, 0)


def test_few_requests_have_a_block_each_where_no_number_is_given() -> None:
    """A short pilot has figures, without intervals below six blocks."""
    counts = [len(plan_blocks(arrivals(count), None, 0)) for count in (1, 7, 20, 300)]
    assert counts == [1, 7, 20, 20]
    with pytest.raises(BadConfig, match="--minutes"):
        plan_blocks([], None, 0)


def test_arrivals_are_drawn_for_the_minutes() -> None:
    """120 a minute are expected of each of five minutes."""
    drawn = draw_arrivals(2.0, 5.0, 10, 5, seed=1)
    assert 500 < len(drawn) < 700
    assert 290 < drawn[-1].at_s <= 300


def test_minutes_cut_a_trace() -> None:
    assert len(take_minutes(arrivals(100), 1.0)) == 31
