"""Files of public repositories and of Epoch AI at their paths, with the entity tags of a host."""

import json

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pipelines.simulator.api.dispatch import Dispatcher, apply_payload_faults
from pipelines.simulator.api.exports_api import tagged_response
from pipelines.simulator.faults.payload_faults import ARCHIVE_FAULTS, PAYLOAD_FAULTS

HISTORY = "/jvrck/openrouterlist/main/data/history/prices.json"
REGIONS = "/Interconnects-AI/tracked-models/main/metadata/organization_regions.csv"
SIZES = "/Interconnects-AI/tracked-models/main/metadata/model_parameters.csv"
NOTABLE = "/data/notable_ai_models.csv"
LIST = "/pydantic/genai-prices/main/prices/data.json"
LITELLM = "/BerriAI/litellm/main/model_prices_and_context_window.json"
MODELS_DEV = "/api.json"
# Files of a repository are served as text.
TEXT = "text/plain; charset=utf-8"
CSV = "text/csv; charset=utf-8"
JSON = "application/json"


def routes(dispatcher: Dispatcher) -> list[Route]:
    """List the routes of the archives."""
    return [
        dispatcher.route(HISTORY, price_history),
        dispatcher.route(LIST, price_list),
        dispatcher.route(LITELLM, token_prices),
        dispatcher.route(MODELS_DEV, provider_prices),
        dispatcher.route(REGIONS, region_list),
        dispatcher.route(SIZES, size_list),
        dispatcher.route(NOTABLE, notable_models),
    ]


def price_history(dispatcher: Dispatcher, request: Request) -> Response:
    """Serve the change points of every model's price."""
    payload = dispatcher.market.price_history(dispatcher.clock.now())
    path = request.url.path
    payload = apply_payload_faults(payload, dispatcher.faults.take(PAYLOAD_FAULTS, path))
    for fault in dispatcher.faults.take(ARCHIVE_FAULTS, path):
        payload = ARCHIVE_FAULTS[fault.kind](payload)
    return tagged_response(request, json.dumps(payload).encode(), TEXT)


def price_list(dispatcher: Dispatcher, request: Request) -> Response:
    """Serve today's prices by provider."""
    providers = dispatcher.market.price_list(dispatcher.clock.now())
    return tagged_response(request, json.dumps(providers).encode(), TEXT)


def token_prices(dispatcher: Dispatcher, request: Request) -> Response:
    """Serve today's prices of a token by key, as LiteLLM has them."""
    keys = dispatcher.market.token_prices(dispatcher.clock.now())
    return tagged_response(request, json.dumps(keys).encode(), TEXT)


def provider_prices(dispatcher: Dispatcher, request: Request) -> Response:
    """Serve today's prices by provider and model, as models.dev has them."""
    providers = dispatcher.market.provider_prices(dispatcher.clock.now())
    return tagged_response(request, json.dumps(providers).encode(), JSON)


def region_list(dispatcher: Dispatcher, request: Request) -> Response:
    """Serve the regions of organisations, as CSV."""
    text = dispatcher.market.region_list(dispatcher.clock.now())
    return tagged_response(request, text.encode(), TEXT)


def size_list(dispatcher: Dispatcher, request: Request) -> Response:
    """Serve the parameters of models, as CSV."""
    text = dispatcher.market.size_list(dispatcher.clock.now())
    return tagged_response(request, text.encode(), TEXT)


def notable_models(dispatcher: Dispatcher, request: Request) -> Response:
    """Serve the table of notable models, as CSV."""
    text = dispatcher.market.notable_models(dispatcher.clock.now())
    return tagged_response(request, text.encode(), CSV)
