"""Budgets that every process shares: 30 requests a minute and 500 a UTC day, never more, whoever asks and however often it restarts."""

import itertools
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from pipelines.errors import LimitReached
from pipelines.sources.quota import Budget, RequestQuota, next_midnight

DAY = 86_400.0
MIDNIGHT = datetime(2026, 6, 20, tzinfo=UTC).timestamp()
NOON = MIDNIGHT + DAY / 2
BUDGET = Budget("openrouter.ai")
# Spends until the day's budget is used up and prints how often it could.
SPENDER = """
import sys
from pathlib import Path
from pipelines.errors import LimitReached
from pipelines.sources.quota import Budget, RequestQuota
path, budget, now, spent = Path(sys.argv[1]), Budget("openrouter.ai", per_minute=1000), float(sys.argv[2]), 0
try:
    while RequestQuota(path).spend(budget, now) == 0:
        spent += 1
except LimitReached:
    print(spent)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "requests.sqlite"


def spend_day(path: Path, budget: Budget, start: float) -> None:
    """Use up a day's budget, two seconds apart, so that no minute is full."""
    for n in range(budget.per_day):
        assert RequestQuota(path).spend(budget, start + 2 * n) == 0


def test_the_thirty_first_request_of_a_minute_waits(path: Path) -> None:
    """Thirty pass; the next one is told how long to wait, is not counted, and passes once it has waited."""
    ledger = RequestQuota(path)
    assert [ledger.spend(BUDGET, NOON + n) for n in range(30)] == [0.0] * 30
    assert ledger.spend(BUDGET, NOON + 30) == 30.0
    assert ledger.spend(BUDGET, NOON + 59.5) == 0.5
    assert ledger.spend(BUDGET, NOON + 60) == 0.0
    assert ledger.spend(BUDGET, NOON + 60) == 1.0


def test_a_day_that_is_spent_is_refused(path: Path) -> None:
    """The day's budget is not waited for; the message says when there is more, and the error for how long."""
    budget = Budget("openrouter.ai", per_day=20)
    spend_day(path, budget, NOON)
    with pytest.raises(
        LimitReached,
        match="20 requests of this UTC day are spent; the next one is possible at 00:00 UTC",
    ) as caught:
        RequestQuota(path).spend(budget, MIDNIGHT + DAY - 1000)
    assert caught.value.retry_after == 1000.0


def test_the_next_day_begins_anew(path: Path) -> None:
    """At 00:00 UTC sharp, not a second before."""
    budget = Budget("openrouter.ai", per_day=3)
    spend_day(path, budget, NOON)
    with pytest.raises(LimitReached):
        RequestQuota(path).spend(budget, MIDNIGHT + DAY - 0.001)
    spend_day(path, budget, MIDNIGHT + DAY)
    with pytest.raises(LimitReached):
        RequestQuota(path).spend(budget, MIDNIGHT + DAY)


def test_what_was_spent_survives_a_restart(path: Path) -> None:
    """A new process begins where the last one stopped."""
    for n in range(30):
        assert RequestQuota(path).spend(BUDGET, NOON + n) == 0
    assert RequestQuota(path).spend(BUDGET, NOON + 30) == 30.0


@pytest.mark.slow
def test_two_processes_share_five_hundred_requests_a_day(path: Path) -> None:
    """Together they get what one would get alone, to the request."""
    command = [sys.executable, "-c", SPENDER, str(path), str(NOON)]
    processes = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    told = [process.communicate(timeout=60) for process in processes]
    assert [error for _, error in told] == ["", ""]
    assert sum(int(out) for out, _ in told) == 500


def test_budgets_of_two_hosts_are_apart(path: Path) -> None:
    """A stand-in's requests cost the real service's budget nothing."""
    ledger, other = RequestQuota(path), Budget("127.0.0.1:8321")
    for _ in range(30):
        ledger.spend(BUDGET, NOON)
    ledger.block(BUDGET, MIDNIGHT + DAY)
    assert ledger.spend(other, NOON) == 0.0


def test_a_block_holds_until_its_end_in_every_process(path: Path) -> None:
    """What the upstream said stands until the instant it named, also after a restart; then requests pass again."""
    RequestQuota(path).block(BUDGET, NOON + 90)
    with pytest.raises(LimitReached, match="come back at 2026-06-20 12:01:30 UTC") as caught:
        RequestQuota(path).spend(BUDGET, NOON + 60)
    assert caught.value.retry_after == 30.0
    assert RequestQuota(path).spend(BUDGET, NOON + 90) == 0.0


def test_a_refusal_costs_nothing(path: Path) -> None:
    """Asking for a request while there is none does not put the next one off."""
    ledger = RequestQuota(path)
    ledger.block(BUDGET, NOON + 10)
    for n in range(10):
        with pytest.raises(LimitReached):
            ledger.spend(BUDGET, NOON + n)
    assert [ledger.spend(BUDGET, NOON + 10) for _ in range(31)] == [0.0] * 30 + [60.0]


def test_a_ledger_that_was_deleted_begins_anew(path: Path) -> None:
    """The file may go at any time, at the cost of a few needless requests."""
    RequestQuota(path).block(BUDGET, NOON + DAY)
    path.unlink()
    assert RequestQuota(path).spend(BUDGET, NOON) == 0.0


@pytest.mark.parametrize("late", [0.0, 0.001, 3600.0, DAY - 0.001])
def test_the_next_midnight_is_ahead(late: float) -> None:
    """At midnight itself it is a day away."""
    assert next_midnight(MIDNIGHT + late) == MIDNIGHT + DAY


# Steps that make minutes full, days full, and instants fall on the boundaries of both; also backwards, since processes read the clock
# before they take their turn.
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
    """Whenever requests are made, no 60 seconds hold more than the minute's budget and no UTC day more than the day's."""
    ledger, budget = (
        RequestQuota(tmp_path_factory.mktemp("ledger") / "l.sqlite"),
        Budget("h", minute, day),
    )
    taken, refused = [], []
    for at in itertools.accumulate(steps, initial=MIDNIGHT + start):
        try:
            wait = ledger.spend(budget, at)
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
def test_waiting_as_told_always_helps(
    tmp_path_factory: pytest.TempPathFactory, gaps: list[float], minute: int
) -> None:
    """Who waits the named seconds gets its request at once, however full the minute was."""
    ledger, budget, at = (
        RequestQuota(tmp_path_factory.mktemp("ledger") / "l.sqlite"),
        Budget("h", minute, 10_000),
        NOON,
    )
    for gap in gaps:
        at += gap
        wait = ledger.spend(budget, at)
        if wait:
            at += wait
            assert ledger.spend(budget, at) == 0.0
