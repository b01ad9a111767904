"""Runs start for what waits in the spool, once for the same, and load their partition alone."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest
from support.homes.two_teams import load_two_teams
from support.telemetry_facts import stretch

from pipelines.distributed.definitions import define_lake
from pipelines.distributed.launching import lake_has_news, segments_wait
from pipelines.distributed.partitions import HOURS
from pipelines.distributed.runs import PUBLISHED, SEGMENTS, lake_segments
from pipelines.lake.moving import move_to_lake
from pipelines.lake.rounds import team_store
from pipelines.lake.spool import list_waiting, ship, waiting_key
from pipelines.lake.status import read_status
from pipelines.loading.telemetry.segment_files import SpoolFolders
from pipelines.services.object_store import ObjectStore
from pipelines.settings import Settings
from pipelines.telemetry.collector.segments import SegmentWriter

DAMAGED = "20260822T071016123456Z-9f2c61d0-000004.parquet"


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """Return an instance that keeps nothing."""
    with dg.DagsterInstance.ephemeral() as ours:
        yield ours


@pytest.fixture
def store(lake_settings: Settings) -> ObjectStore:
    """Return a spool with a damaged segment and a good one of another hour."""
    assert lake_settings.services.spool
    spool = ObjectStore(lake_settings.services.spool)
    spool.write(waiting_key("scrapes", DAMAGED), b"no Parquet")
    SegmentWriter(lake_settings.telemetry_spool).write(stretch((1, 5), (2, 6)))
    ship(SpoolFolders.of(lake_settings), spool)
    return spool


def tick(instance: dg.DagsterInstance, settings: Settings) -> list[dg.RunRequest]:
    """Evaluate the sensor of the spool; return the runs that it asks for."""
    context = dg.build_sensor_context(instance=instance, resources={"settings": settings})
    result = segments_wait(context)
    if not isinstance(result, dg.SensorResult):
        return []
    for change in result.dynamic_partitions_requests or []:
        if isinstance(change, dg.AddDynamicPartitionsRequest):
            instance.add_dynamic_partitions(HOURS.name or "", change.partition_keys)
        else:
            for key in change.partition_keys:
                instance.delete_dynamic_partition(HOURS.name or "", key)
    return list(result.run_requests or [])


def load(instance: dg.DagsterInstance, settings: Settings, key: str) -> dict[str, object]:
    """Run the load of a partition; return its metadata."""
    done = dg.materialize(
        [lake_segments], instance=instance, partition_key=key, resources={"settings": settings}
    )
    assert done.success
    [event] = done.asset_materializations_for_node(SEGMENTS)
    return {name: each.value for name, each in event.metadata.items()}


def test_each_partition_that_waits_has_one_run(
    instance: dg.DagsterInstance, store: ObjectStore, lake_settings: Settings
) -> None:
    """A load takes the segments of its partition, and leaves the others to theirs."""
    damaged, good = sorted(tick(instance, lake_settings), key=lambda each: each.run_key or "")
    assert damaged.partition_key == "2026-08-22T07|6"
    again = {each.run_key for each in tick(instance, lake_settings)}
    assert again == {damaged.run_key, good.run_key}  # Dagster starts no run of a key again
    found = load(instance, lake_settings, good.partition_key or "")
    assert (found["segments"], found["rows"], found["unreadable"]) == (1, 6, 0)
    assert [each.name for each in list_waiting(store)] == [DAMAGED]
    assert load(instance, lake_settings, damaged.partition_key or "")["unreadable"] == 1
    assert load(instance, lake_settings, good.partition_key or "")["segments"] == 0


def test_a_partition_whose_run_is_under_way_gets_no_other(
    instance: dg.DagsterInstance, store: ObjectStore, lake_settings: Settings
) -> None:
    """Also where more of it came meanwhile: the next tick sees what is left."""
    first, second = tick(instance, lake_settings)
    job = define_lake(lake_settings).resolve_job_def("lake_load")
    instance.create_run_for_job(
        job,
        status=dg.DagsterRunStatus.STARTED,
        tags={"dagster/partition": str(first.partition_key)},
    )
    assert [each.partition_key for each in tick(instance, lake_settings)] == [second.partition_key]
    store.write(waiting_key("scrapes", DAMAGED.replace("000004", "000005")), b"no Parquet")
    assert [each.partition_key for each in tick(instance, lake_settings)] == [second.partition_key]


@pytest.mark.long
def test_old_hours_are_removed(
    instance: dg.DagsterInstance, store: ObjectStore, lake_settings: Settings
) -> None:
    """Hours of what waits stay, however old."""
    hours = [f"2026-01-{day:02}T{hour:02}" for day in range(1, 9) for hour in range(24)]
    instance.add_dynamic_partitions(HOURS.name or "", hours)
    tick(instance, lake_settings)
    left = instance.get_dynamic_partitions(HOURS.name or "")
    assert len(left) == 7 * 24 + 2
    assert "2026-08-22T07" in left
    assert hours[0] not in left


def test_a_build_starts_where_segments_came_since_the_last(
    instance: dg.DagsterInstance, store: ObjectStore, lake_settings: Settings
) -> None:
    def news() -> dg.RunRequest | dg.SkipReason:
        context = dg.build_sensor_context(instance=instance, resources={"settings": lake_settings})
        found = lake_has_news(context)
        assert isinstance(found, dg.RunRequest | dg.SkipReason)
        return found

    for each in tick(instance, lake_settings):
        load(instance, lake_settings, each.partition_key or "")
    request = news()
    assert isinstance(request, dg.RunRequest)
    snapshot = int(str(request.run_key).split()[0])
    event = dg.AssetMaterialization(PUBLISHED, metadata={"snapshot": snapshot})
    instance.report_runless_asset_event(event)
    assert isinstance(news(), dg.SkipReason)


@pytest.mark.long
def test_maintenance_is_a_run(
    instance: dg.DagsterInstance, store: ObjectStore, lake_settings: Settings
) -> None:
    """With the lease, which remembers it."""
    job = define_lake(lake_settings).resolve_job_def("lake_maintain")
    assert job.execute_in_process(instance=instance).success
    lease = read_status(lake_settings)["lease"]
    assert lease["is_released"]
    assert lease["maintained_at"]


@pytest.mark.long
def test_a_build_run_publishes_every_team(
    instance: dg.DagsterInstance, lake_settings: Settings, tmp_path: Path
) -> None:
    """In the round of all teams; a second run without news uploads nothing."""
    made = load_two_teams(tmp_path / "made")
    builder = replace(lake_settings, home=made.home, tier=made.tier)
    assert move_to_lake(builder).is_whole
    job = define_lake(builder).resolve_job_def("lake_build")
    assert builder.services.published
    published = ObjectStore(builder.services.published)
    for uploaded in ("00000002-000001", "nothing"):
        done = job.execute_in_process(instance=instance)
        [event] = done.asset_materializations_for_node(PUBLISHED)
        found = (event.metadata["teams"].value, event.metadata["uploaded"].value)
        assert found == (2, uploaded)
        for team in ("ads", "search"):
            assert team_store(published, team).list_keys("pointers") == [
                "pointers/00000002-000001.json"
            ]
