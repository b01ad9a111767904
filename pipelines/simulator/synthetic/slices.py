"""Rankings of the synthetic market, and the part of each listing's tokens that a filter keeps.

Context buckets split every count without a remainder, so the buckets of a day sum to the day.
Categories and language types are estimates, as at the source: sampled by week, scaled up, and off
by a few per cent.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import cache

from pipelines.simulator.market_protocol import (
    CATEGORIES,
    CONTEXT_BUCKETS,
    LANGUAGE_TYPES,
    OTHER,
    RANKED_MODELS,
    Period,
    RankingRow,
    RankingsQuery,
    date_range,
)
from pipelines.simulator.synthetic.days import SyntheticDay, day_as_known
from pipelines.simulator.synthetic.models import Listing
from pipelines.simulator.synthetic.numbers import noise, one_noise

WHOLE = 10_000
SAMPLE_STEP = 100
SAMPLE_ERROR = 0.04
# Parts of the hidden tail, and typical parts of a listing, in ten-thousandths.
HIDDEN_MODALITY = {
    "text": 9700,
    "image": 900,
    "image_output": 40,
    "audio": 30,
    "tool_calling": 3100,
}
CONTEXT_LIMITS = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
CONTEXT_WEIGHTS = (0.10, 0.29, 0.43, 0.17, 0.01)
CATEGORY_WEIGHTS = (0.44, 0.14, 0.05, 0.02, 0.08, 0.06, 0.03, 0.02, 0.03, 0.03, 0.02, 0.02)

HIDDEN = "hidden"


def rankings(seed: int, query: RankingsQuery, now: datetime) -> list[RankingRow]:
    """Rank the models of a query, bucket by bucket."""
    buckets: dict[date, Counter[str]] = {}
    for day in _known_days(seed, query, now):
        buckets.setdefault(bucket_of(day.date, query), Counter()).update(
            _filter_day(seed, query, day)
        )
    return [
        row
        for bucket, tokens in sorted(buckets.items())
        for row in rank_models(bucket, tokens, query.is_estimate)
    ]


def rank_models(bucket: date, tokens: Counter[str], is_estimate: bool = False) -> list[RankingRow]:
    """List the top models by tokens, ties by name, then the rest as `other`.

    A model without tokens is not ranked; an empty rest is left out.
    """
    step = SAMPLE_STEP if is_estimate else 1
    counted = {slug: count // step * step for slug, count in tokens.items()}
    hidden = counted.pop(HIDDEN, 0)
    ordered = sorted(
        (slug for slug, count in counted.items() if count > 0),
        key=lambda slug: (-counted[slug], slug),
    )
    top = [RankingRow(bucket, slug, counted[slug]) for slug in ordered[:RANKED_MODELS]]
    other = hidden + sum(counted[slug] for slug in ordered[RANKED_MODELS:])
    return [*top, RankingRow(bucket, OTHER, other)] if other else top


def bucket_of(day: date, query: RankingsQuery) -> date:
    """Return the date of the bucket that a day counts in.

    Estimates exist by week, so a month gets whole weeks, by their Monday.
    """
    counted = monday(day) if query.is_estimate else day
    starts: dict[Period, date] = {
        "day": counted,
        "week": monday(counted),
        "month": counted.replace(day=1),
    }
    return starts[query.period]


def monday(day: date) -> date:
    """Return the first day of the ISO week."""
    return day - timedelta(days=day.isoweekday() - 1)


def _known_days(seed: int, query: RankingsQuery, now: datetime) -> Iterator[SyntheticDay]:
    start, end = query.start, query.end
    if query.is_estimate:
        # Weeks that begin in the window are whole, so the last one may reach beyond its end.
        start = start if start == monday(start) else monday(start) + timedelta(days=7)
        end = monday(end) + timedelta(days=6)
    known = (day_as_known(seed, day, now.date()) for day in date_range(start, end))
    return (day for day in known if day is not None)


def _filter_day(seed: int, query: RankingsQuery, day: SyntheticDay) -> dict[str, int]:
    if query.modality is None and query.context_bucket is None and not query.is_estimate:
        counts = {listing.permaslug: count for listing, count in day.tokens.items()}
        return counts | {HIDDEN: day.hidden_tokens}
    week = monday(day.date)
    kept = {
        listing.permaslug: _part(seed, query, listing, week, count)
        for listing, count in day.tokens.items()
    }
    return kept | {HIDDEN: _part(seed, query, None, week, day.hidden_tokens)}


def _part(seed: int, query: RankingsQuery, listing: Listing | None, week: date, count: int) -> int:
    if query.modality:
        count = count * modality_part(seed, query.modality, listing) // WHOLE
    if query.context_bucket:
        edges = context_edges(seed, listing)
        at = CONTEXT_BUCKETS.index(query.context_bucket)
        count = count * edges[at + 1] // WHOLE - count * edges[at] // WHOLE
    if query.is_estimate:
        topic = str(query.category or query.language_type)
        count = int(
            count * topic_part(seed, topic, listing) * _sampling(seed, topic, listing, week)
        )
    return count


@cache
def modality_part(seed: int, modality: str, listing: Listing | None) -> int:
    """Return the part of a listing's tokens that a modality keeps, in ten-thousandths."""
    if listing is None:
        return HIDDEN_MODALITY[modality]
    model, draw = listing.model, one_noise(seed, modality, listing.permaslug)
    if modality == "text":
        return WHOLE if model.is_text else 0
    if modality == "image_output":
        return WHOLE if model.output_modality == "image" else 0
    if modality == "tool_calling":
        return int(draw * 2000 + model.quality * 90) if model.is_text and model.quality > 25 else 0
    if modality not in model.input_modalities:
        return 0
    return int((400 + 2200 * draw) * (1.0 if modality == "image" else 0.1))


@cache
def context_edges(seed: int, listing: Listing | None) -> tuple[int, ...]:
    """Return the edges of a listing's context buckets, in ten-thousandths from 0 to the whole."""
    window = CONTEXT_LIMITS[-1] if listing is None else listing.model.context_length
    skews = noise(len(CONTEXT_LIMITS), seed, "context", _name(listing))
    lower = (0, *CONTEXT_LIMITS)
    weights = [
        w * (0.6 + 0.8 * skew) * (low < window)
        for w, skew, low in zip(CONTEXT_WEIGHTS, skews, lower, strict=False)
    ]
    sums = [sum(weights[: n + 1]) / sum(weights) for n in range(len(weights))]
    return (0, *(round(part * WHOLE) for part in sums))


@cache
def topic_part(seed: int, topic: str, listing: Listing | None) -> float:
    """Return the part of a listing's tokens in a category or in a language type.

    The two language types together are the whole.
    """
    skews = noise(len(CATEGORIES), seed, "topic", _name(listing))
    weights = [
        weight * (0.3 + 1.4 * skew) for weight, skew in zip(CATEGORY_WEIGHTS, skews, strict=True)
    ]
    if topic in LANGUAGE_TYPES:
        code = min(0.95, 1.3 * weights[0])
        return code if topic == "programming" else 1 - code
    return weights[CATEGORIES.index(topic)] / max(1.0, sum(weights))


@cache
def _sampling(seed: int, topic: str, listing: Listing | None, week: date) -> float:
    return 1 + SAMPLE_ERROR * (2 * one_noise(seed, "sample", topic, _name(listing), week) - 1)


def _name(listing: Listing | None) -> str:
    return HIDDEN if listing is None else listing.permaslug
