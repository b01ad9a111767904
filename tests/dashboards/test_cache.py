"""Caches of the server: each value is made once, and equal rows are drawn once."""

import threading
from concurrent.futures import ThreadPoolExecutor

import polars as pl
import pytest

from dashboards.cache import RenderCache, SingleFlightCache

ROWS = pl.DataFrame({"a": [1, 2, None], "b": [0.5, float("nan"), 1.0]})


def test_a_value_that_several_threads_ask_for_is_made_once() -> None:
    """The others wait for it; a thread that asks for another key does not."""
    cache: SingleFlightCache[int] = SingleFlightCache(8)
    made, may_end = [], threading.Event()

    def make() -> int:
        may_end.wait(10)
        made.append(1)
        return 7

    with ThreadPoolExecutor(5) as threads:
        asked = [threads.submit(cache.get, "one", make) for _ in range(4)]
        assert threads.submit(cache.get, "another", lambda: 8).result(5) == 8
        may_end.set()
        assert [each.result(10) for each in asked] == [7] * 4
    assert made == [1]


def test_a_failure_is_raised_in_every_thread_that_waited() -> None:
    """A query that fails runs once, and not once for each viewer who waits for it."""
    cache: SingleFlightCache[int] = SingleFlightCache(8)
    made, may_fail = [], threading.Event()

    def fail() -> int:
        made.append(1)
        may_fail.wait(10)
        raise ZeroDivisionError

    with ThreadPoolExecutor(4) as threads:
        first = threads.submit(cache.get, "one", fail)
        while not made:
            pass
        others = [threads.submit(cache.get, "one", fail) for _ in range(3)]
        while threads._work_queue.qsize():
            pass
        may_fail.set()
        errors = [each.exception(10) for each in (first, *others)]
    assert [type(error) for error in errors] == [ZeroDivisionError] * 4
    assert made == [1]


def test_a_failure_is_not_kept() -> None:
    cache: SingleFlightCache[int] = SingleFlightCache(8)
    with pytest.raises(ZeroDivisionError):
        cache.get("one", lambda: 1 // 0)
    assert cache.get("one", lambda: 1) == 1


def test_the_value_unused_for_longest_goes_first() -> None:
    """Of two that fit, the one that was asked for again stays."""
    cache: SingleFlightCache[int] = SingleFlightCache(2)
    for key in ("a", "b", "a", "c"):
        cache.get(key, lambda: 1)
    assert [cache.get(key, lambda: 2) for key in ("a", "b")] == [1, 2]


def test_the_same_rows_are_drawn_once_whichever_generation_they_come_from() -> None:
    """A null and a NaN equal themselves here, and 1 is not 1.0."""
    cache, drawn = RenderCache(), []

    def draw() -> int:
        drawn.append(1)
        return len(drawn)

    same = (ROWS, ROWS.clone(), pl.DataFrame(ROWS.to_dict(as_series=False)))
    assert [cache.get("key", rows, draw) for rows in same] == [1, 1, 1]
    assert cache.get("key", ROWS.with_columns(pl.col("a").cast(pl.Float64)), draw) == 2
    assert cache.get("key", ROWS.reverse(), draw) == 3
    assert cache.get("another", ROWS.reverse(), draw) == 4
