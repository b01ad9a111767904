"""Days of the past: made once in the background, and refused in words."""

import threading
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import pytest

from dashboards.past.days import MAX_OPEN, MAX_WAITING, PastDays
from dashboards.statements.actions import ActionRefusedError

DAY = date(2026, 11, 1)


class Maker:
    """Makes files of days as slowly as the test wants, and counts them."""

    def __init__(self) -> None:
        self.made: list[date] = []
        self.may_go_on = threading.Event()

    def __call__(self, day: date) -> Path:
        self.may_go_on.wait(30)
        self.made.append(day)
        if day.year < 2026:
            raise ActionRefusedError(f"Nothing was known on {day}.")
        return Path(f"{day}.duckdb")


@pytest.fixture
def maker() -> Maker:
    return Maker()


def wait_for(find: Callable[[], str | None]) -> str:
    """Return what is found, once it is there."""
    return next(found for found in iter(find, object()) if found is not None)


def test_a_day_is_made_once_however_many_ask(maker: Maker) -> None:
    """Nobody waits for it; it opens as soon as it is made."""
    past = PastDays(maker, str)
    assert past.find(DAY) is None
    assert past.find(DAY) is None
    maker.may_go_on.set()
    assert wait_for(lambda: past.find(DAY)) == "2026-11-01.duckdb"
    assert maker.made == [DAY]


def test_a_day_that_cannot_be_made_says_why_and_may_be_tried_again(maker: Maker) -> None:
    maker.may_go_on.set()
    past = PastDays(maker, str)
    for _ in range(2):
        with pytest.raises(ActionRefusedError, match=r"Nothing was known on 2025-11-01\."):
            past.find(date(2025, 11, 1))
    assert len(maker.made) == 2


def test_few_days_wait_and_few_stay_open(maker: Maker) -> None:
    past = PastDays(maker, str)
    days = [DAY + timedelta(days=number) for number in range(MAX_WAITING + 1)]
    for day in days[:-1]:
        assert past.find(day) is None
    with pytest.raises(ActionRefusedError, match="Try again in a minute"):
        past.find(days[-1])
    maker.may_go_on.set()
    newest = days[-MAX_OPEN:]
    for day in newest:
        wait_for(partial(past.find, day))
    made = len(maker.made)
    assert [past.find(day) for day in newest] == [f"{day}.duckdb" for day in newest]
    assert len(maker.made) == made
