"""Every source's example and known keys against the published API description."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012
from support.rules.requirements import require_file
from support.source_payloads import SOURCES, parse, with_changes

from pipelines.sources.openrouter.rankings_table import RankingsTable

each_source = pytest.mark.parametrize("name", SOURCES)


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
    _, payload, path, _, _ = SOURCES[name]
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
    _, _, path, schemas, keys = SOURCES[name]
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
    good, odd = parse(name, SOURCES[name][1]), parse(name, with_changes(name, brand_new={"a": [1]}))
    assert good.notes == []
    [note] = odd.notes
    assert note.startswith("unknown key 'brand_new' in ")
    if isinstance(good, RankingsTable):
        assert odd.rows.equals(good.rows)
    else:
        assert all(odd.frames[table].equals(frame) for table, frame in good.frames.items())
