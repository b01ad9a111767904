"""Routes of the daily exports, with the entity tags and cache headers of a CDN."""

import hashlib
import json
import re
from datetime import date, datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pipelines.simulator.api.data_api import BASE
from pipelines.simulator.api.dispatch import Dispatcher, apply_payload_faults
from pipelines.simulator.api.exports import (
    FORMATS,
    LICENSE,
    ExportSnapshot,
    newest_snapshot_date,
)
from pipelines.simulator.errors import JsonObject, NotFound
from pipelines.simulator.faults.payload_faults import (
    MANIFEST_FAULTS,
    PAYLOAD_FAULTS,
    SNAPSHOT_FAULTS,
)
from pipelines.simulator.faults.row_faults import ROW_FAULTS
from pipelines.simulator.market_protocol import format_instant

EXPORTS = f"{BASE}/datasets/exports"
RANKINGS = f"{EXPORTS}/rankings-daily"
MISSING = "Export not found"
DATASETS = {
    "benchmark-runs": "Benchmark runs",
    "benchmark-leaderboard": "Benchmark leaderboard",
    "search-benchmark-lanes": "Search benchmark lanes",
    "rankings-daily": "Daily model rankings",
}


def routes(dispatcher: Dispatcher) -> list[Route]:
    """List the export routes."""
    return [
        dispatcher.route(f"{EXPORTS}/index.json", index),
        dispatcher.route(f"{RANKINGS}/{{name}}", export_file),
    ]


def index(dispatcher: Dispatcher, request: Request) -> Response:
    """Serve the index of the exports, which names the newest snapshot and no older ones."""
    snapshot = ExportSnapshot(dispatcher, _day_of(dispatcher, "latest"), _root(request))
    host = snapshot.root.removesuffix("/rankings-daily")
    newest_day = snapshot.day.isoformat()
    datasets = [
        {
            "id": name,
            "title": title,
            "latest_snapshot_date": newest_day,
            "latest_manifest_url": f"{host}/{name}/latest.manifest.json",
        }
        for name, title in DATASETS.items()
    ]
    payload: JsonObject = {
        "schema_version": "v1",
        "updated_at": format_instant(snapshot.published_at),
        "update_cadence": "daily",
        "license": LICENSE,
        "attribution": snapshot.attribution,
        "readme_url": f"{host}/README.md",
        "license_url": LICENSE["url"],
        "datasets": datasets,
    }
    return tagged_response(
        request,
        _json_bytes(
            apply_payload_faults(payload, dispatcher.faults.take(PAYLOAD_FAULTS, request.url.path))
        ),
        FORMATS["json"],
    )


def export_file(dispatcher: Dispatcher, request: Request) -> Response:
    """Serve a dated file, its manifest, or their `latest` alias."""
    named = re.fullmatch(
        r"(latest|\d{4}-\d{2}-\d{2})\.(csv|json|manifest\.json)", str(request.path_params["name"])
    )
    if named is None:
        raise NotFound(MISSING)
    day, kind = _day_of(dispatcher, named[1]), named[2]
    if kind == "manifest.json":
        return tagged_response(
            request, _json_bytes(_manifest(dispatcher, request, day)), FORMATS["json"]
        )
    path = request.url.path
    body = ExportSnapshot(dispatcher, day, _root(request)).file(
        kind, dispatcher.faults.take(ROW_FAULTS, path), dispatcher.faults.take(PAYLOAD_FAULTS, path)
    )
    return tagged_response(request, body, FORMATS[kind])


def _manifest(dispatcher: Dispatcher, request: Request, day: date) -> JsonObject:
    path = request.url.path
    for fault in dispatcher.faults.take(SNAPSHOT_FAULTS, path):
        day = SNAPSHOT_FAULTS[fault.kind](day)
    snapshot = ExportSnapshot(dispatcher, day, _root(request))
    manifest = snapshot.manifest({kind: _file_body(dispatcher, snapshot, kind) for kind in FORMATS})
    for fault in dispatcher.faults.take(MANIFEST_FAULTS, path):
        manifest = MANIFEST_FAULTS[fault.kind](manifest)
    return manifest


def _file_body(dispatcher: Dispatcher, snapshot: ExportSnapshot, kind: str) -> bytes:
    # The file's own request uses up its faults; the manifest only peeks, so both agree on bytes.
    path = f"{RANKINGS}/{snapshot.day}.{kind}"
    return snapshot.file(
        kind, dispatcher.faults.peek(ROW_FAULTS, path), dispatcher.faults.peek(PAYLOAD_FAULTS, path)
    )


def _day_of(dispatcher: Dispatcher, name: str) -> date:
    now: datetime = dispatcher.clock.now()
    try:
        day = newest_snapshot_date(now) if name == "latest" else date.fromisoformat(name)
    except ValueError as error:
        raise NotFound(MISSING) from error
    if not dispatcher.exports_since <= day <= newest_snapshot_date(now):
        raise NotFound(MISSING)
    return day


def _root(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}{RANKINGS}"


def _json_bytes(payload: JsonObject) -> bytes:
    return json.dumps(payload, separators=(",", ":")).encode()


def tagged_response(request: Request, body: bytes, media_type: str) -> Response:
    """Build a response with an entity tag, or 304 where the request has that tag."""
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {
        "ETag": tag,
        "Cache-Control": "public, max-age=300",
        "Access-Control-Allow-Origin": "*",
    }
    known = request.headers.get("if-none-match", "")
    if known == "*" or tag in [one.strip().removeprefix("W/") for one in known.split(",")]:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=media_type)
