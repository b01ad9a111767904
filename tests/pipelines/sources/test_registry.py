"""The registry of sources, and every source's example against the published API description."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012
from support.rules.requirements import require_file
from support.source_payloads import SOURCES as EXAMPLES
from support.source_payloads import parse, with_changes

from pipelines.definitions import define
from pipelines.settings import Settings
from pipelines.sources.openrouter.rankings_table import RankingsTable
from pipelines.sources.registry import SOURCES, assets_of_table, sources_of_table

each_source = pytest.mark.parametrize("name", EXAMPLES)


@pytest.fixture(scope="module")
def description(recordings: Path) -> dict[str, Any]:
    """Load the published description of the API."""
    file = require_file(
        recordings.parent / "reference" / "openrouter-openapi.json",
        "the published API description",
    )
    found: dict[str, Any] = json.loads(file.read_text())
    return found


@each_source
def test_the_example_fits_the_description(description: dict[str, Any], name: str) -> None:
    """Tests with the examples are therefore tests with possible answers."""
    _, payload, path, _, _ = EXAMPLES[name]
    registry = Registry().with_resource(
        "urn:api", Resource.from_contents(description, default_specification=DRAFT202012)
    )
    pointer = path.replace("/", "~1").replace("{", "%7B").replace("}", "%7D")
    reference = f"urn:api#/paths/{pointer}/get/responses/200/content/application~1json/schema"
    errors = Draft202012Validator({"$ref": reference}, registry=registry).iter_errors(payload)
    assert [(list(error.absolute_path), error.message[:200]) for error in errors] == []


@each_source
def test_every_published_key_is_known(description: dict[str, Any], name: str) -> None:
    """Only keys that the description lacks are noted as unknown."""
    _, _, path, schemas, keys = EXAMPLES[name]
    published = [
        set(description["components"]["schemas"][schema]["properties"]) for schema in schemas
    ]
    if name == "providers":
        whole = description["paths"][path]["get"]["responses"]["200"]["content"][
            "application/json"
        ]["schema"]
        published = [set(whole["properties"]["data"]["items"]["properties"])]
    assert set().union(*published) == keys


@each_source
def test_an_unknown_key_is_noted_and_accepted(name: str) -> None:
    """The source may add keys at any time; the row is loaded all the same."""
    good, odd = (
        parse(name, EXAMPLES[name][1]),
        parse(name, with_changes(name, brand_new={"a": [1]})),
    )
    assert good.notes == []
    [note] = odd.notes
    assert note.startswith("unknown key 'brand_new' in ")
    if isinstance(good, RankingsTable):
        assert odd.rows.equals(good.rows)
    else:
        assert all(odd.frames[table].equals(frame) for table, frame in good.frames.items())


def test_each_source_stands_under_its_name() -> None:
    """A source is found by the name that its answers carry."""
    assert {name: source.name for name, source in SOURCES.items()} == {
        name: name for name in SOURCES
    }


def test_rankings_come_from_two_sources_and_two_assets() -> None:
    """With a key and without one; the filtered rankings go into the same tables."""
    assert sources_of_table("ranking_rows") == {"rankings_daily", "rankings_export"}
    assert assets_of_table("ranking_rows") == ["raw_answers", "raw_slices"]


def test_a_table_that_no_source_fills_has_none() -> None:
    """Tables of telemetry are filled by segments."""
    assert sources_of_table("scrapes") == frozenset()
    assert assets_of_table("scrapes") == []


@pytest.mark.slow
def test_every_asset_of_the_registry_exists(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A name that Dagster does not know would leave tables without what fills them."""
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    keys = define(settings).resolve_asset_graph().get_all_asset_keys()
    named = {asset for source in SOURCES.values() for asset in source.assets}
    assert named <= {key.to_user_string() for key in keys}
