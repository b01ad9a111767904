"""The routes of the exports, with the entity tags and cache headers a CDN puts on files."""

import hashlib
import json
import re
from datetime import date, datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pipelines.simulator.api.data_api import BASE
from pipelines.simulator.api.dispatch import Dispatcher, spoil_payload
from pipelines.simulator.api.exports import FORMATS, LICENSE, Snapshot, newest
from pipelines.simulator.errors import Json, NotFound
from pipelines.simulator.faults.payload_faults import (
    MANIFEST_FAULTS,
    PAYLOAD_FAULTS,
    SNAPSHOT_FAULTS,
)
from pipelines.simulator.faults.row_faults import ROW_FAULTS
from pipelines.simulator.market_protocol import iso_ms

EXPORTS = f"{BASE}/datasets/exports"
BOARD = f"{EXPORTS}/rankings-daily"
MISSING = "Export not found"
DATASETS = {
    "benchmark-runs": "Benchmark runs",
    "benchmark-leaderboard": "Benchmark leaderboard",
    "search-benchmark-lanes": "Search benchmark lanes",
    "rankings-daily": "Daily model rankings",
}


def routes(desk: Dispatcher) -> list[Route]:
    """All export routes."""
    return [
        desk.route(f"{EXPORTS}/index.json", index),
        desk.route(f"{BOARD}/{{name}}", export_file),
    ]


def index(desk: Dispatcher, request: Request) -> Response:
    """The catalogue of exports; it names the newest snapshot and no older ones."""
    snapshot = Snapshot(desk, _day_of(desk, "latest"), _root(request))
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
    payload: Json = {
        "schema_version": "v1",
        "updated_at": iso_ms(snapshot.published_at),
        "update_cadence": "daily",
        "license": LICENSE,
        "attribution": snapshot.credit,
        "readme_url": f"{host}/README.md",
        "license_url": LICENSE["url"],
        "datasets": datasets,
    }
    return _tagged(
        request,
        _json(spoil_payload(payload, desk.faults.take(PAYLOAD_FAULTS, request.url.path))),
        FORMATS["json"],
    )


def export_file(desk: Dispatcher, request: Request) -> Response:
    """A dated file, its manifest, or the newest one's alias."""
    named = re.fullmatch(
        r"(latest|\d{4}-\d{2}-\d{2})\.(csv|json|manifest\.json)", str(request.path_params["name"])
    )
    if named is None:
        raise NotFound(MISSING)
    day, kind = _day_of(desk, named[1]), named[2]
    if kind == "manifest.json":
        return _tagged(request, _json(_manifest(desk, request, day)), FORMATS["json"])
    path = request.url.path
    body = Snapshot(desk, day, _root(request)).file(
        kind, desk.faults.take(ROW_FAULTS, path), desk.faults.take(PAYLOAD_FAULTS, path)
    )
    return _tagged(request, body, FORMATS[kind])


def _manifest(desk: Dispatcher, request: Request, day: date) -> Json:
    path = request.url.path
    for fault in desk.faults.take(SNAPSHOT_FAULTS, path):
        day = SNAPSHOT_FAULTS[fault.kind](day)
    snapshot = Snapshot(desk, day, _root(request))
    manifest = snapshot.manifest({kind: _announced(desk, snapshot, kind) for kind in FORMATS})
    for fault in desk.faults.take(MANIFEST_FAULTS, path):
        manifest = MANIFEST_FAULTS[fault.kind](manifest)
    return manifest


def _announced(desk: Dispatcher, snapshot: Snapshot, kind: str) -> bytes:
    # The file is spoiled when it is fetched; the manifest only looks ahead, so both agree on the bytes.
    path = f"{BOARD}/{snapshot.day}.{kind}"
    return snapshot.file(
        kind, desk.faults.peek(ROW_FAULTS, path), desk.faults.peek(PAYLOAD_FAULTS, path)
    )


def _day_of(desk: Dispatcher, name: str) -> date:
    now: datetime = desk.clock.now()
    try:
        day = newest(now) if name == "latest" else date.fromisoformat(name)
    except ValueError as error:
        raise NotFound(MISSING) from error
    if not desk.exports_since <= day <= newest(now):
        raise NotFound(MISSING)
    return day


def _root(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}{BOARD}"


def _json(payload: Json) -> bytes:
    return json.dumps(payload, separators=(",", ":")).encode()


def _tagged(request: Request, body: bytes, media_type: str) -> Response:
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {
        "ETag": tag,
        "Cache-Control": "public, max-age=300",
        "Access-Control-Allow-Origin": "*",
    }
    asked = request.headers.get("if-none-match", "")
    if asked == "*" or tag in [one.strip().removeprefix("W/") for one in asked.split(",")]:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=media_type)
