"""Dagster's page: groups by part and layer, owners, kinds, and words for tables and checks."""

from pathlib import Path

import dagster as dg
import pytest

from pipelines.assets.presentation import (
    OWNERS,
    check_name,
    describe_asset,
    describe_check,
    group_of,
    leading_comment,
    owners_of,
)
from pipelines.transform.manifest import DbtManifest, read_manifest

GROUPS = {
    "market_sources",
    "market_staging",
    "market_intermediate",
    "market_marts",
    "tier_sources",
    "tier_staging",
    "tier_intermediate",
    "tier_marts",
    "joint_sources",
    "joint_intermediate",
    "joint_marts",
    "claims",
    "published",
}
PLACES = {
    "raw_rankings": "market_sources",
    "raw_telemetry": "tier_sources",
    "labs": "market_sources",
    "benchmark_results": "joint_sources",
    "stg_openrouter__models": "market_staging",
    "stg_telemetry__scrapes": "tier_staging",
    "member_days": "market_intermediate",
    "target_days": "tier_intermediate",
    "stated_claims": "joint_intermediate",
    "market_days": "market_marts",
    "ingest_log": "market_marts",
    # It reads the market's names too, but its folder says that it is the tier's.
    "served_models": "tier_marts",
    "tier_file": "tier_marts",
    "local_vs_market_daily": "joint_marts",
    "claim/five_weeks": "claims",
    "published": "published",
}


@pytest.fixture(scope="module")
def manifest(parsed_home: Path) -> DbtManifest:
    return read_manifest(parsed_home)


def asset(definitions: dg.Definitions, name: str) -> dg.AssetSpec:
    specs = {spec.key.to_user_string(): spec for spec in definitions.resolve_all_asset_specs()}
    return specs[name]


def node(manifest: DbtManifest, name: str) -> dict[str, object]:
    """Return dbt's node of this name."""
    [found] = [each for each in manifest["nodes"].values() if each["name"] == name]
    return dict(found)


# Groups, owners, kinds.


def test_groups_are_parts_and_layers(definitions: dg.Definitions) -> None:
    specs = definitions.resolve_all_asset_specs()
    assert {spec.group_name for spec in specs} == GROUPS
    groups = {spec.key.to_user_string(): spec.group_name for spec in specs}
    assert {name: groups[name] for name in PLACES} == PLACES


def test_every_asset_has_an_owner_kinds_and_a_description(definitions: dg.Definitions) -> None:
    """Three kinds are the most that Dagster shows."""
    for spec in definitions.resolve_all_asset_specs():
        name = spec.key.to_user_string()
        assert set(spec.owners) <= set(OWNERS.values()), name
        assert len(spec.owners) == 1, name
        assert {"duckdb"} < spec.kinds, name
        assert len(spec.kinds) <= 3, name
        assert spec.description, name
        assert not spec.description.startswith("dbt "), name


def test_what_joins_the_halves_belongs_to_analysis() -> None:
    claim = {"original_file_path": "claims/price.sql"}
    joint = {"original_file_path": "intermediate/joined.sql"}
    seed = {"original_file_path": "seeds/labs.csv"}
    assert owners_of(claim, ["market"]) == owners_of(joint, ["market", "tier"])
    assert group_of(claim, ["market"]) == "claims"
    assert group_of(seed, ["tier"]) == "tier_sources"
    assert owners_of(seed, ["tier"]) == ["team:tier"]


# Claims.


def test_a_claim_says_its_sentence(definitions: dg.Definitions) -> None:
    """With who said it when, its population, its source, and how to read the verdict."""
    described = asset(definitions, "claim/five_weeks").description or ""
    assert described.startswith(
        "“Chinese AI tops the US five weeks straight.”\n\nSaid by: National"
    )
    for part in (
        "Global Times quotes it, 2026-04-06. Population: OpenRouter, the five ISO weeks",
        "[Source](https://www.globaltimes.cn/page/202604/1358300.shtml)",
        "whether China served more than the US in the five weeks to 5 April 2026.",
        "`tokentide claims show five-weeks`",
        "#### Raw SQL:",
    ):
        assert part in described


def test_a_claim_of_no_known_day_has_none(definitions: dg.Definitions) -> None:
    described = asset(definitions, "claim/price").description or ""
    assert "Said by: press, spring 2026. Population: " in described
    assert "None" not in described.partition("#### Raw SQL:")[0]


def test_claims_are_upstream_of_their_union(definitions: dg.Definitions) -> None:
    """Their keys begin with `claim`; what reads them finds them."""
    graph = definitions.resolve_asset_graph()
    claims = {key for key in graph.get_all_asset_keys() if key.path[0] == "claim"}
    assert claims
    assert claims <= graph.get_ancestor_asset_keys(dg.AssetKey("claims"))


def test_a_table_keeps_its_own_description(manifest: DbtManifest) -> None:
    days = node(manifest, "market_days")
    assert describe_asset(days) == days["description"]


# Checks.


def test_every_check_has_a_name_to_read_and_a_description(definitions: dg.Definitions) -> None:
    """A description is a sentence; a name of dbt's own making would repeat table and arguments."""
    graph = definitions.resolve_asset_graph()
    for key in graph.asset_check_keys:
        described = graph.get(key).description or ""
        assert described.endswith("."), key
        assert "{" not in described, key
        assert "__" not in key.name, key
        assert len(key.name) <= 50, key


@pytest.mark.parametrize(
    ("test", "name", "described"),
    [
        (
            "unique_key_market_days_date",
            "key_is_unique",
            "No two rows have the same date, and none of these is null.",
        ),
        ("not_null_labs_evidence", "evidence_is_not_null", "evidence is never null."),
        (
            "accepted_values_model_attribution_weights__open__closed__unknown",
            "weights_is_an_accepted_value",
            "weights is one of open, closed, unknown.",
        ),
        (
            "own_providers_author_has_a_lab",
            "own_providers_author_has_a_lab",
            "Each author_slug is author_slug of a row of labs.",
        ),
        (
            "relationships_model_attribution_base_author_slug__author_slug__ref_labs_",
            "base_author_slug_is_in_labs",
            "Each base_author_slug is author_slug of a row of labs.",
        ),
        (
            "prices_are_not_negative",
            "prices_are_not_negative",
            "The source writes -1 where a price varies, which is not a price.",
        ),
    ],
)
def test_a_check_says_what_it_states(
    manifest: DbtManifest, test: str, name: str, described: str
) -> None:
    """By the comment of its file, or by its arguments; a name that a person gave stays."""
    found = node(manifest, test)
    assert check_name(found) == name
    assert describe_check(found) == described


def test_a_check_that_only_warns_says_so(manifest: DbtManifest) -> None:
    assert describe_check(node(manifest, "restatements_are_small")).endswith(
        "It only warns, and stops nothing."
    )


def test_a_description_of_ones_own_comes_first(manifest: DbtManifest) -> None:
    found = node(manifest, "not_null_labs_evidence") | {"description": "Each row has a source."}
    assert describe_check(found) == "Each row has a source."


def test_a_comment_is_a_paragraph() -> None:
    """All of its lines, without what follows."""
    assert leading_comment({"raw_code": "-- One.\n-- Two.\n\nselect 1 -- three\n"}) == "One. Two."
    assert leading_comment({"raw_code": "select 1"}) == ""
