"""Builds from the lake: the figures of the embedded form, one builder at a time."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from support.homes.two_teams import OF_ADS, OF_SEARCH, load_two_teams, tables_with
from support.homes.whole_home import publish_all
from support.lake.homes import audit_of, embedded_home, lake_home, published_rows, ship_and_load
from support.lake.processes import END_OTHERS, ending, start_builder
from support.telemetry_facts import stretch

from pipelines.errors import LeaseLost, LockHeld
from pipelines.ingest.market import load_archive
from pipelines.lake.building import build_from_lake
from pipelines.lake.connection import open_lake
from pipelines.lake.lease import builder_lease
from pipelines.lake.moving import move_to_lake
from pipelines.lake.published import fence, fetch, newest_pointer
from pipelines.publish.generations import generations, newest
from pipelines.publish.teams import team_home
from pipelines.services.object_store import ObjectStore
from pipelines.services.postgres import connect
from pipelines.settings import Settings
from pipelines.telemetry.collector.segments import SegmentWriter
from warehouse.connection import open_published

KILLED = -9
PRICE = "select distinct energy_usd_per_kwh::double from local_cost_daily"


def test_every_mart_is_the_same_in_both_forms_and_for_every_reader(
    lake_settings: Settings, tmp_path: Path
) -> None:
    """Every table of every schema; segments and marts go over S3. The same checks held in both."""
    embedded = embedded_home(tmp_path / "embedded")
    builder = lake_home(embedded, lake_settings, tmp_path / "builder")
    reader = replace(lake_settings, home=tmp_path / "reader")
    publish_all(embedded)
    with open_lake(lake_settings) as lake:
        ship_and_load(builder, lake)
    load_archive(builder)
    built = build_from_lake(builder)
    assert built.pointer
    published = reader.services.published
    assert published
    fetched = fetch(reader, ObjectStore(published))
    assert fetched
    assert fetched.number == built.generation.number
    expected, found = published_rows(embedded), published_rows(reader)
    assert sorted(found) == sorted(expected)
    assert len(found) > 50
    assert [name for name in expected if found[name] != expected[name]] == []
    assert found["served_tokens_minutely"]
    outcome, checks = audit_of(builder)
    assert (outcome, checks) == audit_of(embedded)
    assert outcome == [("passed", 0)]
    assert len(checks) > 100


@pytest.mark.long
def test_where_nothing_came_nothing_is_published(lake_settings: Settings, tmp_path: Path) -> None:
    """Neither in the home nor in S3. A generation that did not get to S3 gets there, once."""
    builder = lake_home(embedded_home(tmp_path / "e"), lake_settings, tmp_path / "builder")
    load_archive(builder)
    first = build_from_lake(builder)
    assert (first.is_new, bool(first.pointer), first.loaded.segments) == (True, True, 4)
    again = build_from_lake(builder)
    assert (again.is_new, again.pointer, again.generation) == (False, None, first.generation)
    published = builder.services.published
    assert published
    store = ObjectStore(published)
    store.remove(f"pointers/{first.pointer.name if first.pointer else ''}.json")
    missing = build_from_lake(builder)
    assert (missing.is_new, missing.generation) == (False, first.generation)
    assert missing.pointer == newest_pointer(store)
    SegmentWriter(builder.telemetry_spool).write(stretch((9000, 900), (9001, 901)))
    news = build_from_lake(builder)
    assert (news.is_new, news.generation.number) == (True, first.generation.number + 1)


@pytest.mark.long
def test_a_builder_that_lost_its_lease_moves_nothing(
    lake_settings: Settings, tmp_path: Path
) -> None:
    """It loses it while it builds; the successor has begun, and has nothing to publish yet."""
    stale = lake_home(embedded_home(tmp_path / "e"), lake_settings, tmp_path / "stale")
    assert stale.services.lake
    assert stale.services.published
    address, store = stale.services.lake.catalog, ObjectStore(stale.services.published)

    def lose(step: str) -> None:
        if step == "published":
            with connect(address) as session:
                session.execute(END_OTHERS)
            with builder_lease(address) as successor:
                assert successor.is_takeover
                assert fence(store, successor.epoch) is None

    with pytest.raises(LeaseLost, match="may be started again"):
        build_from_lake(stale, on_step=lose)
    assert newest_pointer(store) is None
    assert store.list_keys("generations") == []


@pytest.mark.long
@pytest.mark.parametrize("step", ["leased", "fed", "built", "published"])
def test_a_builder_killed_at_a_step_is_taken_over(
    step: str, lake_settings: Settings, tmp_path: Path
) -> None:
    """Readers see nothing of it; a builder in another home publishes all."""
    first = lake_home(embedded_home(tmp_path / "e"), lake_settings, tmp_path / "first")
    with open_lake(lake_settings) as lake:
        ship_and_load(first, lake)
    load_archive(first)
    second = lake_home(first, lake_settings, tmp_path / "second")
    second.warehouse.unlink()
    load_archive(second)
    assert ending(start_builder(first, step)) == KILLED
    reader = replace(lake_settings, home=tmp_path / "reader")
    assert reader.services.published
    assert fetch(reader, ObjectStore(reader.services.published)) is None
    assert build_from_lake(second).epoch == 2
    assert fetch(reader, ObjectStore(reader.services.published))


@pytest.mark.long
def test_each_team_gets_a_generation_of_the_round(lake_settings: Settings, tmp_path: Path) -> None:
    """A reader whose address is the team's folder fetches it, and nothing of others is below."""
    made = load_two_teams(tmp_path / "made")
    builder = replace(lake_settings, home=made.home, tier=made.tier)
    assert move_to_lake(builder).is_whole
    built = build_from_lake(builder)
    assert [each.team for each in built.teams] == ["ads", "search"]
    assert {each.generation.number for each in built.teams} == {built.generation.number}
    published = lake_settings.services.published
    assert published
    folder = replace(published, prefix=f"{published.prefix}/teams/search")
    services = replace(lake_settings.services, published=folder)
    reader = replace(lake_settings, home=tmp_path / "reader", services=services)
    store = ObjectStore(folder)
    fetched = fetch(reader, store)
    assert fetched
    with closing(open_published(fetched.path)) as con:
        assert tables_with(con, OF_ADS) == []
        assert {name for _, name in tables_with(con, OF_SEARCH)} >= {"search-npu", "caller-sam"}
    assert len(store.list_keys()) == 2
    still = build_from_lake(builder)
    assert (still.is_new, still.pointer, still.teams) == (False, None, built.teams)
    assert len(store.list_keys()) == 2
    # The file of a round that is lost, or was not made, is made and uploaded without news.
    built.teams[1].generation.path.unlink()
    missing = build_from_lake(builder)
    assert (missing.is_new, missing.generation, missing.teams) == (
        False,
        built.generation,
        built.teams,
    )
    assert fetch(reader, store)
    successor = replace(builder, home=tmp_path / "successor")
    again = build_from_lake(successor)
    assert {each.generation.number for each in again.teams} == {built.generation.number + 1}
    assert len(generations(team_home(successor, "ads"))) == 2


