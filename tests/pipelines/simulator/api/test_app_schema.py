"""Every response of the synthetic market against the published API description."""

import json

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012
from support.rules.requirements import require_file

ROOT = "urn:openrouter"
GOOD = [
    ("/datasets/rankings-daily", "/datasets/rankings-daily"),
    ("/datasets/rankings-daily", "/datasets/rankings-daily?period=month&start_date=2026-01-01"),
    ("/datasets/rankings-daily", "/datasets/rankings-daily?category=programming"),
    ("/datasets/rankings-daily", "/datasets/rankings-daily?modality=image_output"),
    ("/datasets/app-rankings", "/datasets/app-rankings?sort=trending"),
    ("/datasets/app-rankings", "/datasets/app-rankings"),
    ("/datasets/session-cost", "/datasets/session-cost?limit=500"),
    ("/benchmarks", "/benchmarks?include_run_config=true"),
    ("/benchmarks", "/benchmarks?source=design-arena"),
    ("/classifications/task", "/classifications/task"),
    ("/models", "/models?output_modalities=all"),
    ("/models", "/models?limit=5"),
    ("/models/count", "/models/count?output_modalities=all"),
    ("/models/{author}/{slug}/endpoints", "/models/z-ai/glm-5.2/endpoints"),
    ("/models/{author}/{slug}/endpoints", "/models/openai/gpt-6-astra:batch/endpoints"),
    ("/providers", "/providers"),
]
PATHS = sorted({path for path, _ in GOOD})
BAD = [
    ("/datasets/rankings-daily", "/datasets/rankings-daily?start_date=2026-02-30", 400),
    ("/datasets/app-rankings", "/datasets/app-rankings?limit=0", 400),
    ("/models/{author}/{slug}/endpoints", "/models/nobody/nothing/endpoints", 404),
]
BROKEN = [
    ("unauthorized", 401),
    ("echo_key", 401),
    ("too_many_minute", 429),
    ("too_many_day", 429),
    ("retry_after_only", 429),
    ("server_error", 500),
]


@pytest.fixture(scope="module")
def check(recordings):
    """Assert that a body fits the schema of a path and a status."""
    file = require_file(
        recordings.parent / "reference" / "openrouter-openapi.json",
        "the published API description",
    )
    description = json.loads(file.read_text(encoding="utf-8"))
    registry = Registry().with_resource(
        ROOT, Resource.from_contents(description, default_specification=DRAFT202012)
    )

    def check_body(path: str, status: int, body: object) -> None:
        pointer = path.replace("~", "~0").replace("/", "~1").replace("{", "%7B").replace("}", "%7D")
        reference = (
            f"{ROOT}#/paths/{pointer}/get/responses/{status}/content/application~1json/schema"
        )
        errors = list(
            Draft202012Validator({"$ref": reference}, registry=registry).iter_errors(body)
        )
        assert not errors, [
            (list(error.absolute_path), error.message[:200]) for error in errors[:5]
        ]

    return check_body


@pytest.mark.parametrize(("path", "address"), GOOD)
def test_a_good_response_fits_the_description(market, check, path, address):
    """For requests of every kind."""
    response = market.get(address)
    assert response.status_code == 200
    assert response.headers["x-tokentide-origin"] == "simulated"
    check(path, 200, response.json())


@pytest.mark.parametrize("path", [path for path in PATHS if "{" not in path])
def test_early_responses_fit_the_description(market, check, path):
    """Three weeks after the first day, when there is little data."""
    market.set_now("2025-01-20T09:00:00Z")
    check(path, 200, market.get(path).json())


def test_endpoints_of_all_kinds_fit_the_description(market, check):
    """Free, open and closed models; every third one is a fair sample."""
    for entry in market.get("/models", output_modalities="all").json()["data"][::3]:
        if not entry["id"].startswith("~"):
            check(
                "/models/{author}/{slug}/endpoints",
                200,
                market.get(f"/models/{entry['id']}/endpoints").json(),
            )


@pytest.mark.parametrize(("path", "address", "status"), BAD)
def test_a_refusal_fits_the_description(market, check, path, address, status):
    """Status and body agree."""
    response = market.get(address)
    assert response.status_code == status
    check(path, status, response.json())


@pytest.mark.parametrize(("kind", "status"), BROKEN)
def test_a_faulty_response_fits_the_description(market, check, kind, status):
    """Errors have the published shape, as far as one is published."""
    market.set_faults({"kind": kind})
    response = market.get("/datasets/rankings-daily")
    assert response.status_code == status
    check("/datasets/rankings-daily", status, response.json())
