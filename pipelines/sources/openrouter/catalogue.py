"""OpenRouter's `/models`: names, identity, context, weights and the current price of every model.

No key needed.

The price here is that of the endpoint on top right now and moves within hours; `endpoints` has
every host's.
"""

import polars as pl

from pipelines.archive import Answer
from pipelines.sources.client.http import SourceClient
from pipelines.sources.parsing import (
    ParsedTables,
    Payload,
    as_json,
    count,
    inner,
    rows_of,
    text,
    unknown_keys,
)
from pipelines.sources.source import Source

KEYS = frozenset(
    {
        "alias_target",
        "architecture",
        "benchmarks",
        "canonical_slug",
        "context_length",
        "created",
        "default_parameters",
        "description",
        "expiration_date",
        "hugging_face_id",
        "id",
        "knowledge_cutoff",
        "links",
        "name",
        "per_request_limits",
        "pricing",
        "reasoning",
        "supported_parameters",
        "supported_voices",
        "top_provider",
    }
)


def fetch(client: SourceClient) -> Answer:
    """Request the whole catalogue, embedding and media models included, since they rank too."""
    return client.ask(SOURCE, "/models", {"output_modalities": "all"})


def parse(answer: Answer, payload: Payload) -> ParsedTables:
    """Rows of raw.models, one a catalogue entry; prices stay text in USD per token."""
    rows = rows_of(payload, "data")
    pricing, architecture = inner(rows, "pricing"), inner(rows, "architecture")
    frame = pl.DataFrame(
        [
            text(rows, "id").alias("model_id"),
            text(rows, "canonical_slug"),
            text(rows, "hugging_face_id"),
            text(rows, "name"),
            count(rows, "created"),
            count(rows, "context_length"),
            text(rows, "expiration_date"),
            text(architecture, "tokenizer"),
            as_json(architecture, "output_modalities"),
            text(pricing, "prompt").alias("prompt_usd"),
            text(pricing, "completion").alias("completion_usd"),
            text(pricing, "input_cache_read").alias("cached_usd"),
            text(pricing, "input_cache_write").alias("cache_write_usd"),
            text(pricing, "discount"),
            as_json(pricing, "overrides"),
        ]
    )
    return ParsedTables(
        {"raw.models": frame},
        {"raw.models": ("model_id", "canonical_slug")},
        unknown_keys("models data", rows, KEYS),
    )


SOURCE = Source(
    "models",
    parse,
    tables=("models",),
    assets=("raw_catalogue",),
    min_share=0.8,
    figures=("prompt_usd", "completion_usd"),
)
