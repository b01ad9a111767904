"""From the bytes of each source to its frames, with the published API description as the witness of what those bytes may be."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import support.payloads as examples
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012
from support.payloads import SOURCES, parse, with_changes
from support.requirements import require_file

from pipelines.sources.openrouter.rankings_table import RankingsTable

AS_OF = datetime(2026, 5, 12, 2, tzinfo=UTC)
each_source = pytest.mark.parametrize("name", SOURCES)


@pytest.fixture(scope="module")
def description(recordings: Path) -> dict[str, Any]:
    """The published description of the API."""
    file = require_file(
        recordings.parent / "reference" / "openrouter-openapi.json",
        "the published API description",
    )
    found: dict[str, Any] = json.loads(file.read_text())
    return found


# What the description promises.


@each_source
def test_the_example_is_what_the_description_promises(
    description: dict[str, Any], name: str
) -> None:
    """So what is tested with it is tested with a possible answer."""
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
    """Only what the description does not have is noted as unknown."""
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
    """The source may add keys at any time; the row is read all the same."""
    good, odd = parse(name, SOURCES[name][1]), parse(name, with_changes(name, brand_new={"a": [1]}))
    assert good.notes == []
    [note] = odd.notes
    assert note.startswith("unknown key 'brand_new' in ")
    if isinstance(good, RankingsTable):
        assert odd.rows.equals(good.rows)
    else:
        assert all(odd.frames[table].equals(frame) for table, frame in good.frames.items())


# What each becomes.


def test_rankings_become_a_board() -> None:
    """Everything stays text until it is checked; the filter comes from the request, since the answer does not repeat it."""
    board = parse("rankings", examples.RANKINGS, params={"start_date": "x", "modality": "text"})
    assert board.rows.rows()[0] == ("2026-05-11", "openai/gpt-4o-2024-05-13", "12345678")
    assert board.rows.columns == ["date", "model_permaslug", "total_tokens"]
    assert (board.start, board.end, board.as_of) == (date(2026, 4, 12), date(2026, 5, 11), AS_OF)
    assert (board.slice, board.grain, board.origin) == ("modality=text", "day", "data_api")
    weekly = parse(
        "rankings", examples.RANKINGS, params={"category": "marketing/seo", "period": "week"}
    )
    assert (weekly.slice, weekly.grain) == ("category=marketing/seo", "week")
    assert parse("rankings", examples.RANKINGS).slice == "all"


def test_counts_that_come_as_numbers_are_noted() -> None:
    """They are accepted; that they came otherwise than promised is worth knowing."""
    board = parse("rankings", with_changes("rankings", total_tokens=9007199254740993))
    assert board.rows["total_tokens"][0] == "9007199254740993"
    assert board.notes == ["rankings-daily sends token counts as JSON numbers, not as text"]


def test_apps_become_rows_of_a_window() -> None:
    """Counts are whole numbers beyond 32 bits; each row carries the window that it speaks for."""
    parsed = parse("apps", examples.APPS)
    window = (date(2026, 4, 12), date(2026, 5, 11), AS_OF)
    assert parsed.frames["raw.apps"].rows() == [
        (1, 12345, "Cline", 12345678901, 4321, *window),
        (2, 7, "Größe & Söhne", 0, 0, *window),
    ]


def test_session_costs_become_rows_of_a_snapshot() -> None:
    """Money is decimal; while no snapshot is published, there are no rows and no window."""
    [row] = parse("session costs", examples.SESSION_COSTS).frames["raw.session_costs"].rows()
    words = ("hermes-agent", "Hermes Agent", "anthropic/claude-4.8-opus", "10-49-turns")
    assert row == (*words, Decimal("1.740000"), AS_OF, date(2026, 5, 11), 30)
    none_yet = {
        "data": [],
        "meta": {**examples.SESSION_COSTS["meta"], "window_days": None, "window_end_date": None},
    }
    assert parse("session costs", none_yet).frames["raw.session_costs"].height == 0


def test_benchmarks_become_a_row_for_each_metric() -> None:
    """Every board's figures under their own names; a figure that is null is no row."""
    at = datetime(2026, 6, 3, 12, tzinfo=UTC)
    assert parse("benchmarks", examples.BENCHMARKS).frames["raw.benchmarks"].rows() == [
        ("artificial-analysis", "openai/gpt-4o", "GPT-4o", None, "intelligence_index", 71.2, at),
        ("artificial-analysis", "openai/gpt-4o", "GPT-4o", None, "agentic_index", 58.3, at),
        ("design-arena", "x/y", "Y", "models/codecategories", "elo", 1423.0, at),
        ("design-arena", "x/y", "Y", "models/codecategories", "win_rate", 72.0, at),
        ("openrouter", "x/y", "Y", "gpqa_diamond", "accuracy", 0.72, at),
        ("openrouter", "x/y", "Y", "search_widesearch/exa/server-tool", "primary_score", 0.5, at),
    ]


