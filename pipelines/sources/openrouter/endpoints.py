"""OpenRouter's `/models/{author}/{slug}/endpoints`: hosts of a model, their prices and speed.

Latency (time to first token) is in milliseconds and throughput in tokens per second and request,
both over the last 30 minutes; both are null without a key.
"""

from urllib.parse import quote

import polars as pl

from pipelines.archive import Answer
from pipelines.sources.client.http import SourceClient
from pipelines.sources.parsing import (
    ParsedTables,
    Payload,
    count,
    inner,
    need,
    number,
    rows_of,
    text,
    unknown_keys,
)
from pipelines.sources.source import Source

KEYS = frozenset(
    {
        "context_length",
        "latency_last_30m",
        "max_completion_tokens",
        "max_prompt_tokens",
        "model_id",
        "model_name",
        "name",
        "pricing",
        "provider_name",
        "quantization",
        "status",
        "supported_parameters",
        "supports_implicit_caching",
        "supports_voice_cloning",
        "tag",
        "throughput_last_30m",
        "uptime_last_1d",
        "uptime_last_30m",
        "uptime_last_5m",
    }
)
PERCENTILES = ("p50", "p75", "p90", "p99")


def fetch(client: SourceClient, permaslug: str, model_id: str) -> Answer:
    """Request the hosts of one ranked model by its catalogue id, or else by its permaslug."""
    author, slug = model_id.split("/", 1)
    return client.ask(
        SOURCE,
        f"/models/{quote(author, safe='')}/{quote(slug, safe='')}/endpoints",
        context={"model": permaslug},
    )


def parse(answer: Answer, payload: Payload) -> ParsedTables:
    """Rows of raw.endpoints, one a host of the requested model; an empty list is legitimate."""
    rows = rows_of(payload, "data", "endpoints")
    latency, throughput, pricing = (
        inner(rows, "latency_last_30m"),
        inner(rows, "throughput_last_30m"),
        inner(rows, "pricing"),
    )
    frame = pl.DataFrame(
        [
            text(rows, "model_id"),
            text(rows, "name").alias("endpoint_name"),
            text(rows, "provider_name"),
            text(rows, "tag"),
            text(rows, "quantization"),
            count(rows, "context_length"),
            number(rows, "status"),
            *(number(rows, f"uptime_last_{span}") for span in ("5m", "30m", "1d")),
            *(number(latency, name).alias(f"ttft_ms_{name}") for name in PERCENTILES),
            *(number(throughput, name).alias(f"throughput_tps_{name}") for name in PERCENTILES),
            text(pricing, "prompt").alias("prompt_usd"),
            text(pricing, "completion").alias("completion_usd"),
            text(pricing, "input_cache_read").alias("cached_usd"),
            text(pricing, "discount"),
        ]
    ).with_columns(
        asked_model=pl.lit(answer.context.get("model")),
        data_id=pl.lit(str(need(payload, "data", "id"))),
    )
    return ParsedTables(
        {"raw.endpoints": frame},
        {"raw.endpoints": ("provider_name", "tag")},
        unknown_keys("endpoints data", rows, KEYS),
    )


SOURCE = Source("endpoints", parse, tables=("endpoints",), assets=("raw_endpoints",))
