"""The example payloads by source, with functions that change and parse them."""

import copy
import json
from datetime import UTC, datetime
from typing import Any

from support import payloads

from pipelines.archive import Answer
from pipelines.sources.openrouter import (
    apps,
    benchmarks,
    catalogue,
    endpoints,
    providers,
    rankings,
    rankings_table,
    session_costs,
    tasks,
)

# Each source with its parser, its example, its path, the published schemas of its rows, and the
# keys that the parser knows.
SOURCES: dict[str, tuple[Any, payloads.Payload, str, list[str], frozenset[str]]] = {
    "rankings": (
        rankings,
        payloads.RANKINGS,
        "/datasets/rankings-daily",
        ["RankingsDailyItem"],
        frozenset(rankings_table.COLUMNS),
    ),
    "apps": (apps, payloads.APPS, "/datasets/app-rankings", ["AppRankingsItem"], apps.KEYS),
    "session costs": (
        session_costs,
        payloads.SESSION_COSTS,
        "/datasets/session-cost",
        ["SessionCostItem"],
        session_costs.KEYS,
    ),
    "benchmarks": (
        benchmarks,
        payloads.BENCHMARKS,
        "/benchmarks",
        [f"UnifiedBenchmarks{name}Item" for name in ("AA", "DA", "OR", "Search")],
        benchmarks.KEYS,
    ),
    "tasks": (
        tasks,
        payloads.TASKS,
        "/classifications/task",
        ["TaskClassificationItem"],
        tasks.KEYS,
    ),
    "catalogue": (catalogue, payloads.MODELS, "/models", ["Model"], catalogue.KEYS),
    "endpoints": (
        endpoints,
        payloads.ENDPOINTS,
        "/models/{author}/{slug}/endpoints",
        ["PublicEndpoint"],
        endpoints.KEYS,
    ),
    "providers": (providers, payloads.PROVIDERS, "/providers", [], providers.KEYS),
}


def archived_answer(**more: Any) -> Answer:
    """Build the archive's record of a response, with these fields."""
    return Answer(
        "s", "http://h/x", datetime(2026, 5, 12, 2, tzinfo=UTC), 200, 0, "0" * 64, "run", **more
    )


def parse(name: str, payload: object, /, **more: Any) -> Any:
    """Parse a payload as the source's parser does."""
    source, answer = SOURCES[name][0].SOURCE, archived_answer(**more)
    return source.parse(answer, source.decode(answer, json.dumps(payload).encode()))


def rows_in(name: str, payload: payloads.Payload) -> list[dict[str, Any]]:
    """Return the list of rows in a payload."""
    data = payload["data"]
    rows: list[dict[str, Any]] = {
        "tasks": lambda: data["classifications"],
        "endpoints": lambda: data["endpoints"],
    }.get(name, lambda: data)()
    return rows


def with_changes(name: str, /, **values: object) -> payloads.Payload:
    """Return the example with these values in its first row."""
    payload = copy.deepcopy(SOURCES[name][1])
    rows_in(name, payload)[0].update(values)
    return payload
