"""Verify, back up, rebuild, ask the past and give evidence, where segments are in the lake."""

import json
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.homes.whole_home import publish_all
from support.lake.homes import embedded_home, moved_home, published_rows
from support.loading import AS_OF, DAY
from support.telemetry_facts import START, stretch
from typer.testing import CliRunner

from pipelines.backup.backup import back_up
from pipelines.backup.restore import restore
from pipelines.cli import app
from pipelines.errors import BadSetting, NothingPublished, QueryFailed
from pipelines.evidence.bundle import make, recompute
from pipelines.ingest.rebuild import rebuild
from pipelines.lake.building import build_from_lake
from pipelines.lake.connection import open_lake
from pipelines.lake.feeding import feed_warehouse, segment_loader
from pipelines.lake.moving import move_to_lake
from pipelines.lake.published import fetch
from pipelines.loading.telemetry.retention import drop_old_samples
from pipelines.loading.telemetry.segment_files import SpoolFolders
from pipelines.publish.as_of import published_as_of
from pipelines.services.object_store import ObjectStore
from pipelines.settings import Settings
from pipelines.telemetry.collector.segments import SegmentWriter
from pipelines.verification.verify import verify
from warehouse.connection import session

GROWTH = "select sum(growth) from ledger.counter_minutes where metric = 'generation_tokens'"
QUERY = "select minute_at, generation_tokens from served_tokens_minutely"


def migrate(home: Settings, *options: str) -> dict[str, Any]:
    """Run the verb in a home; return what it prints for a program."""
    given = {**home.variables, "TOKENTIDE_HOME": str(home.home)}
    done = CliRunner().invoke(app, ["migrate-to-lake", *options], env=given)
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout[done.stdout.index("{") :])
    return found


def without_segments(home: Settings) -> Settings:
    """Move a home into the lake and take its own segments away, as on a builder of a fleet."""
    assert move_to_lake(home).is_whole
    drop_segments(home)
    return home


def drop_segments(home: Settings) -> None:
    """Remove the segments of a home; those in S3 stay."""
    for folder in home.telemetry_archive.iterdir():
        if folder.is_dir():
            shutil.rmtree(folder)


@pytest.mark.long
def test_segments_in_s3_are_verified_and_backed_up(lake_settings: Settings, tmp_path: Path) -> None:
    """A backup of the distributed form is a whole home of the embedded one."""
    home = without_segments(moved_home(tmp_path / "home", lake_settings))
    assert home.services.spool
    store = ObjectStore(home.services.spool)
    assert not verify(home).damages
    found = migrate(home, "--json")
    assert (found["is_whole"], found["segments"], found["known"]) == (True, 0, 0)
    made = back_up(home, tmp_path / "backups")
    assert not made.damaged
    again = back_up(home, tmp_path / "backups")
    assert (again.summary.files, again.new_files) == (made.summary.files, 0)
    back = migrate(home, "--back", "--json")
    assert (back["is_whole"], back["segments"]) == (True, 6)
    assert all(each["is_same"] for each in back["tables"])
    drop_segments(home)
    embedded = Settings(home=tmp_path / "restored", tier=home.tier)
    restore(embedded, tmp_path / "backups")
    assert len(list(embedded.telemetry_archive.glob("*/*/*.*"))) == 6
    key = min(key for key in store.list_sizes("archive/scrapes"))
    store.write(key, b"other bytes")
    [damage] = verify(home).damages
    assert damage.what == f"segment {Path(key).name}"
    assert "in S3 are other" in damage.reason
    store.remove(key)
    [damage] = verify(home, is_quick=True).damages
    assert damage.reason == "it is missing"
    assert not verify(replace(home, services=replace(home.services, spool=None))).damages


def test_a_home_that_only_reads_says_where_to_ask(lake_settings: Settings, tmp_path: Path) -> None:
    """Also a rebuild that would see only the segments of the home."""
    reader = replace(lake_settings, home=tmp_path / "reader")
    with pytest.raises(NothingPublished, match="builder's host"):
        published_as_of(reader, AS_OF)
    assert not reader.warehouse.exists()
    with pytest.raises(BadSetting, match="which reads the lake"):
        rebuild(reader)


@pytest.mark.long
def test_a_rebuild_a_past_day_and_evidence_are_those_of_the_embedded_form(
    lake_settings: Settings, tmp_path: Path
) -> None:
    """And those of a home that was restored from a backup of the distributed form."""
    embedded = embedded_home(tmp_path / "embedded")
    publish_all(embedded)
    shutil.copytree(embedded.home, tmp_path / "home")
    home = replace(lake_settings, home=tmp_path / "home", tier=embedded.tier)
    home = without_segments(home)
    build_from_lake(home)
    expected = published_rows(embedded)
    assert published_rows(home) == expected
    with segment_loader(home) as load_segments:
        rebuilt = rebuild(home, load_segments=load_segments)
    assert not rebuilt.holes
    assert published_rows(home) == expected
    instant = AS_OF + 20 * DAY + timedelta(hours=1)
    assert published_as_of(home, instant).exists()
    bundle = make(home, QUERY, tmp_path / "bundle")
    assert bundle.segments == 4
    assert recompute(tmp_path / "bundle").is_same
    back_up(home, tmp_path / "backups")
    restored = Settings(home=tmp_path / "restored", tier=home.tier)
    restore(restored, tmp_path / "backups")
    rebuild(restored)
    assert published_rows(restored) == expected
    reader = replace(lake_settings, home=tmp_path / "reader")
    assert reader.services.published
    assert fetch(reader, ObjectStore(reader.services.published))
    with pytest.raises(QueryFailed, match="--no-raw"):
        make(reader, QUERY, tmp_path / "none")


@pytest.mark.long
def test_a_late_segment_finds_old_samples_in_s3(lake_settings: Settings, tmp_path: Path) -> None:
    """Dropped samples are read again from the file that only S3 has."""
    home = without_segments(moved_home(tmp_path / "home", lake_settings))
    with session(home.warehouse) as con:
        assert drop_old_samples(con, 1, START + timedelta(days=3))
    SegmentWriter(home.telemetry_spool).write(stretch((1900, 160)))
    with open_lake(home) as lake:
        assert feed_warehouse(home, lake).samples == 3
    kinds = [segment.kind for segment in SpoolFolders.of(home).list_archived()]
    assert kinds.count("scrapes") > 1  # not the late one alone
    with session(home.warehouse) as con:
        [(growth,)] = con.sql(GROWTH).fetchall()
    assert growth == 300
