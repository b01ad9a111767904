"""The eight failures of an upstream, done to a whole answer of each source of the market."""

import copy
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from support.checks import price_archives, quality_measures, reference_lists
from support.checks.home import CONTEXTS, LATER, good_payloads

ENCODERS: dict[str, Callable[[Any, datetime], Any]] = {
    **price_archives.ENCODERS,
    **quality_measures.ENCODERS,
    **reference_lists.ENCODERS,
}
BEFORE = LATER - timedelta(days=1)
Rows = list[dict[str, Any]]
ROWS: dict[str, tuple[str, ...]] = {
    "endpoints": ("data", "endpoints"),
    "task_classifications": ("data", "classifications"),
}
PRICES = ("prompt", "completion")
SCORES = ("intelligence_index", "coding_index", "agentic_index", "elo", "win_rate", "accuracy")
# Keys of each source with figures, in a row or its prices.
FIGURES: dict[str, tuple[str, ...]] = {
    "models": PRICES,
    "endpoints": PRICES,
    "providers": (),
    "app_rankings": ("total_tokens", "total_requests"),
    "task_classifications": ("usage_share", "token_share"),
    "benchmarks": (*SCORES, "primary_score"),
    "benchmarks_export": (*SCORES, "primary_score"),
    "session_costs": ("median_session_cost_usd",),
    **dict.fromkeys(reference_lists.ENCODERS, ()),
    "atom_parameters": ("size",),
    **dict.fromkeys(price_archives.ENCODERS, PRICES),
    **dict.fromkeys(quality_measures.ENCODERS, ("score",)),
}
# The key that a row cannot be without.
NEEDED = {
    "models": "id",
    "endpoints": "tag",
    "providers": "slug",
    "task_classifications": "usage_share",
    "benchmarks": "model_permaslug",
    "benchmarks_export": "model_permaslug",
    "session_costs": "median_session_cost_usd",
    **dict.fromkeys(reference_lists.ENCODERS, "name"),
    **dict.fromkeys(price_archives.ENCODERS, "prompt"),
    **dict.fromkeys(quality_measures.ENCODERS, "score"),
}
# Files whose manifest names their size and hash.
EXPORTS = frozenset({"rankings_export", "benchmarks_export"})
TOKENS = "total_tokens"
OK = 200


@dataclass(frozen=True)
class Response:
    """An answer of a source as the archive keeps it: the request, the status, the bytes."""

    source: str
    at: datetime
    body: bytes
    status: int = OK
    params: dict[str, str] = field(default_factory=dict)
    context: dict[str, str] = field(default_factory=dict)


def good(name: str) -> Response:
    """Return a whole answer of the day before."""
    return respond(name, BEFORE, good_payloads(BEFORE)[name][1])


def failed(name: str, failure: str) -> Response:
    """Return the next answer of a source, with this failure."""
    if failure == "late" and name in FIGURES:
        return respond(name, LATER, {"error": {"code": 503, "message": "later"}}, 503)
    payload = copy.deepcopy(good_payloads(LATER)[name][1])
    whole = respond(name, LATER, payload)
    if failure == "short" and name in EXPORTS:
        # A file that broke off is not the one of its manifest.
        return respond(name, LATER, payload, body=whole.body[: len(whole.body) // 5])
    if failure == "yesterday's copy":
        rows_of(name, payload)[:] = _yesterday(name)
    else:
        FAILURES[failure](name, rows_of(name, payload))
    return respond(name, LATER, payload)


def rows_of(name: str, payload: Any) -> Rows:
    """Return the list of rows of an answer."""
    found: Any = payload
    for key in ROWS.get(name, ("data",)):
        found = found[key]
    rows: Rows = found
    return rows


def respond(
    name: str, at: datetime, payload: Any, status: int = OK, body: bytes | None = None
) -> Response:
    """Return an answer of a source with this content, or with these bytes instead."""
    source, _, filters = name.partition(", ")
    is_encoded = name in ENCODERS and status == OK
    content = ENCODERS[name](payload, at) if is_encoded else payload
    written = content if isinstance(content, bytes) else json.dumps(content).encode()
    context = CONTEXTS.get(source, {})
    if source in EXPORTS:
        context = {
            "snapshot_date": at.date().isoformat(),
            "as_of": at.isoformat(),
            "bytes": str(len(written)),
            "sha256": hashlib.sha256(written).hexdigest(),
        }
    params = dict([filters.split("=")]) if filters else {}
    return Response(source, at, written if body is None else body, status, params, context)


def _yesterday(name: str) -> Rows:
    """Return the rows of the day before; of rankings its last day again, under the next date."""
    rows = copy.deepcopy(rows_of(name, good_payloads(BEFORE)[name][1]))
    if "rankings_" in name and name != "app_rankings":
        last = max(row["date"] for row in rows)
        after = BEFORE.date().isoformat()
        rows += [{**row, "date": after} for row in rows if row["date"] == last]
    return rows


def _empty(name: str, rows: Rows) -> None:
    rows.clear()


def _short(name: str, rows: Rows) -> None:
    """Leave a fifth; of rankings of each day, since whole days are another failure."""
    rows[:] = rows[: len(rows) // 5] if name in FIGURES else rows[::5]


def _late(name: str, rows: Rows) -> None:
    """Leave out the newest day of rankings."""
    last = max(row["date"] for row in rows)
    rows[:] = [row for row in rows if row["date"] != last]


def _duplicated(name: str, rows: Rows) -> None:
    rows += copy.deepcopy(rows)


def _zeroed(name: str, rows: Rows) -> None:
    keys = set(FIGURES.get(name, (TOKENS,)))
    for row in rows:
        for figures in filter(None, (row, row.get("pricing"))):
            for key in keys.intersection(figures):
                if figures[key] is not None:
                    figures[key] = "0" if isinstance(figures[key], str) else 0


def _change_types(name: str, rows: Rows) -> None:
    key = NEEDED.get(name, TOKENS)
    for row in rows:
        row[key] = {"value": row[key]}


def _vanish(name: str, rows: Rows) -> None:
    """Leave out what was known first: a day, or most of a list."""
    if name in FIGURES:
        del rows[: len(rows) * 3 // 5]
        return
    _, second, *_ = sorted({row["date"] for row in rows})
    rows[:] = [row for row in rows if row["date"] != second]


FAILURES: dict[str, Callable[[str, Rows], None]] = {
    "none": lambda name, rows: None,
    "empty": _empty,
    "short": _short,
    "late": _late,
    "duplicated": _duplicated,
    "zeroed": _zeroed,
    "changed types": _change_types,
    "vanished history": _vanish,
}
ALL = (
    *("empty", "short", "late", "duplicated", "yesterday's copy"),
    *("zeroed", "changed types", "vanished history"),
)
