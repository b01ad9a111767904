"""What every request passes through: the log, faults, the key check, quotas, then the handler of its route."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pipelines.simulator.api.limits import RateMeter
from pipelines.simulator.clock import Clock
from pipelines.simulator.errors import ApiError, Json, Unauthorized
from pipelines.simulator.faults.answer_faults import ANSWER_FAULTS, BODY_FAULTS, refusal
from pipelines.simulator.faults.faults import FaultPlan, PlannedFault
from pipelines.simulator.faults.payload_faults import (
    MANIFEST_FAULTS,
    PAYLOAD_FAULTS,
    SNAPSHOT_FAULTS,
)
from pipelines.simulator.faults.row_faults import ROW_FAULTS, RowFault, Rows
from pipelines.simulator.market_protocol import Market, RankingRow, RankingsQuery

ORIGIN_HEADER = "X-Tokentide-Origin"
FAULT_KINDS = frozenset().union(
    ROW_FAULTS, PAYLOAD_FAULTS, MANIFEST_FAULTS, SNAPSHOT_FAULTS, ANSWER_FAULTS, BODY_FAULTS
)


@dataclass(eq=False)
class Dispatcher:
    """The state of one stand-in and the order in which a request is dealt with."""

    board: Market
    clock: Clock
    meter: RateMeter
    faults: FaultPlan
    keys: Mapping[str, str]
    origin: str | None
    exports_since: date
    requests: deque[Json] = field(default_factory=lambda: deque(maxlen=10_000))

    def route(self, path: str, handler: "Handler", *, keyed: bool = False) -> Route:
        """A GET route whose handler may raise Refused."""

        # The function is a coroutine so that requests are answered one at a time and nothing here needs a lock.
        async def endpoint(request: Request) -> Response:
            return self.answer(request, handler, keyed)

        return Route(path, endpoint, methods=["GET"])

    def answer(self, request: Request, handler: "Handler", keyed: bool) -> Response:
        """Deal with one request."""
        path = request.url.path
        self.requests.append(
            {"path": path, "query": request.url.query, "had_key": bearer(request) is not None}
        )
        if fault := self.faults.take_one(ANSWER_FAULTS, path):
            response = ANSWER_FAULTS[fault.kind](request, fault, self.clock.now())
        else:
            response = self._handled(request, handler, keyed)
        if self.origin:
            response.headers[ORIGIN_HEADER] = self.origin
        if fault := self.faults.take_one(BODY_FAULTS, path):
            return BODY_FAULTS[fault.kind](response, fault)
        return response

    def _handled(self, request: Request, handler: "Handler", keyed: bool) -> Response:
        try:
            if keyed:
                self._admit(request)
            return handler(self, request)
        except ApiError as refused:
            return refusal(refused)

    def _admit(self, request: Request) -> None:
        key = bearer(request)
        if key is None:
            raise Unauthorized("Missing Authentication header")
        if key not in self.keys:
            raise Unauthorized("User not found.")
        self.meter.charge(key, self.keys[key], self.clock.now())

    def knows(self, request: Request) -> bool:
        """Whether the request carries a key of this service."""
        return bearer(request) in self.keys

    def json(
        self, request: Request, payload: Json, headers: Mapping[str, str] | None = None
    ) -> Response:
        """A JSON answer, with unknown keys if that fault is on."""
        return JSONResponse(
            spoil_payload(payload, self.faults.take(PAYLOAD_FAULTS, request.url.path)),
            headers=headers,
        )

    def spoil_rows(
        self, rows: Sequence[RankingRow], faults: list[PlannedFault], now: datetime
    ) -> Rows:
        """Rows in their JSON form after the given row faults."""

        def rows_of(day: date) -> Rows:
            return [json_row(row) for row in self.board.rankings(RankingsQuery(day, day), now)]

        spoiled = [json_row(row) for row in rows]
        for fault in faults:
            if not spoiled:
                break
            newest = date.fromisoformat(max(str(row["date"]) for row in spoiled))
            spoiled = ROW_FAULTS[fault.kind](
                spoiled, RowFault(fault.date or newest, now.date(), rows_of)
            )
        return spoiled


Handler = Callable[[Dispatcher, Request], Response]


def spoil_payload(payload: Json, faults: list[PlannedFault]) -> Json:
    """A JSON object after the given payload faults."""
    for fault in faults:
        payload = PAYLOAD_FAULTS[fault.kind](payload)
    return payload


def json_row(row: RankingRow) -> Json:
    """A row as the service writes it: the count is a string, since it outgrows other languages' numbers."""
    return {
        "date": row.date.isoformat(),
        "model_permaslug": row.model_permaslug,
        "total_tokens": str(row.total_tokens),
    }


def bearer(request: Request) -> str | None:
    """The key of the request, or None."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    return key if scheme.lower() == "bearer" and key else None
