"""Blocks in host memory: bounded, and the least recently used go first."""

from collections import OrderedDict

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from models.errors import BadConfig
from models.kv_offload.host_tier import HostTier

BLOCK_BYTES = 3


def content(*numbers: int) -> torch.Tensor:
    """Return blocks of one number each."""
    return torch.tensor(numbers, dtype=torch.uint8).view(-1, 1).repeat(1, BLOCK_BYTES)


def digests(*numbers: int) -> list[bytes]:
    """Return the digests of blocks."""
    return [bytes([number]) * 16 for number in numbers]


def test_of_too_many_blocks_the_first_are_held() -> None:
    """A prefix is worth more than its end, which is nothing without it."""
    host = HostTier(2, BLOCK_BYTES)
    host.put(digests(1, 2, 3), content(1, 2, 3))
    assert [each in host for each in digests(1, 2, 3)] == [True, True, False]
    assert host.held_bytes == host.max_bytes == 2 * BLOCK_BYTES


def test_more_memory_than_there_is_is_said_at_the_start() -> None:
    """With the option to change."""
    with pytest.raises(BadConfig, match="--host-cache-gib"):
        HostTier(2**40, 2**20)


@given(st.integers(1, 5), st.lists(st.tuples(st.booleans(), st.lists(st.integers(0, 9)))))
def test_it_is_a_bounded_cache_of_what_was_put(
    size: int, steps: list[tuple[bool, list[int]]]
) -> None:
    """In any order of calls it holds what a plain dictionary of that size would."""
    host, expected = HostTier(size, BLOCK_BYTES), OrderedDict[int, int]()
    for is_put, numbers in steps:
        if not is_put:
            host.touch(digests(*numbers))
            for number in numbers:
                if number in expected:
                    expected.move_to_end(number)
            continue
        fresh = [each for each in dict.fromkeys(numbers) if each not in expected][:size]
        host.put(digests(*fresh), content(*fresh))
        for number in fresh:
            if len(expected) == size:
                expected.popitem(last=False)
            expected[number] = number
        held = list(expected)
        assert [each in host for each in digests(*range(10))] == [n in held for n in range(10)]
        assert host.held_bytes == len(held) * BLOCK_BYTES <= host.max_bytes
        assert torch.equal(host.take(digests(*held)), content(*held))
