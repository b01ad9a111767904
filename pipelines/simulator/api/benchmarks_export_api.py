"""The keyless export of benchmarks: OpenRouter's own runs as a dated JSON file with a manifest."""

import hashlib
import json
from datetime import date, datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pipelines.simulator.api.dispatch import Dispatcher
from pipelines.simulator.api.exports import FORMATS, LICENSE, PUBLISHED_AT, newest_snapshot_date
from pipelines.simulator.api.exports_api import EXPORTS, MISSING, tagged_response
from pipelines.simulator.errors import JsonObject, NotFound
from pipelines.simulator.faults.payload_faults import MANIFEST_FAULTS
from pipelines.simulator.market_protocol import format_instant

LEADERBOARD = f"{EXPORTS}/benchmark-leaderboard"
# Runs of the service; those of other sources are not in it.
OWN = "openrouter"


def routes(dispatcher: Dispatcher) -> list[Route]:
    """List the routes of the newest leaderboard."""
    return [dispatcher.route(f"{LEADERBOARD}/{{name}}", leaderboard_file)]


def leaderboard_file(dispatcher: Dispatcher, request: Request) -> Response:
    """Serve the file of the newest day, or its manifest."""
    day, name = newest_snapshot_date(dispatcher.clock.now()), str(request.path_params["name"])
    body = json.dumps(_payload(dispatcher, day)).encode()
    if name == f"{day}.json":
        return tagged_response(request, body, FORMATS["json"])
    if name not in ("latest.manifest.json", f"{day}.manifest.json"):
        raise NotFound(MISSING)
    manifest: JsonObject = {
        **_head(day),
        "files": {
            "json": {
                "url": f"{LEADERBOARD}/{day}.json",
                "encoding_format": FORMATS["json"],
                "bytes": len(body),
                "sha256": hashlib.sha256(body).hexdigest(),
            }
        },
    }
    for fault in dispatcher.faults.take(MANIFEST_FAULTS, request.url.path):
        manifest = MANIFEST_FAULTS[fault.kind](manifest)
    return tagged_response(request, json.dumps(manifest).encode(), FORMATS["json"])


def _head(day: date) -> JsonObject:
    return {
        "dataset": "benchmark-leaderboard",
        "schema_version": "v1",
        "snapshot_date": day.isoformat(),
        "retrieved_at": format_instant(datetime.combine(day, PUBLISHED_AT)),
        "license": LICENSE,
    }


def _payload(dispatcher: Dispatcher, day: date) -> JsonObject:
    results = dispatcher.market.benchmarks(datetime.combine(day, PUBLISHED_AT))
    return {**_head(day), "data": [row for row in results if row["source"] == OWN]}
