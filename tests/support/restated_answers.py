"""Archived answers of three mornings, with restated, withdrawn and repriced figures."""

import copy
import json
from datetime import datetime, timedelta
from typing import Any

import support.payloads as examples
from support.loading import AS_OF, DAY, keep_answer, rankings_body

from pipelines.archive import Archive

THEN = AS_OF + DAY


def keep_until(archive: Archive, instant: datetime) -> None:
    """Keep the answers up to `instant`."""
    for at, source, body, more in answers():
        if at <= instant:
            keep_answer(archive, body, at, source, **more)


def answers() -> list[tuple[datetime, str, bytes, dict[str, Any]]]:
    """List the answers of the three mornings: instant, source, bytes and further fields."""
    quarter = timedelta(minutes=15)
    return [
        (AS_OF, "rankings_daily", rankings_body(), {}),
        (AS_OF + quarter, "models", models_at_price("0.000001"), {}),
        (AS_OF + quarter, "providers", to_bytes(examples.PROVIDERS), {}),
        (
            AS_OF + quarter,
            "endpoints",
            to_bytes(examples.ENDPOINTS),
            {"context": {"model": "lab/model-0"}},
        ),
        (AS_OF + quarter, "app_rankings", example_as_of("APPS", AS_OF), {}),
        (AS_OF + quarter, "benchmarks", example_as_of("BENCHMARKS", AS_OF), {}),
        (AS_OF + quarter, "session_costs", example_as_of("SESSION_COSTS", AS_OF), {}),
        (AS_OF + quarter, "task_classifications", to_bytes(examples.TASKS), {}),
        (AS_OF + 2 * quarter, "models", b"no", {"status": 500}),
        (THEN, "rankings_daily", rankings_body(4, THEN, {2: 7}), {}),
        (THEN, "models", models_at_price("0.000001"), {}),
        (THEN + quarter, "models", models_at_price("0.000002"), {}),
        (THEN + quarter, "app_rankings", example_as_of("APPS", THEN + quarter), {}),
        (THEN + quarter, "providers", b"{}", {}),
        (
            THEN + DAY,
            "rankings_daily",
            rankings_body(5, THEN + DAY, {2: 9, 3: 1}, frozenset({1})),
            {},
        ),
        (THEN + DAY, "benchmarks", example_as_of("BENCHMARKS", THEN + DAY), {}),
    ]


def to_bytes(payload: object) -> bytes:
    """Encode a payload as JSON."""
    return json.dumps(payload).encode()


def models_at_price(usd: str) -> bytes:
    """Return the catalogue example with this price per prompt token."""
    payload = copy.deepcopy(examples.MODELS)
    payload["data"][0]["pricing"]["prompt"] = usd
    return to_bytes(payload)


def example_as_of(name: str, at: datetime) -> bytes:
    """Return an example with another `as_of`."""
    """Return an example with another `as_of`."""
    payload = copy.deepcopy(getattr(examples, name))
    payload["meta"]["as_of"] = at.isoformat()
    return to_bytes(payload)
