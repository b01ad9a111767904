"""Dagster of the distributed form as in deploy/dagster: from the spool to a reader, with kills."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import dagster as dg
import httpx
import pytest
from support.lake.dagster import REDIS_PASSWORD, LakeDagster, answers, lake_dagster, wait_until
from support.lake.services import PASSWORD, SECRET, LakeServices
from support.telemetry_facts import stretch

from pipelines.distributed.launching import UNFINISHED
from pipelines.lake.connection import open_lake
from pipelines.lake.published import fetch
from pipelines.lake.spool import ship
from pipelines.lake.status import read_status
from pipelines.lake.tables import ROW_TABLES
from pipelines.loading.telemetry.segment_files import SpoolFolders
from pipelines.publish.generations import newest
from pipelines.services.object_store import ObjectStore
from pipelines.settings import Settings
from pipelines.telemetry.collector.segments import SegmentWriter
from warehouse.connection import open_published

LOAD, BUILD = "lake_load", "lake_build"
SEGMENTS = 40
SUCCESS = dg.DagsterRunStatus.SUCCESS


@pytest.fixture
def running(
    services: LakeServices, lake_settings: Settings, tmp_path: Path
) -> Iterator[tuple[LakeDagster, dg.DagsterInstance]]:
    """Run Dagster for a fresh lake."""
    with lake_dagster(services, lake_settings, tmp_path / "dagster") as found:
        yield found


def put_segments(settings: Settings, start: int) -> None:
    """Ship segments of two scrapes with three samples each."""
    writer = SegmentWriter(settings.telemetry_spool)
    for number in range(start, start + SEGMENTS):
        writer.write(stretch((2.0 * number, 100.0 + number), (2.0 * number + 1, 101.0 + number)))
    assert settings.services.spool
    ship(SpoolFolders.of(settings), ObjectStore(settings.services.spool))


def loaded(settings: Settings) -> int:
    """Return the number of segments in the lake."""
    return int(read_status(settings)["lake"]["segments"])


def runs(
    instance: dg.DagsterInstance, job: str, *statuses: dg.DagsterRunStatus
) -> Sequence[dg.DagsterRun]:
    """Return the runs of a job that stand so."""
    return instance.get_runs(dg.RunsFilter(job_name=job, statuses=list(statuses)))


def at_work(instance: dg.DagsterInstance) -> Sequence[dg.DagsterRun]:
    """Return the loads that are not over."""
    return runs(instance, LOAD, *UNFINISHED)


def retried(instance: dg.DagsterInstance) -> int:
    """Return the number of loads that Dagster started again, and that succeeded then."""
    return sum("dagster/retry_number" in run.tags for run in runs(instance, LOAD, SUCCESS))


def counts(settings: Settings) -> tuple[int, int]:
    """Return the samples in the lake, and the distinct ones."""
    with open_lake(settings) as lake:
        [(rows, distinct)] = lake.con.sql(
            "select count(value), count(distinct (target, metric, labels, device, scraped_at)) "
            f"from {ROW_TABLES['scrapes'].name}"
        ).fetchall()
    return rows, distinct


@pytest.mark.long
@pytest.mark.timeout(900)
def test_loads_of_killed_workers_start_again_elsewhere_and_reach_a_reader(
    running: tuple[LakeDagster, dg.DagsterInstance], lake_settings: Settings, tmp_path: Path
) -> None:
    """First the process of a run is killed, then a whole worker, as if its host were gone."""
    dagster, instance = running
    put_segments(lake_settings, 0)
    dagster.start_worker("first", "load")
    wait_until(lambda: loaded(lake_settings) > 3)
    dagster.kill_run("first")
    assert loaded(lake_settings) < SEGMENTS
    wait_until(lambda: loaded(lake_settings) == SEGMENTS and not at_work(instance))
    assert retried(instance) == 1
    assert counts(lake_settings) == (6 * SEGMENTS,) * 2

    put_segments(lake_settings, SEGMENTS)
    wait_until(lambda: loaded(lake_settings) > SEGMENTS + 3)
    dagster.kill("first")
    assert loaded(lake_settings) < 2 * SEGMENTS
    dagster.start_worker("second", "load")
    wait_until(lambda: loaded(lake_settings) == 2 * SEGMENTS and not at_work(instance))
    assert retried(instance) >= 2
    assert counts(lake_settings) == (12 * SEGMENTS,) * 2
    assert read_status(lake_settings)["waiting"]["segments"] == 0

    dagster.start_worker("builder", "build")
    wait_until(lambda: runs(instance, BUILD, SUCCESS))
    assert lake_settings.services.published
    reader = replace(lake_settings, home=tmp_path / "reader")
    assert fetch(reader, ObjectStore(lake_settings.services.published))
    with closing(open_published(newest(reader))) as con:
        [(segments,)] = con.sql("select count(*) from marts.telemetry_log").fetchall()
    assert segments == 2 * SEGMENTS
    check_page(dagster)
    check_secrets(instance, tmp_path / "dagster")


def check_page(dagster: LakeDagster) -> None:
    """Dagster's page obeys no other website, and shows itself to nobody without its name."""
    page = dagster.start_page()
    wait_until(lambda: answers(dagster.page_port))
    assert httpx.get(f"{page}/dagit_info").status_code == 200
    other = httpx.get(f"{page}/dagit_info", headers={"Host": "example.org"})
    assert other.status_code == 403


def check_secrets(instance: dg.DagsterInstance, folder: Path) -> None:
    """No event of a run and no log of a process has a secret."""
    events = [
        entry.to_json() for run in instance.get_runs() for entry in instance.all_logs(run.run_id)
    ]
    logs = [path.read_text(errors="replace") for path in folder.glob("*.log")]
    for secret in (PASSWORD, SECRET, REDIS_PASSWORD):
        assert not any(secret in text for text in [*events, *logs])
