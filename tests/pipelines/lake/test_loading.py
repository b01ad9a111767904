"""Loading into the lake: each segment once, whoever loads it and however often one is killed."""

import random
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from support.lake.processes import ending, start_loader
from support.lake.rig import settings_of
from support.lake.services import LakeServices
from support.telemetry_facts import stretch

from pipelines.errors import ServiceFailed
from pipelines.lake.connection import Lake, open_lake
from pipelines.lake.loading import LakeLoadResult, load_waiting
from pipelines.lake.spool import list_waiting, ship, waiting_key
from pipelines.lake.tables import ROW_TABLES
from pipelines.loading.telemetry.segment_files import SpoolFolders
from pipelines.services.object_store import ObjectStore
from pipelines.settings import Settings
from pipelines.telemetry.collector.segments import SegmentWriter

KILLED = -9
STEPS = ("claimed", "fetched", "read", "committed", "kept")


@pytest.fixture
def store(lake_settings: Settings) -> ObjectStore:
    """Return the spool in S3."""
    assert lake_settings.services.spool
    return ObjectStore(lake_settings.services.spool)


@pytest.fixture
def lake(lake_settings: Settings) -> Iterator[Lake]:
    """Open the lake."""
    with open_lake(lake_settings) as opened:
        yield opened


def put_segments(settings: Settings, number: int, scrapes: int = 3) -> int:
    """Ship segments of these scrapes; return the number of their samples."""
    writer = SegmentWriter(settings.telemetry_spool)
    samples = 0
    for each in range(number):
        start_at = each * scrapes
        made = stretch(*((float(start_at + n), 100.0 + start_at + n) for n in range(scrapes)))
        samples += sum(len(scrape.series) for scrape in made)
        writer.write(made)
    assert settings.services.spool
    assert ship(SpoolFolders.of(settings), ObjectStore(settings.services.spool)) == number
    return samples


def counts(lake: Lake) -> tuple[int, int, int]:
    """Return the rows of samples by a scan, those that the catalog counts, and distinct samples."""
    table = ROW_TABLES["scrapes"].name
    [(scanned, distinct)] = lake.con.sql(
        f"select count(value), count(distinct (target, metric, labels, device, scraped_at)) "
        f"from {table}"
    ).fetchall()
    [(counted,)] = lake.con.sql(f"select count(*) from {table}").fetchall()
    return scanned, counted, distinct


def load(lake: Lake, store: ObjectStore) -> LakeLoadResult:
    """Load all that waits."""
    return load_waiting(lake, list_waiting(store))


def test_a_segment_is_loaded_once_and_kept(
    lake: Lake, store: ObjectStore, lake_settings: Settings
) -> None:
    """Its rows are those of its file; a second load finds nothing."""
    samples = put_segments(lake_settings, 2)
    names = [each.name for each in list_waiting(store)]
    assert load(lake, store) == LakeLoadResult(segments=2, rows=samples)
    assert load(lake, store) == LakeLoadResult()
    assert counts(lake) == (samples,) * 3
    archived = [Path(key).name for key in store.list_keys("archive/scrapes")]
    assert archived == names
    assert lake.rows("scrapes", names[0]).num_rows == samples // 2


