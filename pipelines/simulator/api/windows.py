"""Parameter rules of the Data API: clamps, defaults and refusals."""

import re
from collections.abc import Collection, Mapping
from datetime import date, timedelta
from typing import cast

from pipelines.simulator.errors import InvalidRequest
from pipelines.simulator.market_protocol import (
    CATEGORIES,
    CONTEXT_BUCKETS,
    FIRST_DATE,
    LANGUAGE_TYPES,
    AppsQuery,
    Period,
    RankingsQuery,
)

Params = Mapping[str, str]

DEFAULT_DAYS = 30
MAX_DAYS = 366
PERIODS = ("day", "week", "month")
MODALITIES = ("text", "image", "image_output", "audio", "tool_calling")
APP_SUBCATEGORIES = {
    "coding": (
        "cli-agent",
        "ide-extension",
        "cloud-agent",
        "programming-app",
        "native-app-builder",
    ),
    "creative": ("creative-writing", "video-gen", "image-gen", "audio-gen"),
    "entertainment": ("roleplay", "game"),
    "productivity": ("writing-assistant", "general-chat", "personal-agent", "legal"),
}


def rankings_query(params: Params, today: date) -> RankingsQuery:
    """Read the parameters of rankings-daily. Raise InvalidRequest with the rule they break."""
    category = choice(params, "category", CATEGORIES)
    language_type = choice(params, "language_type", LANGUAGE_TYPES)
    modality = choice(params, "modality", MODALITIES)
    context_bucket = choice(params, "context_bucket", CONTEXT_BUCKETS)
    period = choice(params, "period", PERIODS)
    if category and language_type:
        raise InvalidRequest("category and language_type cannot be combined")
    is_estimate = bool(category or language_type)
    if is_estimate and (modality or context_bucket):
        raise InvalidRequest(
            "category and language_type cannot be combined with modality or context_bucket"
        )
    if is_estimate and period == "day":
        raise InvalidRequest(
            "category and language_type are available by week or month, not by day"
        )
    start, end = window(params, today)
    resolved = cast(Period, period or ("week" if is_estimate else "day"))
    return RankingsQuery(start, end, resolved, modality, context_bucket, category, language_type)


def apps_query(params: Params, today: date) -> AppsQuery:
    """Read the parameters of app-rankings. Raise InvalidRequest with the rule they break."""
    category = choice(params, "category", APP_SUBCATEGORIES)
    subcategory = choice(
        params, "subcategory", [name for names in APP_SUBCATEGORIES.values() for name in names]
    )
    if category and subcategory and subcategory not in APP_SUBCATEGORIES[category]:
        raise InvalidRequest(f"subcategory {subcategory} does not belong to category {category}")
    sort = choice(params, "sort", ("popular", "trending")) or "popular"
    limit, offset = page(params, 50, 100, 100)
    start, end = window(params, today)
    return AppsQuery(start, end, sort, category, subcategory, limit, offset)


def window(params: Params, today: date) -> tuple[date, date]:
    """Resolve start_date and end_date to the inclusive window that is served."""
    asked_start, asked_end = day(params, "start_date"), day(params, "end_date")
    if asked_end is not None and asked_end < FIRST_DATE:
        raise InvalidRequest(f"end_date is before {FIRST_DATE}")
    if asked_start is not None and asked_end is not None and asked_start > asked_end:
        raise InvalidRequest("start_date is after end_date")
    # The current day is not published: a later end means yesterday.
    end = min(asked_end or today, today - timedelta(days=1))
    start = max(asked_start or end - timedelta(days=DEFAULT_DAYS - 1), FIRST_DATE)
    if start > end:
        raise InvalidRequest("start_date is after the most recent completed UTC day")
    # Nobody knows whether the real limit counts both ends; the stricter reading is the safe one.
    if (end - start).days + 1 > MAX_DAYS:
        raise InvalidRequest(f"the window is longer than {MAX_DAYS} days")
    return start, end


def day(params: Params, name: str) -> date | None:
    """Read a calendar date in YYYY-MM-DD; None if the parameter is absent."""
    text = params.get(name)
    if text is None:
        return None
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        raise InvalidRequest(f"{name} must look like YYYY-MM-DD")
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InvalidRequest(f"{name} is not a calendar date") from error


def choice(params: Params, name: str, allowed: Collection[str]) -> str | None:
    """Read one of the allowed values; None if the parameter is absent."""
    value = params.get(name)
    if value is not None and value not in allowed:
        raise InvalidRequest(f"{name} must be one of {', '.join(allowed)}")
    return value


def page(params: Params, default: int, max_limit: int, max_offset: int) -> tuple[int, int]:
    """Read limit and offset within their bounds; an offset of `null` means none."""
    limit = whole_number(params, "limit", default, 1, max_limit)
    nulled = {"offset": "0"} if params.get("offset") == "null" else {}
    return limit, whole_number({**params, **nulled}, "offset", 0, 0, max_offset)


def whole_number(params: Params, name: str, default: int, low: int, high: int) -> int:
    """Read a whole number within bounds."""
    text = params.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII) or not low <= int(text) <= high:
        raise InvalidRequest(f"{name} must be a whole number from {low} to {high}")
    return int(text)
