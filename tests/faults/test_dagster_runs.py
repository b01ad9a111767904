"""Runs of Dagster that are killed: the next one has the figures of a quiet home."""

import os
import signal
import time
from contextlib import suppress

import dagster as dg
import pytest
from support.faults.dagster import SupervisedDagster, supervised_dagster
from support.faults.figures import Quiet, figures
from support.faults.forks import Forks, Instants
from support.faults.processes import wait_until_none_is_left
from support.faults.results import record

from pipelines.publish.generations import newest
from pipelines.settings import Settings
from pipelines.supervision.left_runs import RUNNING, end_left_runs
from pipelines.verification.verify import verify

pytestmark = pytest.mark.slow
LONG = (pytest.mark.long, pytest.mark.timeout(3600))
JOB = "telemetry"
# What is killed: the process of the run, Dagster with all that it started, what supervises it.
KILLED = ("run", "dagster", "supervisor")
# Of Dagster, which ends in order when its supervisor is gone.
ORPHAN_SECONDS = 60.0


def states(settings: Settings) -> dict[str, str]:
    """Return how each run of a home stands in Dagster's record."""
    with dg.DagsterInstance.from_config(str(settings.dagster)) as instance:
        return {run.run_id: run.status.value for run in instance.get_runs()}


@pytest.mark.parametrize(
    "kills", [pytest.param(1, id="few"), pytest.param(12, id="many", marks=LONG)]
)
def test_a_killed_run_is_made_good_by_the_next(
    forks: Forks, copied_home: Settings, quiet: Quiet, kills: int
) -> None:
    """The run loads, builds and publishes in one process, with the instance of the home."""
    settings, before = copied_home, forks.kills
    instants = Instants(38, quiet.seconds)
    for number in range(kills):
        # Some also before there is a run.
        note = "" if number % 4 == 3 else "started"
        ended = forks.run("run_dagster_job", settings.home, kill_after=instants(), note=note)
        assert not ended.error
        assert figures(newest(settings))
        with dg.DagsterInstance.from_config(str(settings.dagster)) as instance:
            assert end_left_runs(instance) <= 1
            assert not instance.get_runs(dg.RunsFilter(statuses=RUNNING))
    ended = forks.run("run_dagster_job", settings.home)
    assert ended.confirmed == ["started", "done"], ended.error
    assert figures(newest(settings)) == quiet.figures
    assert verify(settings).damages == []
    if kills > 1:
        record("dagster runs", kills=forks.kills - before)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_dagster_closes_and_repeats_what_was_killed(copied_home: Settings, quiet: Quiet) -> None:
    """The page launches a run; the run, Dagster or its supervisor is killed; all starts again.

    Nobody does anything by hand: the record of the run is closed, the run is repeated, its figures
    are those of a quiet home, and no process of an earlier start is left.
    """
    settings, instants, kills, run_id = copied_home, Instants(29, quiet.seconds), 0, ""
    for killed in KILLED * 3:
        with supervised_dagster(settings) as dagster:
            dagster.await_page()
            assert not run_id or dagster.await_success(run_id)
            run_id = dagster.launch(JOB)
            process = dagster.await_process_of(run_id)
            time.sleep(instants())
            kills += kill(dagster, killed, process)
            if killed != "supervisor":
                assert dagster.await_success(run_id), dagster.log()
        wait_until_none_is_left(settings.home, ORPHAN_SECONDS)
    with supervised_dagster(settings) as dagster:
        dagster.await_page()
        assert dagster.await_success(run_id), dagster.log()
    wait_until_none_is_left(settings.home, ORPHAN_SECONDS)
    assert set(states(settings).values()) <= {"SUCCESS", "FAILURE"}
    assert figures(newest(settings)) == quiet.figures
    assert verify(settings).damages == []
    record("dagster supervised", kills=kills)


def kill(dagster: SupervisedDagster, killed: str, run_process: int) -> bool:
    """Kill a process; False if it has ended."""
    number = {
        "run": lambda: run_process,
        "dagster": dagster.server_process,
        "supervisor": lambda: dagster.process.pid,
    }[killed]()
    with suppress(ProcessLookupError):
        os.kill(number, signal.SIGKILL)
        return True
    return False