def test_a_segment_that_comes_again_is_not_loaded_again(
    lake: Lake, store: ObjectStore, lake_settings: Settings, tmp_path: Path
) -> None:
    """The same name with the same bytes is moved; with other bytes it is another segment."""
    samples = put_segments(lake_settings, 2)
    first, second = list_waiting(store)
    bytes_of_first, bytes_of_second = (store.read(each.key) for each in (first, second))
    assert bytes_of_first
    assert bytes_of_second
    load(lake, store)
    store.write(first.key, bytes_of_first)
    assert load(lake, store) == LakeLoadResult(repeated=1)
    store.write(first.key, bytes_of_second)
    assert load(lake, store) == LakeLoadResult(segments=1, rows=samples // 2)
    assert counts(lake) == (samples * 3 // 2, samples * 3 // 2, samples)


def test_a_damaged_segment_is_recorded_once_and_stays(lake: Lake, store: ObjectStore) -> None:
    """A person has to look at it; nothing of it is loaded."""
    key = waiting_key("scrapes", "20260822T071016123456Z-9f2c61d0-000004.parquet")
    store.write(key, b"no Parquet")
    for _ in range(2):
        [(name, reason)] = load(lake, store).unreadable
        assert name == Path(key).name
        assert "ArrowInvalid" in reason
    recorded = [row for row in lake.segments_between(0, lake.snapshot()) if row[3] == "unreadable"]
    assert len(recorded) == 1
    assert [each.key for each in list_waiting(store)] == [key]


def test_a_segment_that_another_loader_is_at_is_left_to_it(
    lake: Lake, store: ObjectStore, lake_settings: Settings
) -> None:
    put_segments(lake_settings, 1)
    [waiting] = list_waiting(store)
    with open_lake(lake_settings) as other, other.claimed(waiting.name) as is_ours:
        assert is_ours
        assert load(lake, store) == LakeLoadResult(busy=1)
    assert load(lake, store).segments == 1


def test_the_catalog_refuses_a_second_commit_of_a_name(
    lake: Lake, store: ObjectStore, lake_settings: Settings
) -> None:
    """The last fence, for a loader that lost its lock and does not know it."""
    samples = put_segments(lake_settings, 1)
    [waiting] = list_waiting(store)
    load(lake, store)
    rows = lake.rows("scrapes", waiting.name)
    record = [waiting.name, "", "scrapes", 1, None, None, None, "loaded", None]
    with pytest.raises(ServiceFailed, match="failed"):
        lake.append(waiting.name, record, "scrapes", rows)
    assert counts(lake) == (samples,) * 3


@pytest.mark.parametrize("step", STEPS)
def test_a_loader_killed_at_a_step_loses_and_doubles_nothing(
    step: str, lake: Lake, store: ObjectStore, lake_settings: Settings
) -> None:
    """Another loader goes on at once: the lock of a killed one ends with it."""
    samples = put_segments(lake_settings, 3)
    assert ending(start_loader(lake_settings, step, number=2)) == KILLED
    _load_until_empty(lake, store)
    assert counts(lake) == (samples,) * 3


def test_loaders_killed_at_any_moment_lose_and_double_nothing(
    lake: Lake, store: ObjectStore, lake_settings: Settings
) -> None:
    """Two at once, killed three times at random; then one loads what is left."""
    samples = put_segments(lake_settings, 12)
    kill_at_random(lake_settings, rounds=3, seconds=(0.3, 2.0))
    _load_until_empty(lake, store)
    assert counts(lake) == (samples,) * 3


def test_a_restart_of_both_services_costs_only_time(
    services: LakeServices, lake_settings: Settings, store: ObjectStore
) -> None:
    """A loader fails with a sentence while they are away, and goes on when they are back."""
    samples = put_segments(lake_settings, 2)
    with open_lake(lake_settings) as lake:
        services.stop_postgres()
        try:
            with pytest.raises(ServiceFailed, match="tokentide doctor"):
                load(lake, store)
        finally:
            services.start_postgres()
    services.stop_store()
    try:
        with open_lake(lake_settings) as lake, pytest.raises(ServiceFailed):
            load(lake, store)
    finally:
        services.start_store()
    with open_lake(lake_settings) as lake:
        _load_until_empty(lake, store)
        assert counts(lake) == (samples,) * 3


def kill_at_random(
    settings: Settings, rounds: int, seconds: Sequence[float], loaders: int = 2
) -> None:
    """Start loaders and kill each after a random time."""
    chance = random.Random(19)
    for _ in range(rounds):
        running = [start_loader(settings) for _ in range(loaders)]
        for each in running:
            time.sleep(chance.uniform(*seconds) / loaders)
            each.kill()
            ending(each)


def _load_until_empty(lake: Lake, store: ObjectStore, seconds: float = 60.0) -> None:
    """Load as `lake load --follow` does: a store that has just started fails some requests."""
    end = time.monotonic() + seconds
    while True:
        assert time.monotonic() < end
        with suppress(ServiceFailed):
            load(lake, store)
            if not list_waiting(store):
                return


def test_every_host_may_create_the_lake(services: LakeServices, lake_settings: Settings) -> None:
    """A second creation leaves all that is there."""
    name = lake_settings.services.lake.catalog.database if lake_settings.services.lake else ""
    again = settings_of(services, name, lake_settings.home)
    with open_lake(again, is_new=True) as lake:
        assert counts(lake) == (0, 0, 0)
