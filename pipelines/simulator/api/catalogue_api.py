"""Keyless routes of the catalogue: models, their endpoints, and providers."""

import json
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pipelines.simulator.api.data_api import BASE
from pipelines.simulator.api.dispatch import Dispatcher
from pipelines.simulator.api.windows import Params, page
from pipelines.simulator.errors import InvalidChoice, JsonObject

CACHE = {"Cache-Control": "public, max-age=120, stale-while-revalidate=3600, stale-if-error=3600"}
OUTPUT_MODALITIES = (
    "text",
    "image",
    "embeddings",
    "audio",
    "video",
    "rerank",
    "speech",
    "transcription",
    "decisions",
)
SPEEDS = ("latency_last_30m", "throughput_last_30m")


def routes(dispatcher: Dispatcher) -> list[Route]:
    """List the catalogue routes."""
    return [
        dispatcher.route(f"{BASE}/models", models),
        dispatcher.route(f"{BASE}/models/count", count),
        dispatcher.route(f"{BASE}/models/{{author}}/{{slug}}/endpoints", endpoints),
        dispatcher.route(f"{BASE}/providers", providers),
    ]


def models(dispatcher: Dispatcher, request: Request) -> Response:
    """Serve the catalogue: text models by default, whole unless the request names a page."""
    params = request.query_params
    listed = filter_by_modality(dispatcher.market.models(dispatcher.clock.now()), params)
    limit, offset = page(params, 500, 1000, 10**8)
    is_paged = "limit" in params or "offset" in params
    shown = listed[offset : offset + limit] if is_paged else listed
    is_last = not is_paged or offset + limit >= len(listed)
    following = (
        None
        if is_last
        else f"{BASE}/models?" + urlencode({**params, "limit": limit, "offset": offset + limit})
    )
    return dispatcher.json_response(
        request, {"data": shown, "total_count": len(listed), "links": {"next": following}}, CACHE
    )


def count(dispatcher: Dispatcher, request: Request) -> Response:
    """Serve the number of models that the catalogue lists."""
    listed = filter_by_modality(
        dispatcher.market.models(dispatcher.clock.now()), request.query_params
    )
    return dispatcher.json_response(request, {"data": {"count": len(listed)}}, CACHE)


def endpoints(dispatcher: Dispatcher, request: Request) -> Response:
    """Serve the endpoints of one model. Speeds need a key."""
    name = "{author}/{slug}".format_map(request.path_params)
    data = dispatcher.market.endpoints(name, dispatcher.clock.now())
    if not dispatcher.has_known_key(request) and isinstance(hosted := data["endpoints"], list):
        data = {**data, "endpoints": [{**endpoint, **dict.fromkeys(SPEEDS)} for endpoint in hosted]}
    return dispatcher.json_response(request, {"data": data})


def providers(dispatcher: Dispatcher, request: Request) -> Response:
    """Serve the list of hosts."""
    return dispatcher.json_response(
        request, {"data": dispatcher.market.providers(dispatcher.clock.now())}
    )


def filter_by_modality(listed: list[JsonObject], params: Params) -> list[JsonObject]:
    """Keep the models with at least one of the requested output modalities."""
    requested = params.get("output_modalities", "text").split(",")
    if requested == ["all"]:
        return listed
    for value in requested:
        if value not in OUTPUT_MODALITIES:
            report = [
                {
                    "code": "invalid_value",
                    "values": OUTPUT_MODALITIES,
                    "path": ["output_modalities"],
                    "message": "Invalid option",
                }
            ]
            raise InvalidChoice(json.dumps(report, indent=2))
    return [model for model in listed if not set(requested).isdisjoint(output_modalities(model))]


def output_modalities(model: JsonObject) -> list[str]:
    """Return the output modalities of a catalogue entry."""
    architecture = model["architecture"]
    return architecture["output_modalities"] if isinstance(architecture, dict) else []
