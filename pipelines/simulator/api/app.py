"""The simulator's web application: market routes under `/api/v1`, controls under `/_simulator`.

Archives of prices, measures of quality and the Hub's list stand at the paths of their own hosts.
"""

from collections.abc import Mapping
from datetime import date

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

from pipelines.simulator.api import (
    archives_api,
    benchmarks_export_api,
    catalogue_api,
    control,
    data_api,
    exports_api,
    hub_api,
    quality_api,
)
from pipelines.simulator.api.dispatch import Dispatcher
from pipelines.simulator.api.limits import Limits, RateMeter
from pipelines.simulator.clock import Clock
from pipelines.simulator.errors import NotFound
from pipelines.simulator.faults.plan import FaultPlan
from pipelines.simulator.market_protocol import Market

EXPORTS_SINCE = date(2026, 9, 19)


def create_app(
    market: Market,
    *,
    clock: Clock,
    limits: Limits | None,
    faults: FaultPlan,
    keys: Mapping[str, str],
    origin: str | None,
    exports_since: date = EXPORTS_SINCE,
) -> Starlette:
    """Serve a market through the service's API.

    `keys` maps each known key to its account, since the keys of an account share a daily quota.
    `limits` None switches quotas off. `origin` is sent in a header of every response, so that
    synthetic figures cannot pass for real ones.
    """
    dispatcher = Dispatcher(
        market, clock, RateMeter(limits), faults, dict(keys), origin, exports_since
    )
    return Starlette(
        routes=[
            *data_api.routes(dispatcher),
            *exports_api.routes(dispatcher),
            *benchmarks_export_api.routes(dispatcher),
            *catalogue_api.routes(dispatcher),
            *archives_api.routes(dispatcher),
            *quality_api.routes(dispatcher),
            *hub_api.routes(dispatcher),
            *control.routes(dispatcher),
            dispatcher.route("/{path:path}", raise_not_found),
        ]
    )


def raise_not_found(dispatcher: Dispatcher, request: Request) -> Response:
    """Refuse every other address."""
    raise NotFound
