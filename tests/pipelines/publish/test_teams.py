"""Generations of one team: nothing of another team is in them, not even in a total."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from support.homes.two_teams import OF_ADS, OF_NOBODY, OF_SEARCH, make_two_teams, tables_with
from support.telemetry_facts import stretch

from pipelines.errors import BadSetting, LockHeld
from pipelines.ingest.telemetry import load
from pipelines.publish.generations import generations, newest
from pipelines.publish.teams import publish_teams, team_home, team_names
from pipelines.settings import Settings
from pipelines.telemetry.collector.segments import SegmentWriter
from warehouse.connection import open_published

# Three builds; tests of the rules themselves are in test_team_rules.py.
pytestmark = pytest.mark.long

# When something was done here.
OF_THE_RUN = frozenset({"loaded_at", "published_at", "built_at", "began_at", "ended_at", "run_id"})
COLUMNS = (
    "select table_name, list(column_name order by column_index) from duckdb_columns() "
    "where schema_name = 'marts' and table_name <> 'meta' group by 1 order by 1"
)
USAGE = "select model_name, sum(requests) from caller_usage_daily where source = 'tier' group by 1"
COSTS = (
    "select distinct energy_usd_per_kwh, round(opex_usd_per_second * 3600, 6) from local_cost_daily"
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Return a home of two teams, with a generation of each."""
    settings = make_two_teams(tmp_path_factory.mktemp("teams") / "home")
    publish_teams(settings, ["ads", "search"])
    return settings


def file_of(settings: Settings, team: str) -> Path:
    """Return the newest file of a team."""
    return newest(team_home(settings, team))


def names_in(path: Path, names: Sequence[str]) -> list[tuple[str, str]]:
    """Return each table of a file in which one of the names stands anywhere, and the name."""
    with closing(duckdb.connect(str(path), read_only=True)) as con:
        return tables_with(con, names)


def rows(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return the rows of every mart, without what is of the run."""
    with closing(open_published(path)) as con:
        found = {}
        for name, columns in con.sql(COLUMNS).fetchall():
            picked = ", ".join(f'"{each}"' for each in columns if each not in OF_THE_RUN) or "1"
            found[name] = con.sql(f"select {picked} from marts.{name} order by all").fetchall()
        return found


@pytest.mark.parametrize(
    ("team", "own", "others"), [("search", OF_SEARCH, OF_ADS), ("ads", OF_ADS, OF_SEARCH)]
)
def test_no_table_of_a_team_has_a_name_of_another(
    team: str, own: tuple[str, ...], others: tuple[str, ...], home: Settings
) -> None:
    """All tables of the file are scanned for servers, devices, models, callers, keys, teams."""
    path = file_of(home, team)
    assert names_in(path, [*others, "caller-stray"]) == []
    assert not [name for name in others if name.encode() in path.read_bytes()]
    assert {name for _, name in names_in(path, own)} >= {own[0], own[3], own[-1]}
    everybody = newest(home)
    found = {name for _, name in names_in(everybody, [*OF_SEARCH, *OF_ADS, *OF_NOBODY])}
    assert found >= {*OF_SEARCH, *OF_ADS, *OF_NOBODY} - {"search-host", "ads-host", "lone-host"}


def test_a_caller_without_a_server_of_the_team_sees_its_requests(home: Settings) -> None:
    """At a server of nobody; at that of another team they are left out, as it would be named."""
    with closing(open_published(file_of(home, "ads"))) as con:
        assert dict(con.sql(USAGE).fetchall()) == {"admaker": 1, "loner": 1}
    with closing(open_published(file_of(home, "search"))) as con:
        assert dict(con.sql(USAGE).fetchall()) == {"finder": 3}


def test_a_team_has_its_own_costs(home: Settings) -> None:
    """The tier file's do not stand in its file; a team without a file of costs has those."""
    for team, kwh, hour in (("search", 0.125, 2), ("ads", 0.77, 3)):
        with closing(open_published(file_of(home, team))) as con:
            [found] = con.sql(COSTS).fetchall()
            assert [float(each) for each in found] == [kwh, hour]
            [(priced,)] = con.sql(
                "select count(*) from local_efficiency_hourly where usd_per_mtok > 0"
            ).fetchall()
            assert priced


def test_a_round_has_one_state_and_one_number(home: Settings) -> None:
    """Tables of the market are those of all teams; what was loaded since is refused."""
    of_all, of_team = rows(newest(home)), rows(file_of(home, "search"))
    assert of_team.keys() == of_all.keys()
    for name in ("market_tokens_daily", "models", "market_share_weekly", "ingest_log"):
        assert of_team[name] == of_all[name]
        assert of_all[name]
    assert [each.number for each in generations(team_home(home, "search"))] == [1]


def test_what_another_team_does_changes_nothing(home: Settings, tmp_path: Path) -> None:
    """Not one figure of any table: with seven times the traffic of others every row is the same."""
    busy = make_two_teams(tmp_path / "busy", ads_factor=7)
    publish_teams(busy, ["search"])
    assert rows(newest(busy)) != rows(newest(home))
    expected, found = rows(file_of(home, "search")), rows(file_of(busy, "search"))
    assert [name for name in expected if found[name] != expected[name]] == []


def test_what_was_loaded_since_is_refused_and_names_are_checked(home: Settings) -> None:
    assert team_names(home) == ["ads", "search"]
    with pytest.raises(BadSetting, match="There is no team 'adds', only ads, search"):
        publish_teams(home, ["adds"])
    SegmentWriter(home.telemetry_spool).write(stretch((1, 5), (2, 6)))
    load(home)
    before = file_of(home, "ads")
    with pytest.raises(LockHeld, match="one state"):
        publish_teams(home, ["ads"])
    assert file_of(home, "ads") == before
    assert not list((home.home / "teams" / "ads").glob("building*"))
    without = replace(home, tier=home.home / "none.toml")
    assert team_names(without) == ["ads", "search"]  # its targets still say it
