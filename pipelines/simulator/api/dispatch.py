"""The dispatcher: request log, faults, key check and quotas, then the handler of the route."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pipelines.simulator.api.limits import RateMeter
from pipelines.simulator.clock import Clock
from pipelines.simulator.errors import ApiError, JsonObject, Unauthorized
from pipelines.simulator.faults.hub_faults import HUB_FAULTS, LINK_FAULTS, PAGE_FAULTS
from pipelines.simulator.faults.payload_faults import (
    ARCHIVE_FAULTS,
    MANIFEST_FAULTS,
    PAYLOAD_FAULTS,
    SNAPSHOT_FAULTS,
)
from pipelines.simulator.faults.plan import FaultPlan, PlannedFault
from pipelines.simulator.faults.quality_faults import QUALITY_FAULTS
from pipelines.simulator.faults.response_faults import BODY_FAULTS, RESPONSE_FAULTS, error_response
from pipelines.simulator.faults.row_faults import ROW_FAULTS, RowFault, Rows
from pipelines.simulator.market_protocol import Market, RankingRow, RankingsQuery

ORIGIN_HEADER = "X-Tokentide-Origin"
FAULT_KINDS = frozenset().union(
    ROW_FAULTS,
    PAYLOAD_FAULTS,
    MANIFEST_FAULTS,
    SNAPSHOT_FAULTS,
    ARCHIVE_FAULTS,
    QUALITY_FAULTS,
    HUB_FAULTS,
    LINK_FAULTS,
    PAGE_FAULTS,
    RESPONSE_FAULTS,
    BODY_FAULTS,
)
MAX_LOGGED_REQUESTS = 10_000


@dataclass(eq=False)
class Dispatcher:
    """State of one simulator, and the order of steps in which it handles a request."""

    market: Market
    clock: Clock
    meter: RateMeter
    faults: FaultPlan
    keys: Mapping[str, str]
    origin: str | None
    exports_since: date
    requests: deque[JsonObject] = field(default_factory=lambda: deque(maxlen=MAX_LOGGED_REQUESTS))

    def route(self, path: str, handler: "RouteHandler", *, keyed: bool = False) -> Route:
        """Build a GET route whose handler may raise ApiError."""

        # A coroutine, so that requests are handled one at a time and nothing here needs a lock.
        async def endpoint(request: Request) -> Response:
            return self.respond(request, handler, keyed)

        return Route(path, endpoint, methods=["GET"])

    def respond(self, request: Request, handler: "RouteHandler", keyed: bool) -> Response:
        """Respond to one request."""
        path = request.url.path
        self.requests.append(
            {"path": path, "query": request.url.query, "had_key": bearer_key(request) is not None}
        )
        if fault := self.faults.take_one(RESPONSE_FAULTS, path):
            response = RESPONSE_FAULTS[fault.kind](request, fault, self.clock.now())
        else:
            response = self._handle(request, handler, keyed)
        if self.origin:
            response.headers[ORIGIN_HEADER] = self.origin
        if fault := self.faults.take_one(BODY_FAULTS, path):
            return BODY_FAULTS[fault.kind](response, fault)
        return response

    def _handle(self, request: Request, handler: "RouteHandler", keyed: bool) -> Response:
        try:
            if keyed:
                self._authorize(request)
            return handler(self, request)
        except ApiError as error:
            return error_response(error)

    def _authorize(self, request: Request) -> None:
        key = bearer_key(request)
        if key is None:
            raise Unauthorized("Missing Authentication header")
        if key not in self.keys:
            raise Unauthorized("User not found.")
        self.meter.charge(key, self.keys[key], self.clock.now())

    def has_known_key(self, request: Request) -> bool:
        """Return whether the request carries a key of this service."""
        return bearer_key(request) in self.keys

    def json_response(
        self, request: Request, payload: JsonObject, headers: Mapping[str, str] | None = None
    ) -> Response:
        """Build a JSON response, changed by the payload faults that apply to the path."""
        faults = self.faults.take(PAYLOAD_FAULTS, request.url.path)
        return JSONResponse(apply_payload_faults(payload, faults), headers=headers)

    def apply_row_faults(
        self, rows: Sequence[RankingRow], faults: list[PlannedFault], now: datetime
    ) -> Rows:
        """Return the rows in their JSON form, changed by the given row faults."""

        def rows_on(day: date) -> Rows:
            return [json_row(row) for row in self.market.rankings(RankingsQuery(day, day), now)]

        changed = [json_row(row) for row in rows]
        for fault in faults:
            if not changed:
                break
            newest = date.fromisoformat(max(str(row["date"]) for row in changed))
            changed = ROW_FAULTS[fault.kind](
                changed, RowFault(fault.date or newest, now.date(), rows_on)
            )
        return changed


RouteHandler = Callable[[Dispatcher, Request], Response]


def apply_payload_faults(payload: JsonObject, faults: list[PlannedFault]) -> JsonObject:
    """Return the JSON object changed by the given payload faults."""
    for fault in faults:
        payload = PAYLOAD_FAULTS[fault.kind](payload)
    return payload


def json_row(row: RankingRow) -> JsonObject:
    """Convert a row to the service's JSON form.

    The count is a string, since it exceeds what some languages can hold in a number.
    """
    return {
        "date": row.date.isoformat(),
        "model_permaslug": row.model_permaslug,
        "total_tokens": str(row.total_tokens),
    }


def bearer_key(request: Request) -> str | None:
    """Return the key of the request, or None."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    return key if scheme.lower() == "bearer" and key else None
