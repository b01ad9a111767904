"""Slices: exact parts, estimates, buckets and ranks."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.simulator.market_protocol import (
    CATEGORIES,
    CONTEXT_BUCKETS,
    LANGUAGE_TYPES,
    RankingsQuery,
)
from pipelines.simulator.synthetic.models import listings
from pipelines.simulator.synthetic.slices import (
    HIDDEN,
    WHOLE,
    bucket_of,
    context_edges,
    modality_part,
    monday,
    rank_models,
    rankings,
    topic_part,
)

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
DAY = date(2026, 10, 1)
LISTINGS = st.sampled_from([None, *listings()])
COUNTS = st.dictionaries(
    st.sampled_from([HIDDEN, *(f"lab/model-{n}" for n in range(70))]),
    st.integers(0, 10**13),
    max_size=71,
)


@given(seed=st.integers(0, 99), listing=LISTINGS)
def test_context_buckets_cover_the_whole(seed, listing):
    """The edges start at nothing, end at everything and never go back."""
    edges = context_edges(seed, listing)
    assert (edges[0], edges[-1], len(edges)) == (0, WHOLE, len(CONTEXT_BUCKETS) + 1)
    assert list(edges) == sorted(edges)


def test_a_short_context_has_no_long_requests():
    """A bucket beyond the model's window is empty."""
    short = next(one for one in listings() if one.model.context_length <= 10_000)
    assert context_edges(1, short)[2] == WHOLE


@given(seed=st.integers(0, 99), listing=LISTINGS)
def test_topics_are_parts_of_the_whole(seed, listing):
    """Categories sum to at most the whole, and the two language types to all of it."""
    # `programming` is a category and a language type; its one part is that of the language type.
    parts = [topic_part(seed, topic, listing) for topic in CATEGORIES if topic != "programming"]
    assert all(part >= 0 for part in parts)
    assert sum(parts) <= 1
    assert sum(topic_part(seed, kind, listing) for kind in LANGUAGE_TYPES) == pytest.approx(1)


@given(
    seed=st.integers(0, 99),
    listing=LISTINGS,
    modality=st.sampled_from(["text", "image", "image_output", "audio", "tool_calling"]),
)
def test_a_modality_keeps_a_part(seed, listing, modality):
    """Never more than everything; a model without the modality has none of it."""
    part = modality_part(seed, modality, listing)
    assert 0 <= part <= WHOLE
    if (
        listing
        and modality in ("image", "audio")
        and modality not in listing.model.input_modalities
    ):
        assert part == 0
    if listing and not listing.model.is_text:
        assert (
            modality_part(seed, "text", listing)
            == modality_part(seed, "tool_calling", listing)
            == 0
        )


@settings(max_examples=40, deadline=None, derandomize=True)
@given(counts=COUNTS)
def test_ranking_loses_no_token(counts):
    """At most 50 models by tokens, then the rest."""
    rows = rank_models(DAY, Counter(counts))
    assert sum(row.total_tokens for row in rows) == sum(counts.values())
    models = [row for row in rows if row.model_permaslug != "other"]
    assert len(models) <= 50
    assert all(row.total_tokens > 0 for row in rows)
    assert models == sorted(models, key=lambda row: (-row.total_tokens, row.model_permaslug))
    assert "other" not in [row.model_permaslug for row in rows[:-1]]


@settings(max_examples=40, deadline=None, derandomize=True)
@given(counts=COUNTS)
def test_estimates_are_whole_hundreds(counts):
    """The sample is scaled up, so its last digits are zero."""
    rows = rank_models(DAY, Counter(counts), is_estimate=True)
    assert all(row.total_tokens % 100 == 0 for row in rows)


@given(day=st.dates(date(2025, 1, 1), date(2027, 1, 1)))
def test_a_bucket_starts_on_or_before_its_day(day):
    """A week on Monday, a month on its first; the month of an estimate is that of its Monday."""

    def bucket(**fields):
        return bucket_of(day, RankingsQuery(day, day, **fields))

    assert monday(day).isoweekday() == 1
    assert timedelta(0) <= day - monday(day) < timedelta(days=7)
    assert bucket() == day
    assert bucket(period="week") == bucket(period="week", category="legal") == monday(day)
    assert bucket(period="month") == day.replace(day=1)
    assert bucket(period="month", category="legal") == monday(day).replace(day=1)


@pytest.mark.parametrize("modality", [None, "image"])
def test_buckets_of_any_slice_sum_to_it(modality):
    """Each listing's tokens are split without a remainder."""

    def total(bucket):
        query = RankingsQuery(DAY, DAY, modality=modality, context_bucket=bucket)
        return sum(row.total_tokens for row in rankings(1, query, NOW))

    assert sum(total(bucket) for bucket in CONTEXT_BUCKETS) == total(None)
