"""One look at a server that a person names: its engine, its models and its devices."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast, get_args

from pydantic import TypeAdapter, ValidationError

from pipelines.errors import BadSetting
from pipelines.telemetry.collector.scraping import (
    ScrapeFailed,
    fetch_page,
    make_client,
    make_context,
)
from pipelines.telemetry.config.tier_values import EngineName, MetricsUrl
from pipelines.telemetry.metrics.nearest_engine import NO_ENGINE, find_nearest_engine
from pipelines.telemetry.metrics.normalise import MetricsNormaliser

SECONDS = 5.0
MAX_MODELS = 20
REASONS = {
    "timeout": "it did not answer within five seconds",
    "refused": "nothing listens there; is the server running, and is this its port?",
    "unknown_host": "its name is not known",
    "certificate": "its certificate is not trusted; name a ca_file in tier.toml",
    "html": "it is a web page, not metrics; does the address end in /metrics?",
    "forbidden_address": "no target may have this address",
    "status_404": "there is no such page; does the server show metrics, under another path?",
    "status_401": "it requires a key; name the header with --header or in tier.toml",
    "status_403": "it requires a key; name the header with --header or in tier.toml",
}


@dataclass(frozen=True)
class ProbedServer:
    """A server as its metrics page shows it."""

    url: str
    engine: EngineName
    models: tuple[str, ...]
    devices: tuple[str, ...]
    """Devices whose power or memory the page has; none where an exporter is needed."""


def probe_server(url: str, headers: Mapping[str, str] | None = None) -> ProbedServer:
    """Read the metrics page of a server. Raise BadSetting, which says what to do, if it has none.

    A server without requests so far shows no model yet.
    """
    try:
        address = TypeAdapter(MetricsUrl).validate_python(_with_scheme(url.strip()))
    except ValidationError as error:
        raise BadSetting(f"{url} is no address, such as http://10.0.0.11:8000.") from error
    page = _fetch(str(address), headers or {})
    engine = find_nearest_engine(page)
    if engine == NO_ENGINE or engine not in get_args(EngineName):
        found = "" if engine == NO_ENGINE else f"; it looks like one of {engine}"
        raise BadSetting(f"{address} is no metrics page of an inference server{found}.")
    samples = MetricsNormaliser(engine).read(page, time.time()).samples
    models = sorted({each.model_name for each in samples if each.model_name})
    devices = sorted({each.device for each in samples if each.device})
    return ProbedServer(
        str(address), cast("EngineName", engine), tuple(models[:MAX_MODELS]), tuple(devices)
    )


def _with_scheme(url: str) -> str:
    return url if "://" in url else f"http://{url}"


def _fetch(url: str, headers: Mapping[str, str]) -> bytes:
    async def fetch() -> bytes:
        async with make_client(headers, make_context()) as client:
            return await fetch_page(client, url, SECONDS)

    try:
        return asyncio.run(fetch())
    except ScrapeFailed as error:
        why = REASONS.get(error.reason, error.reason.replace("_", " "))
        raise BadSetting(f"{url} gave no metrics: {why}.") from error
