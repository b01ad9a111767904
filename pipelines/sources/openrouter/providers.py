"""OpenRouter's `/providers`: the companies that host models, with the countries they report.

No key needed.

A provider's country is where a host sits, not where a model was made; null means unknown, not none.
"""

import polars as pl

from pipelines.archive import Answer
from pipelines.sources.client.http import SourceClient
from pipelines.sources.parsing import (
    ParsedTables,
    Payload,
    as_json,
    rows_of,
    text,
    unknown_keys,
)
from pipelines.sources.source import Source

KEYS = frozenset(
    {
        "name",
        "slug",
        "privacy_policy_url",
        "terms_of_service_url",
        "status_page_url",
        "headquarters",
        "datacenters",
    }
)


def fetch(client: SourceClient) -> Answer:
    """Request every provider."""
    return client.ask(SOURCE, "/providers")


def parse(answer: Answer, payload: Payload) -> ParsedTables:
    """Rows of raw.providers, one a provider."""
    rows = rows_of(payload, "data")
    frame = pl.DataFrame(
        [
            text(rows, "name"),
            text(rows, "slug"),
            text(rows, "headquarters"),
            as_json(rows, "datacenters"),
        ]
    )
    return ParsedTables(
        {"raw.providers": frame},
        {"raw.providers": ("name", "slug")},
        unknown_keys("providers data", rows, KEYS),
    )


SOURCE = Source("providers", parse, tables=("providers",), assets=("raw_catalogue",), min_share=0.8)
