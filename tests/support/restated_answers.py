"""Three mornings of a market that restates, withdraws and reprices, as answers in an archive."""

import copy
import json
from datetime import datetime, timedelta
from typing import Any

import support.payloads as examples
from support.loading import AS_OF, DAY, board, kept

from pipelines.archive import Archive

THEN = AS_OF + DAY


def keep_until(archive: Archive, instant: datetime) -> None:
    """Keep what came until `instant`."""
    for at, source, body, more in mornings():
        if at <= instant:
            kept(archive, body, at, source, **more)


def mornings() -> list[tuple[datetime, str, bytes, dict[str, Any]]]:
    """Every answer of the three mornings: when it came, of what, its bytes, and how it went."""
    quarter = timedelta(minutes=15)
    return [
        (AS_OF, "rankings_daily", board(), {}),
        (AS_OF + quarter, "models", priced("0.000001"), {}),
        (AS_OF + quarter, "providers", encoded(examples.PROVIDERS), {}),
        (
            AS_OF + quarter,
            "endpoints",
            encoded(examples.ENDPOINTS),
            {"context": {"model": "lab/model-0"}},
        ),
        (AS_OF + quarter, "app_rankings", dated("APPS", AS_OF), {}),
        (AS_OF + quarter, "benchmarks", dated("BENCHMARKS", AS_OF), {}),
        (AS_OF + quarter, "session_costs", dated("SESSION_COSTS", AS_OF), {}),
        (AS_OF + quarter, "task_classifications", encoded(examples.TASKS), {}),
        (AS_OF + 2 * quarter, "models", b"no", {"status": 500}),
        (THEN, "rankings_daily", board(4, THEN, {2: 7}), {}),
        (THEN, "models", priced("0.000001"), {}),
        (THEN + quarter, "models", priced("0.000002"), {}),
        (THEN + quarter, "app_rankings", dated("APPS", THEN + quarter), {}),
        (THEN + quarter, "providers", b"{}", {}),
        (THEN + DAY, "rankings_daily", board(5, THEN + DAY, {2: 9, 3: 1}, frozenset({1})), {}),
        (THEN + DAY, "benchmarks", dated("BENCHMARKS", THEN + DAY), {}),
    ]


def encoded(payload: object) -> bytes:
    return json.dumps(payload).encode()


def priced(usd: str) -> bytes:
    payload = copy.deepcopy(examples.MODELS)
    payload["data"][0]["pricing"]["prompt"] = usd
    return encoded(payload)


def dated(name: str, at: datetime) -> bytes:
    payload = copy.deepcopy(getattr(examples, name))
    payload["meta"]["as_of"] = at.isoformat()
    return encoded(payload)
