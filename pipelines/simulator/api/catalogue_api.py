"""The keyless routes of the catalogue: models, their hosts' endpoints, and providers."""

import json
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pipelines.simulator.api.data_api import BASE
from pipelines.simulator.api.dispatch import Dispatcher
from pipelines.simulator.api.windows import Params, page
from pipelines.simulator.errors import InvalidChoice, Json

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


def routes(desk: Dispatcher) -> list[Route]:
    """All catalogue routes."""
    return [
        desk.route(f"{BASE}/models", models),
        desk.route(f"{BASE}/models/count", count),
        desk.route(f"{BASE}/models/{{author}}/{{slug}}/endpoints", endpoints),
        desk.route(f"{BASE}/providers", providers),
    ]


def models(desk: Dispatcher, request: Request) -> Response:
    """The catalogue: whole unless a page is asked for, and text models only unless other modalities are."""
    params = request.query_params
    listed = of_modalities(desk.board.models(desk.clock.now()), params)
    limit, offset = page(params, 500, 1000, 10**8)
    is_paged = "limit" in params or "offset" in params
    shown = listed[offset : offset + limit] if is_paged else listed
    is_last = not is_paged or offset + limit >= len(listed)
    following = (
        None
        if is_last
        else f"{BASE}/models?" + urlencode({**params, "limit": limit, "offset": offset + limit})
    )
    return desk.json(
        request, {"data": shown, "total_count": len(listed), "links": {"next": following}}, CACHE
    )


def count(desk: Dispatcher, request: Request) -> Response:
    """How many models the catalogue would list."""
    listed = of_modalities(desk.board.models(desk.clock.now()), request.query_params)
    return desk.json(request, {"data": {"count": len(listed)}}, CACHE)


def endpoints(desk: Dispatcher, request: Request) -> Response:
    """The hosts of one model. Speeds are for those with a key."""
    name = "{author}/{slug}".format_map(request.path_params)
    data = desk.board.endpoints(name, desk.clock.now())
    if not desk.knows(request) and isinstance(hosted := data["endpoints"], list):
        data = {**data, "endpoints": [{**endpoint, **dict.fromkeys(SPEEDS)} for endpoint in hosted]}
    return desk.json(request, {"data": data})


def providers(desk: Dispatcher, request: Request) -> Response:
    """All hosts."""
    return desk.json(request, {"data": desk.board.providers(desk.clock.now())})


def of_modalities(listed: list[Json], params: Params) -> list[Json]:
    """The models with at least one of the output modalities asked for."""
    asked = params.get("output_modalities", "text").split(",")
    if asked == ["all"]:
        return listed
    for value in asked:
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
    return [model for model in listed if not set(asked).isdisjoint(output_modalities(model))]


def output_modalities(model: Json) -> list[str]:
    """What a model puts out."""
    architecture = model["architecture"]
    return architecture["output_modalities"] if isinstance(architecture, dict) else []
