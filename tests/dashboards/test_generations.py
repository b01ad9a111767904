"""What is kept of a generation's answers, for whom, and until when."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import polars as pl
import pytest

from dashboards.generations import Drawings, Generation, Kept
from dashboards.query import Query
from warehouse.connection import open_published

ROWS = pl.DataFrame({"a": [1, 2, None], "b": [0.5, float("nan"), 1.0]})


def test_what_several_ask_for_at_once_is_made_once() -> None:
    """The others wait for it; who asks for something else does not."""
    kept: Kept[int] = Kept(8)
    made, may_end = [], threading.Event()

    def make() -> int:
        may_end.wait(10)
        made.append(1)
        return 7

    with ThreadPoolExecutor(5) as people:
        asked = [people.submit(kept.get, "one", make) for _ in range(4)]
        assert people.submit(kept.get, "another", lambda: 8).result(5) == 8
        may_end.set()
        assert [each.result(10) for each in asked] == [7] * 4
    assert made == [1]


def test_what_failed_is_tried_again_by_the_next() -> None:
    """All who waited hear of the failure, and it is not kept."""
    kept: Kept[int] = Kept(8)
    with pytest.raises(ZeroDivisionError):
        kept.get("one", lambda: 1 // 0)
    assert kept.get("one", lambda: 1) == 1


def test_the_longest_unasked_goes_first() -> None:
    """Of two that fit, the one that was asked for again stays."""
    kept: Kept[int] = Kept(2)
    for key in ("a", "b", "a", "c"):
        kept.get(key, lambda: 1)
    assert [kept.get(key, lambda: 2) for key in ("a", "b")] == [1, 2]


def test_the_same_rows_are_drawn_once_and_others_anew() -> None:
    """Whichever generation they come from; a gap and a figure that is no number are the same as themselves, and 1 is not 1.0."""
    drawings, drawn = Drawings(), []

    def draw() -> int:
        drawn.append(1)
        return len(drawn)

    again = [
        drawings.of("key", rows, draw)
        for rows in (ROWS, ROWS.clone(), pl.DataFrame(ROWS.to_dict(as_series=False)))
    ]
    assert again == [1, 1, 1]
    assert drawings.of("key", ROWS.with_columns(pl.col("a").cast(pl.Float64)), draw) == 2
    assert drawings.of("key", ROWS.reverse(), draw) == 3
    assert drawings.of("another", ROWS.reverse(), draw) == 4


def test_many_questions_at_once_take_turns(tmp_path: Path) -> None:
    """Each of them needs a third of the memory: two at a time have enough, and all at once would not."""
    path = tmp_path / "generation-000001.duckdb"
    with duckdb.connect(path) as con:
        con.execute("create schema marts")
        con.execute(
            "create table marts.numbers as select hash(range) as number from range(1_000_000)"
        )
    question = "select number, count(*) as n from numbers where number % 100 <> {} group by number order by n desc, number limit 5"
    generation = Generation(path, lambda path: open_published(path, memory="130MB"))
    with ThreadPoolExecutor(8) as people:
        found = list(
            people.map(
                generation.frame, [Query(question.format(number), {}) for number in range(16)]
            )
        )
    assert [rows.height for rows in found] == [5] * 16
