"""The stand-in as a web application: the market's routes under `/api/v1`, its own controls under `/_standin`."""

from collections.abc import Mapping
from datetime import date

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

from pipelines.simulator.api import catalogue_api, control, data_api, exports_api
from pipelines.simulator.api.dispatch import Dispatcher
from pipelines.simulator.api.limits import Limits, RateMeter
from pipelines.simulator.clock import Clock
from pipelines.simulator.errors import NotFound
from pipelines.simulator.faults.faults import FaultPlan
from pipelines.simulator.market_protocol import Market

EXPORTS_SINCE = date(2026, 9, 19)


def create_app(
    board: Market,
    *,
    clock: Clock,
    limits: Limits | None,
    faults: FaultPlan,
    keys: Mapping[str, str],
    origin: str | None,
    exports_since: date = EXPORTS_SINCE,
) -> Starlette:
    """Put a board behind the service's protocol.

    `keys` maps each known key to its account, since accounts share a daily quota. `limits` None switches quotas off.
    `origin` is named in a header of every answer, so invented figures cannot pass for real ones.
    """
    desk = Dispatcher(board, clock, RateMeter(limits), faults, dict(keys), origin, exports_since)
    return Starlette(
        routes=[
            *data_api.routes(desk),
            *exports_api.routes(desk),
            *catalogue_api.routes(desk),
            *control.routes(desk),
            desk.route("/{path:path}", nothing_here),
        ]
    )


def nothing_here(desk: Dispatcher, request: Request) -> Response:
    """Every other address."""
    raise NotFound
