"""The rows of one team: every raw table has a rule, and what has none is empty."""

import re
from pathlib import Path

import pytest
from support.homes.two_teams import OF_ADS, OF_NOBODY, load_two_teams, tables_with
from support.loading import AS_OF
from support.rules.source_files import ROOT

from models.server.access.callers import Pseudonyms
from pipelines.errors import BadTier
from pipelines.loading.telemetry.tier_file import add_entries
from pipelines.publish.team_rules import (
    BY_TARGET,
    FILTERED,
    LEFT_OUT,
    SHARED,
    keep_rows_of,
    scope_of,
    shared_nodes,
    teams_of,
)
from pipelines.settings import Settings
from pipelines.telemetry.config.tier import parse_tier, read_tier
from pipelines.telemetry.config.tier_groups import Team
from pipelines.telemetry.config.tier_records import TierEntry, tier_entries
from pipelines.transform.graph import SOURCE, Table, read_graph
from pipelines.transform.manifest import DbtManifest, read_manifest
from warehouse.connection import session

# A table with one of these columns says something of somebody's servers or requests.
TELLING = {"target", "caller", "team", "key_alias", "gateway", "service", "device", "device_kind"}
RAW = re.compile(r'"?\b(raw|ledger)"?\."?([a-z_]+)"?')
PSEUDONYMS = Pseudonyms(b"k" * 32)


@pytest.fixture(scope="module")
def manifest() -> DbtManifest:
    """Return the project as it is now."""
    return read_manifest(ROOT / ".cache")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Return a home of two teams that is loaded."""
    return load_two_teams(tmp_path_factory.mktemp("rules") / "home")


def test_every_raw_table_that_a_mart_may_read_has_one_rule(manifest: DbtManifest) -> None:
    """Add a new one to SHARED only if anybody can fetch it from its source."""
    rules = [SHARED, BY_TARGET, frozenset(FILTERED), LEFT_OUT]
    sources = {name.removeprefix(SOURCE) for name in manifest["sources"]}
    assert sources <= frozenset().union(*rules), "a raw table without a rule: see team_rules.py"
    assert sum(map(len, rules)) == len(frozenset().union(*rules))


def test_no_shared_mart_says_anything_of_servers_or_requests(manifest: DbtManifest) -> None:
    """Marts of the market are shared; every one with a telling column is made again."""
    nodes = read_graph(manifest)
    shared = shared_nodes(nodes)
    marts = [node for node in nodes if isinstance(node, Table) and node.schema == "marts"]
    telling = {node.name for node in marts if TELLING & {each.name for each in node.columns}}
    kept = {node.name for node in marts if node.unique_id in shared}
    assert not telling & kept
    assert kept > {"market_tokens_daily", "models", "ingest_log", "model_prices_daily"}
    assert telling > {"caller_usage_daily", "served_tokens_minutely", "services"}
    assert not kept & {"telemetry_log", "tier_file", "pilots", "claims", "claim_verdicts"}


def test_no_table_reads_a_raw_table_that_it_does_not_declare(manifest: DbtManifest) -> None:
    """The graph knows what a table reads only by its declaration."""
    read = [
        (name, f"{SOURCE}{schema}.{table}", node["depends_on"]["nodes"])
        for name, node in manifest["nodes"].items()
        for schema, table in set(RAW.findall(node.get("compiled_code") or ""))
    ]
    assert {source for _, source, _ in read} >= manifest["sources"].keys() - {f"{SOURCE}raw.notes"}
    assert not [(name, source) for name, source, declared in read if source not in declared]


def test_only_rows_of_the_team_are_left(home: Settings, manifest: DbtManifest) -> None:
    """All raw tables are scanned; a new one, and a mart of an older version, are gone."""
    tier, graph = read_tier(home.tier), read_graph(manifest)
    teams = teams_of(tier)
    with session(home.warehouse) as con:
        con.execute("create table raw.new_thing as select 'ads-npu' as name")
        con.execute("create schema if not exists marts")
        con.execute("create table marts.old_mart as select 'ads-npu' as name")
        assert {name for _, name in tables_with(con, OF_ADS)} == set(OF_ADS)
        keep_rows_of(con, scope_of(teams[1], teams, PSEUDONYMS), graph)
        con.execute("drop table temp.team_targets")
        con.execute("drop table temp.team_senders")
        assert tables_with(con, [*OF_ADS, *OF_NOBODY]) == []
        for table, count in (
            ("raw.request_events", 3),
            ("raw.spend_events", 1),
            ("raw.telemetry_samples", 0),
            ("raw.new_thing", 0),
        ):
            assert con.sql(f"select count(*) from {table}").fetchall() == [(count,)], table
        assert con.sql("select count(*) > 0 from raw.ranking_rows").fetchall() == [(True,)]
        assert con.sql("select count(*) > 0 from ledger.counter_minutes").fetchall() == [(True,)]


def test_a_cluster_is_left_where_all_its_targets_are_the_teams(
    home: Settings, tmp_path: Path, manifest: DbtManifest
) -> None:
    """Also by a pattern. One with a name that is no target yet may be another team's."""
    given = {
        "own": ["search-npu"],
        "by-pattern": ["search-*", "s*-npu"],
        "mixed": ["search-npu", "ads-npu"],
        "mixed-by-pattern": ["*-npu"],
        "with-nobodys": ["search-npu", "lone-npu"],
        "with-unknown": ["search-npu", "later-npu"],
        "without": [],
    }
    targets = tier_entries(read_tier(home.tier))
    clusters = [TierEntry("cluster", name, {"targets": list(each)}) for name, each in given.items()]
    teams = [Team(name="search")]
    with session(tmp_path / "cluster.duckdb") as con:
        add_entries(con, [each for each in targets if each.section == "target"], AS_OF)
        add_entries(con, clusters, AS_OF)
        keep_rows_of(con, scope_of(teams[0], teams, PSEUDONYMS), read_graph(manifest))
        left = con.sql("select name from raw.tier_file where section = 'cluster'").fetchall()
    assert sorted(left) == [("by-pattern",), ("own",)]