def test_tasks_become_shares_and_shares_by_model() -> None:
    """Two tables; there is no meta block in this answer."""
    frames = parse("tasks", examples.TASKS).frames
    task = (
        "code:general_impl",
        "Code Generation",
        "code",
        0.23,
        0.31,
        0.51,
        0.48,
        date(2026, 6, 17),
        7,
    )
    assert frames["raw.tasks"].rows() == [task]
    models = [
        ("code:general_impl", "openai/gpt-4.1-mini", 0.55, 0.75),
        ("code:general_impl", "x/y", 0.0, 1.0),
    ]
    assert frames["raw.task_models"].rows() == models


def test_the_catalogue_becomes_a_row_for_each_model() -> None:
    """Prices stay text in USD per token, so that nothing is rounded; what is nested stays JSON."""
    [row] = parse("catalogue", examples.MODELS).frames["raw.models"].to_dicts()
    assert row == {
        "model_id": "z-ai/glm-5.2", "canonical_slug": "z-ai/glm-5.2-20260616", "hugging_face_id": "zai-org/GLM-5.2",
        "name": "Z.ai: GLM 5.2", "created": 1781631930, "context_length": 1048576, "expiration_date": "2027-01-31", "tokenizer": "Other",
        "output_modalities": '["text"]', "prompt_usd": "0.00000056", "completion_usd": "0.00000176", "cached_usd": "0.000000104",
        "discount": "0.25", "overrides": '[{"min_prompt_tokens": 200000, "prompt": "0.000001"}]',
    }  # fmt: skip


def test_endpoints_become_a_row_for_each_host() -> None:
    """Missing percentiles are null, a negative status is kept, and the row knows which model was asked for; no host is no row."""
    [row] = (
        parse("endpoints", examples.ENDPOINTS, context={"model": "z-ai/glm-5.2-20260616"})
        .frames["raw.endpoints"]
        .to_dicts()
    )
    assert row == {
        "model_id": "z-ai/glm-5.2", "endpoint_name": "DeepInfra | z-ai/glm-5.2-20260616", "provider_name": "DeepInfra",
        "tag": "deepinfra/fp4", "quantization": "fp4", "context_length": 1048576, "status": -2.0,
        "uptime_last_5m": 100.0, "uptime_last_30m": 99.5, "uptime_last_1d": None,
        "ttft_ms_p50": 960.0, "ttft_ms_p75": 1210.0, "ttft_ms_p90": 1900.0, "ttft_ms_p99": 5200.0,
        "throughput_tps_p50": None, "throughput_tps_p75": None, "throughput_tps_p90": None, "throughput_tps_p99": None,
        "prompt_usd": "0.00000049", "completion_usd": "0.00000156", "cached_usd": "0.00000009", "discount": "0",
        "asked_model": "z-ai/glm-5.2-20260616", "data_id": "z-ai/glm-5.2",
    }  # fmt: skip
    nobody = {"data": {**examples.ENDPOINTS["data"], "endpoints": []}}
    assert parse("endpoints", nobody).frames["raw.endpoints"].height == 0


def test_providers_become_a_row_each() -> None:
    """Unknown countries are null, not none."""
    found = parse("providers", examples.PROVIDERS).frames["raw.providers"].rows()
    assert found == [
        ("DeepInfra", "deepinfra", "US", '["US", "SG"]'),
        ("Nebula", "nebula", None, None),
    ]
