"""Request quota: 30 a minute and 500 a UTC day over all processes and restarts."""

import itertools
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from pipelines.errors import LimitReached
from pipelines.sources.client.quota import Budget, RequestQuota, next_midnight

DAY = 86_400.0
MIDNIGHT = datetime(2026, 6, 20, tzinfo=UTC).timestamp()
NOON = MIDNIGHT + DAY / 2
BUDGET = Budget("openrouter.ai")
# Takes requests until the daily budget is used up and prints their number.
SPENDER = """
import sys
from pathlib import Path
from pipelines.errors import LimitReached
from pipelines.sources.client.quota import Budget, RequestQuota
path, now, taken = Path(sys.argv[1]), float(sys.argv[2]), 0
budget = Budget("openrouter.ai", per_minute=1000)
try:
    while RequestQuota(path).spend(budget, now) == 0:
        taken += 1
except LimitReached:
    print(taken)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "requests.sqlite"


def spend_day(path: Path, budget: Budget, start: float) -> None:
    """Use up the daily budget, two seconds apart, so that no minute is full."""
    for n in range(budget.per_day):
        assert RequestQuota(path).spend(budget, start + 2 * n) == 0


def test_the_thirty_first_request_of_a_minute_waits(path: Path) -> None:
    """It gets the seconds to wait, is not counted, and passes after them."""
    quota = RequestQuota(path)
    assert [quota.spend(BUDGET, NOON + n) for n in range(30)] == [0.0] * 30
    assert quota.spend(BUDGET, NOON + 30) == 30.0
    assert quota.spend(BUDGET, NOON + 59.5) == 0.5
    assert quota.spend(BUDGET, NOON + 60) == 0.0
    assert quota.spend(BUDGET, NOON + 60) == 1.0


def test_a_used_up_day_is_refused(path: Path) -> None:
    """The message says when the next request is possible; the error has the seconds."""
    budget = Budget("openrouter.ai", per_day=20)
    spend_day(path, budget, NOON)
    with pytest.raises(
        LimitReached,
        match="20 requests of this UTC day are spent; the next one is possible at 00:00 UTC",
    ) as caught:
        RequestQuota(path).spend(budget, MIDNIGHT + DAY - 1000)
    assert caught.value.retry_after == 1000.0


def test_the_budget_starts_again_at_midnight(path: Path) -> None:
    """At exactly 00:00 UTC."""
    budget = Budget("openrouter.ai", per_day=3)
    spend_day(path, budget, NOON)
    with pytest.raises(LimitReached):
        RequestQuota(path).spend(budget, MIDNIGHT + DAY - 0.001)
    spend_day(path, budget, MIDNIGHT + DAY)
    with pytest.raises(LimitReached):
        RequestQuota(path).spend(budget, MIDNIGHT + DAY)


def test_used_requests_survive_a_restart(path: Path) -> None:
    """A new process continues the count of the last one."""
    for n in range(30):
        assert RequestQuota(path).spend(BUDGET, NOON + n) == 0
    assert RequestQuota(path).spend(BUDGET, NOON + 30) == 30.0


@pytest.mark.slow
def test_two_processes_share_five_hundred_requests_a_day(path: Path) -> None:
    """Together they get exactly as many as one alone."""
    command = [sys.executable, "-c", SPENDER, str(path), str(NOON)]
    processes = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    outputs = [process.communicate(timeout=60) for process in processes]
    assert [error for _, error in outputs] == ["", ""]
    assert sum(int(out) for out, _ in outputs) == 500


def test_budgets_of_two_hosts_are_separate(path: Path) -> None:
    """Requests to a simulator do not count against the real service."""
    quota, other = RequestQuota(path), Budget("127.0.0.1:8321")
    for _ in range(30):
        quota.spend(BUDGET, NOON)
    quota.block(BUDGET, MIDNIGHT + DAY, now=NOON)
    assert quota.spend(other, NOON) == 0.0


def test_a_block_holds_until_its_end_in_every_process(path: Path) -> None:
    """Also after a restart; then requests pass again."""
    RequestQuota(path).block(BUDGET, NOON + 90, now=NOON)
    with pytest.raises(LimitReached, match="come back at 2026-06-20 12:01:30 UTC") as caught:
        RequestQuota(path).spend(BUDGET, NOON + 60)
    assert caught.value.retry_after == 30.0
    assert RequestQuota(path).spend(BUDGET, NOON + 90) == 0.0


def test_a_refusal_costs_nothing(path: Path) -> None:
    """A refused request does not delay the next one."""
    quota = RequestQuota(path)
    quota.block(BUDGET, NOON + 10, now=NOON)
    for n in range(10):
        with pytest.raises(LimitReached):
            quota.spend(BUDGET, NOON + n)
    assert [quota.spend(BUDGET, NOON + 10) for _ in range(31)] == [0.0] * 30 + [60.0]


def test_a_deleted_file_starts_again(path: Path) -> None:
    """It may be deleted at any time, at the cost of a few needless requests."""
    RequestQuota(path).block(BUDGET, NOON + DAY, now=NOON)
    path.unlink()
    assert RequestQuota(path).spend(BUDGET, NOON) == 0.0


@pytest.mark.parametrize("late", [0.0, 0.001, 3600.0, DAY - 0.001])
def test_the_next_midnight_is_ahead(late: float) -> None:
    """At midnight itself it is a day away."""
    assert next_midnight(MIDNIGHT + late) == MIDNIGHT + DAY


@pytest.mark.parametrize("step", [120.0, 3600.0, 40 * DAY])
def test_a_clock_that_is_set_back_delays_by_two_minutes_at_most(path: Path, step: float) -> None:
    """The requests before the step still count, as of now, and not for the length of the step."""
    for n in range(30):
        assert RequestQuota(path).spend(BUDGET, NOON + step + n) == 0
    assert 0 < RequestQuota(path).spend(BUDGET, NOON) <= 120
    assert RequestQuota(path).spend(BUDGET, NOON + 120) == 0


@pytest.mark.parametrize("step", [120.0, 3600.0, 40 * DAY])
def test_a_block_lasts_no_longer_where_the_clock_is_set_back(path: Path, step: float) -> None:
    """It ends after the seconds that it was made for."""
    RequestQuota(path).block(BUDGET, NOON + step + 90, now=NOON + step)
    with pytest.raises(LimitReached) as caught:
        RequestQuota(path).spend(BUDGET, NOON)
    assert caught.value.retry_after == 90.0
    assert RequestQuota(path).spend(BUDGET, NOON + 91) == 0


def test_blocks_of_an_earlier_version_are_dropped(path: Path) -> None:
    """They did not say when they were made; the upstream repeats them."""
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as con, con:
        con.execute("create table blocks (bucket text primary key, until real, reason text)")
        con.execute("insert into blocks values (?, ?, 'x')", (BUDGET.bucket, NOON + DAY))
    assert RequestQuota(path).spend(BUDGET, NOON) == 0


# Steps that fill minutes and days and fall on their boundaries; some go backwards, since a process
# reads the clock before it gets the lock.
STEPS = st.lists(
    st.sampled_from([0.0, 0.0, 0.5, 1.0, 7.25, 30.0, 59.75, 60.0, 61.0, 3600.0, -0.25, -5.0]),
    min_size=5,
    max_size=25,
)


@hypothesis_settings(deadline=None, derandomize=True, max_examples=25)
@given(
    start=st.sampled_from([-200.0, -60.0, -1.0, 0.0, 20.0]),
    steps=STEPS,
    minute=st.integers(1, 4),
    day=st.integers(1, 6),
)
def test_no_sequence_of_requests_exceeds_a_budget(
    tmp_path_factory: pytest.TempPathFactory,
    start: float,
    steps: list[float],
    minute: int,
    day: int,
) -> None:
    """Neither in any 60 seconds nor in any UTC day."""
    quota, budget = (
        RequestQuota(tmp_path_factory.mktemp("quota") / "requests.sqlite"),
        Budget("h", minute, day),
    )
    taken, refused = [], []
    for at in itertools.accumulate(steps, initial=MIDNIGHT + start):
        try:
            wait = quota.spend(budget, at)
        except LimitReached as error:
            refused.append(error.retry_after or 0)
            continue
        assert wait >= 0
        if wait == 0:
            taken.append(at)
    assert all(0 < wait <= DAY for wait in refused)
    assert all(
        sum(at < other <= at + 60 for other in taken) <= minute
        for at in [at - 0.001 for at in taken]
    )
    assert all(sum(other // DAY == at // DAY for other in taken) <= day for at in taken)


@hypothesis_settings(deadline=None, derandomize=True, max_examples=12)
@given(gaps=st.lists(st.floats(0, 30), min_size=3, max_size=15), minute=st.integers(1, 4))
def test_the_returned_wait_is_enough(
    tmp_path_factory: pytest.TempPathFactory, gaps: list[float], minute: int
) -> None:
    """After the returned seconds a request passes, however full the minute was."""
    quota, budget, at = (
        RequestQuota(tmp_path_factory.mktemp("quota") / "requests.sqlite"),
        Budget("h", minute, 10_000),
        NOON,
    )
    for gap in gaps:
        at += gap
        wait = quota.spend(budget, at)
        if wait:
            at += wait
            assert quota.spend(budget, at) == 0.0