def test_pseudonyms_of_a_team_are_its_labels_too() -> None:
    """Logs have pseudonyms unless names were asked for."""
    tier = parse_tier(
        '[[target]]\nname = "t"\nurl = "http://h"\nengine = "vllm"\nteam = "a"\n'
        '[[team]]\nname = "b"\nkeys = ["k"]\n'
    )
    teams = teams_of(tier, ["found"])
    assert [team.name for team in teams] == ["a", "b", "found"]
    labels = scope_of(teams[1], teams, PSEUDONYMS).senders.to_pylist()
    assert {"kind": "key", "label": PSEUDONYMS.hide("key", "k"), "team": "b"} in labels
    assert {"kind": "team", "label": PSEUDONYMS.hide("team", "found"), "team": "found"} in labels


def test_a_name_of_two_teams_is_refused(tmp_path: Path) -> None:
    """It must be certain to whom a request belongs."""
    target = '[[target]]\nname = "t"\nurl = "http://h"\nengine = "vllm"\nteam = "a"\n'
    tier = parse_tier(target + '[[team]]\nname = "b"\nlabels = ["a"]\n')
    with pytest.raises(BadTier, match="among the labels of team b"):
        teams_of(tier)
    for key in ("labels", "keys", "callers"):
        twice = f'[[team]]\nname = "b"\n{key} = ["x"]\n[[team]]\nname = "c"\n{key} = ["x"]\n'
        with pytest.raises(BadTier, match="another team's"):
            parse_tier(target + twice)
    with pytest.raises(BadTier, match="among the labels"):
        parse_tier(target + '[[team]]\nname = "b"\nlabels = ["c"]\n[[team]]\nname = "c"\n')
    with pytest.raises(BadTier, match="name of team"):
        parse_tier(target + '[[team]]\nname = "../b"\n')
