"""Slices of the invented market: which part of each listing's tokens a filter keeps.

Context buckets split every count without a remainder, so the buckets of a day add up to the day. Categories and language types are
estimates, as they are at the source: sampled by the week, scaled up, and a few per cent off.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import cache

from pipelines.simulator.api.windows import CATEGORIES, CONTEXT_BUCKETS, LANGUAGE_TYPES
from pipelines.simulator.market_protocol import (
    BOARD_SIZE,
    OTHER,
    Period,
    RankingRow,
    RankingsQuery,
    days,
)
from pipelines.simulator.synthetic.days import SyntheticDay, known_day
from pipelines.simulator.synthetic.models import Listing
from pipelines.simulator.synthetic.numbers import noise, one_noise

WHOLE = 10_000
SAMPLE_STEP = 100
SAMPLE_ERROR = 0.04
# Parts of the hidden tail and typical parts of a listing, of ten thousand.
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


def rows(seed: int, query: RankingsQuery, now: datetime) -> list[RankingRow]:
    """The board of a query: every bucket has its own top and its own rest."""
    buckets: dict[date, Counter[str]] = {}
    for day in _known_days(seed, query, now):
        buckets.setdefault(bucket_of(day.date, query), Counter()).update(_kept(seed, query, day))
    return [
        row
        for bucket, tokens in sorted(buckets.items())
        for row in ranked(bucket, tokens, query.is_estimate)
    ]


def ranked(bucket: date, tokens: Counter[str], is_estimate: bool = False) -> list[RankingRow]:
    """The top models by tokens, ties by name, then the rest. What has no tokens is not ranked, and an empty rest not shown."""
    step = SAMPLE_STEP if is_estimate else 1
    counted = {slug: count // step * step for slug, count in tokens.items()}
    hidden = counted.pop(HIDDEN, 0)
    ordered = sorted(
        (slug for slug, count in counted.items() if count > 0),
        key=lambda slug: (-counted[slug], slug),
    )
    top = [RankingRow(bucket, slug, counted[slug]) for slug in ordered[:BOARD_SIZE]]
    other = hidden + sum(counted[slug] for slug in ordered[BOARD_SIZE:])
    return [*top, RankingRow(bucket, OTHER, other)] if other else top


def bucket_of(day: date, query: RankingsQuery) -> date:
    """The date a day's tokens are filed under. Estimates exist by the week, so a month gets whole weeks, by their Monday."""
    filed = monday(day) if query.is_estimate else day
    starts: dict[Period, date] = {
        "day": filed,
        "week": monday(filed),
        "month": filed.replace(day=1),
    }
    return starts[query.period]


def monday(day: date) -> date:
    """The first day of its ISO week."""
    return day - timedelta(days=day.isoweekday() - 1)


def _known_days(seed: int, query: RankingsQuery, now: datetime) -> Iterator[SyntheticDay]:
    start, end = query.start, query.end
    if query.is_estimate:
        # Weeks that begin in the window are given whole, so the last one may include days after its end.
        start = start if start == monday(start) else monday(start) + timedelta(days=7)
        end = monday(end) + timedelta(days=6)
    known = (known_day(seed, day, now.date()) for day in days(start, end))
    return (day for day in known if day is not None)


def _kept(seed: int, query: RankingsQuery, day: SyntheticDay) -> dict[str, int]:
    if query.modality is None and query.context_bucket is None and not query.is_estimate:
        return {listing.permaslug: count for listing, count in day.tokens.items()} | {
            HIDDEN: day.hidden_tokens
        }
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
    """How many ten-thousandths of a listing's tokens a modality keeps."""
    if listing is None:
        return HIDDEN_MODALITY[modality]
    model, luck = listing.model, one_noise(seed, modality, listing.permaslug)
    if modality == "text":
        return WHOLE if model.is_text else 0
    if modality == "image_output":
        return WHOLE if model.output_modality == "image" else 0
    if modality == "tool_calling":
        return int(luck * 2000 + model.quality * 90) if model.is_text and model.quality > 25 else 0
    return (
        int((400 + 2200 * luck) * (1.0 if modality == "image" else 0.1))
        if modality in model.input_modalities
        else 0
    )


@cache
def context_edges(seed: int, listing: Listing | None) -> tuple[int, ...]:
    """Where the buckets of request length cut a listing's tokens, in ten-thousandths from 0 to the whole."""
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
    """The part of a listing's tokens about a category or in a type of language. The two types of language make up the whole."""
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
