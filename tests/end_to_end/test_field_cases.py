"""Archived pages that once gave wrong figures: from the page to the published table.

One home has a target for each case (docs/field-cases.md). Figures stand in their tests.
"""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.ingest.telemetry import ingest_telemetry, take_pages
from pipelines.publish.generations import newest
from pipelines.settings import Settings
from warehouse.connection import open_published

pytestmark = pytest.mark.slow

CASES = Path(__file__).parents[1] / "support" / "field_cases"
ENGINES = {
    "late_series": "vllm",
    "bucket_change": "vllm",
    "dashed_names": "vllm",
    "ray_vllm": "vllm",
    "sglang_cached": "sglang",
}


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """Load the pages of all cases into one home, build and publish."""
    folder = tmp_path_factory.mktemp("cases")
    settings = Settings(home=folder / "home", tier=folder / "tier.toml")
    settings.tier.write_text(
        "\n".join(
            f'[[target]]\nname = "{name}"\nurl = "http://h:{port}/metrics"\nengine = "{engine}"\n'
            "scrape_seconds = 15\n"
            for port, (name, engine) in enumerate(ENGINES.items(), 1)
        )
    )
    for name in ENGINES:
        take_pages(settings, CASES / name, name)
    ingest_telemetry(settings)
    generation = newest(settings)
    assert generation
    with closing(open_published(generation)) as con:
        yield con


def rows(con: duckdb.DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    """Return all rows of a query."""
    return con.sql(query).fetchall()


def test_a_counter_that_appears_late_claims_what_was_seen(
    published: duckdb.DuckDBPyConnection,
) -> None:
    """9,000 prompt tokens of 80 million, and the covered minutes before are unknown."""
    found = rows(
        published,
        "select sum(prompt_tokens), sum(generation_tokens) from served_tokens_minutely "
        "where target = 'late_series'",
    )
    assert found == [(9000, 1900)]
    before = rows(
        published,
        "select distinct prompt_tokens, null_reason from served_tokens_minutely "
        "where target = 'late_series' and covered_seconds > 0 and prompt_tokens is null",
    )
    assert len(before) >= 1
    assert all("unknown" in reason for _, reason in before)
    hours = rows(
        published,
        "select prompt_tokens, unknown_minutes > 0 from served_tokens_hourly "
        "where target = 'late_series'",
    )
    assert hours == [(9000, True)]


def test_longer_buckets_after_an_upgrade_give_no_false_percentile(
    published: duckdb.DuckDBPyConnection,
) -> None:
    """The 90th and 99th percentile are between 10 and 20 s, or not known beyond 10 s."""
    [(p90, p99, bound)] = rows(
        published,
        "select p90_seconds, p99_seconds, p99_lower_bound_seconds from served_latency_hourly "
        "where target = 'bucket_change' and metric = 'ttft'",
    )
    assert p90 is None or 10 <= p90 <= 20
    assert p99 is None or 10 <= p99 <= 20
    assert bound is None or bound <= 20


def test_instants_in_names_with_dashes_are_those_of_the_pages(
    published: duckdb.DuckDBPyConnection,
) -> None:
    """Not the files' own times."""
    found = rows(
        published,
        "select minute_at::varchar, generation_tokens from served_tokens_minutely "
        "where target = 'dashed_names'",
    )
    assert found == [("2026-11-27 10:00:00+00", 100)]


def test_the_spelling_of_ray_is_known(published: duckdb.DuckDBPyConnection) -> None:
    """Its pages are up, and count."""
    found = rows(
        published,
        "select sum(generation_tokens), sum(prompt_tokens) from served_tokens_minutely "
        "where target = 'ray_vllm'",
    )
    assert found == [(1900, 19000)]


def test_cached_tokens_and_acceptance_of_sglang_are_shown(
    published: duckdb.DuckDBPyConnection,
) -> None:
    """0.4 of the prompt tokens were cached; 0.57 of the draft tokens were accepted."""
    cached = rows(
        published,
        "select sum(hits) / sum(queries) from prefix_cache_hourly where target = 'sglang_cached'",
    )
    assert cached == [(pytest.approx(0.4),)]
    accepted = rows(
        published,
        "select acceptance from speculation_hourly where target = 'sglang_cached'",
    )
    assert accepted == [(pytest.approx(0.57),)]
