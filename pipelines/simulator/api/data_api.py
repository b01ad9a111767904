"""Keyed routes: rankings, apps, session costs, benchmarks and the task classification."""

from datetime import date, datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pipelines.simulator.api.dispatch import Dispatcher
from pipelines.simulator.api.windows import (
    Params,
    apps_query,
    choice,
    page,
    rankings_query,
    whole_number,
)
from pipelines.simulator.errors import InvalidRequest, JsonObject
from pipelines.simulator.faults.row_faults import ROW_FAULTS
from pipelines.simulator.market_protocol import format_instant

BASE = "/api/v1"
TURN_RANGES = ("1-turn", "2-9-turns", "10-49-turns", "50-plus-turns")
SOURCES = ("artificial-analysis", "design-arena", "openrouter")
TASK_TYPES = ("coding", "intelligence", "agentic", "search")
BENCHMARK_TYPES = (
    "gpqa_diamond",
    "tau_bench_verified_airline",
    "search_browsecomp",
    "search_hle",
    "search_dsqa",
    "search_widesearch",
)
CITATIONS = {
    "artificial-analysis": (
        "https://artificialanalysis.ai",
        "Source: Artificial Analysis (artificialanalysis.ai) "
        "via OpenRouter (openrouter.ai/rankings).",
    ),
    "design-arena": (
        "https://www.designarena.ai",
        "Source: Design Arena (designarena.ai) via OpenRouter (openrouter.ai/rankings).",
    ),
    "openrouter": (
        "https://openrouter.ai/rankings",
        "Source: OpenRouter (openrouter.ai/rankings).",
    ),
}


def routes(dispatcher: Dispatcher) -> list[Route]:
    """List the routes that need a key."""
    handlers = {
        "/datasets/rankings-daily": rankings_daily,
        "/datasets/app-rankings": app_rankings,
        "/datasets/session-cost": session_cost,
        "/benchmarks": benchmarks,
        "/classifications/task": task_classification,
    }
    return [
        dispatcher.route(BASE + path, handler, keyed=True) for path, handler in handlers.items()
    ]


def rankings_daily(dispatcher: Dispatcher, request: Request) -> Response:
    """Serve the rankings of a window, by day, week or month, whole or filtered."""
    now = dispatcher.clock.now()
    query = rankings_query(request.query_params, now.date())
    rows = dispatcher.market.rankings(query, now)
    data = dispatcher.apply_row_faults(
        rows, dispatcher.faults.take(ROW_FAULTS, request.url.path), now
    )
    return dispatcher.json_response(
        request, {"data": data, "meta": _window_meta(now, query.start, query.end)}
    )


def app_rankings(dispatcher: Dispatcher, request: Request) -> Response:
    """Serve the app rankings of a window."""
    now = dispatcher.clock.now()
    query = apps_query(request.query_params, now.date())
    return dispatcher.json_response(
        request,
        {
            "data": dispatcher.market.apps(query, now),
            "meta": _window_meta(now, query.start, query.end),
        },
    )


def session_cost(dispatcher: Dispatcher, request: Request) -> Response:
    """Serve median session costs by app, model and session length."""
    now, params = dispatcher.clock.now(), request.query_params
    limit, offset = page(params, 100, 500, 5000)
    turn_range = choice(params, "turn_range", TURN_RANGES)
    wanted = {
        "app_slug": params.get("app_slug"),
        "model_permaslug": params.get("model"),
        "turn_range": turn_range,
    }
    rows = _filter_items(dispatcher.market.session_costs(now), wanted)
    snapshot = date.fromordinal(now.date().toordinal() - now.date().isoweekday())
    meta: JsonObject = {
        "as_of": format_instant(now),
        "version": "v1",
        "window_days": 30,
        "window_end_date": snapshot.isoformat(),
    }
    return dispatcher.json_response(request, {"data": rows[offset : offset + limit], "meta": meta})


def benchmarks(dispatcher: Dispatcher, request: Request) -> Response:
    """Serve the benchmark results of three sources."""
    now, params = dispatcher.clock.now(), request.query_params
    source, task_type = choice(params, "source", SOURCES), choice(params, "task_type", TASK_TYPES)
    wanted = _benchmark_filters(params) | {"source": source}
    items = _filter_items(dispatcher.market.benchmarks(now), wanted)
    items = [item for item in items if task_type in (None, *_task_types(item))][
        : whole_number(params, "max_results", 10_000, 1, 10_000)
    ]
    if params.get("include_run_config") != "true":
        items = [
            {key: value for key, value in item.items() if key != "run_config"} for item in items
        ]
    source_url, citation = CITATIONS[source] if source else (None, None)
    meta: JsonObject = {
        "as_of": format_instant(now),
        "version": "v1",
        "source": source,
        "source_url": source_url,
        "citation": citation,
    }
    meta |= {
        "model_count": len({item["model_permaslug"] for item in items}),
        "task_type": task_type,
    }
    return dispatcher.json_response(request, {"data": items, "meta": meta})


def _benchmark_filters(params: Params) -> dict[str, str | None]:
    choice(params, "include_run_config", ("true", "false"))
    arena = choice(params, "arena", ("models", "builders", "agents"))
    if arena and params.get("source") not in (None, "design-arena"):
        raise InvalidRequest("arena belongs to source design-arena")
    return {
        "arena": arena,
        "category": params.get("category"),
        "benchmark_type": choice(params, "benchmark_type", BENCHMARK_TYPES),
        "search_engine": params.get("search_engine"),
        "search_surface": choice(params, "search_surface", ("server-tool", "plugin")),
    }


def _task_types(item: JsonObject) -> tuple[str, ...]:
    if "benchmark_type" not in item:
        return ("coding",) if "arena" in item else ("coding", "intelligence", "agentic")
    kind = str(item["benchmark_type"])
    if kind.startswith("search_"):
        return ("search",)
    return ("intelligence",) if kind == "gpqa_diamond" else ("agentic",)


def task_classification(dispatcher: Dispatcher, request: Request) -> Response:
    """Serve shares of sampled traffic by task. This response alone has no meta block."""
    choice(request.query_params, "window", ("7d",))
    headers = {"Cache-Control": "private, max-age=60, stale-while-revalidate=300"}
    return dispatcher.json_response(
        request, {"data": dispatcher.market.tasks(dispatcher.clock.now())}, headers
    )


def _filter_items(items: list[JsonObject], wanted: dict[str, str | None]) -> list[JsonObject]:
    return [
        item
        for item in items
        if all(value is None or item.get(name) == value for name, value in wanted.items())
    ]


def _window_meta(now: datetime, start: date, end: date) -> JsonObject:
    return {
        "as_of": format_instant(now),
        "version": "v1",
        "start_date": start.isoformat(),
        "end_date": end.isoformat(),
    }