@pytest.mark.long
def test_a_change_of_a_team_alone_is_news(lake_settings: Settings, tmp_path: Path) -> None:
    """Its file of costs and its labels stand in no table of all teams."""
    made = load_two_teams(tmp_path / "made")
    builder = replace(lake_settings, home=made.home, tier=made.tier)
    built = build_from_lake(builder)
    costs = builder.tier.parent / "search-costs.toml"
    costs.write_text(costs.read_text().replace("0.125", "0.25"))
    changed = build_from_lake(builder)
    assert (changed.is_new, changed.generation.number) == (True, built.generation.number + 1)
    with closing(open_published(newest(team_home(builder, "search")))) as con:
        assert con.sql(PRICE).fetchall() == [(0.25,)]
    builder.tier.write_text(builder.tier.read_text().replace('"search-prod"', '"search-new"'))
    assert build_from_lake(builder).is_new
    assert not build_from_lake(builder).is_new


def test_a_builder_without_the_lease_builds_nothing(lake_settings: Settings) -> None:
    """Its message names the one that has it."""
    assert lake_settings.services.lake
    with (
        builder_lease(lake_settings.services.lake.catalog),
        pytest.raises(LockHeld, match=r"Another builder has the lease: .* process"),
    ):
        build_from_lake(lake_settings)
    assert not lake_settings.warehouse.exists()
