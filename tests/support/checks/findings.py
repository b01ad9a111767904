"""Each finding of loading in rankings: a change of a whole answer that has this finding alone."""

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from support.checks.home import LATER, good_payloads
from support.checks.upstream import Response, Rows, respond

Payload = dict[str, Any]
ALL, TEXT, IMAGE = (
    "rankings_daily",
    "rankings_daily, modality=text",
    "rankings_daily, modality=image",
)
DAY, NEXT = "2026-06-17", "2026-06-18"


def answer_with(reason: str) -> Response:
    """Return the next answer of the rankings, with this finding and no other."""
    name = OTHER_REQUESTS.get(reason, ALL)
    payload = copy.deepcopy(good_payloads(LATER)[TEXT if name == IMAGE else name][1])
    FINDINGS[reason](payload)
    response = respond(ALL, LATER, payload)
    _, _, filters = name.partition(", ")
    return replace(response, params=dict([filters.split("=")]) if filters else {})


def rows(payload: Payload) -> Rows:
    """Return the rows of an answer."""
    found: Rows = payload["data"]
    return found


def of_day(payload: Payload, day: str = DAY) -> Rows:
    """Return the rows of a day."""
    return [row for row in rows(payload) if row["date"] == day]


def rest(payload: Payload) -> dict[str, Any]:
    """Return the row of `other`, without which a day is whole."""
    [found] = [row for row in of_day(payload) if row["model_permaslug"] == "other"]
    return found


def _count(text: str | None) -> Callable[[Payload], None]:
    return lambda payload: rest(payload).update(total_tokens=text)


def _moved(day: str) -> Callable[[Payload], None]:
    """Return a change that adds a day, with other figures."""

    def change(payload: Payload) -> None:
        for row in of_day(payload):
            tokens = str(int(row["total_tokens"]) + 1)
            rows(payload).append({**row, "date": day, "total_tokens": tokens})

    return change


def _unread_day(payload: Payload) -> None:
    for row in of_day(payload):
        row["date"] = "soon"


def _zero(payload: Payload) -> None:
    for row in of_day(payload):
        row["total_tokens"] = "0"


def _copy_day(payload: Payload) -> None:
    copied = [{**row, "date": NEXT} for row in of_day(payload)]
    payload["data"] = [row for row in rows(payload) if row["date"] != NEXT] + copied


def _without(day: str) -> Callable[[Payload], None]:
    return lambda payload: payload.update(data=[row for row in rows(payload) if row["date"] != day])


def _unfiltered(payload: Payload) -> None:
    payload["data"] = copy.deepcopy(good_payloads(LATER)[ALL][1]["data"])


FINDINGS: dict[str, Callable[[Payload], None]] = {
    "unreadable date": lambda payload: rest(payload).update(date="soon"),
    "rows with unreadable dates": _unread_day,
    "missing count": _count(None),
    "negative count": _count("-5"),
    "fractional count": _count("1.5"),
    "unreadable count": _count("many"),
    "unreadable model": lambda payload: of_day(payload)[0].update(model_permaslug="x" * 201),
    "duplicated model": lambda payload: rows(payload).append(dict(rest(payload))),
    "day was not over when the answer was given": _moved("2026-06-20"),
    "day outside the window that was asked for": _moved("2026-06-10"),
    "every count is zero": _zero,
    "short day": lambda payload: rows(payload).remove(of_day(payload)[0]),
    "too many models": lambda payload: rows(payload).append(
        {**rest(payload), "model_permaslug": "lab/one-more"}
    ),
    "same board as the day before": _copy_day,
    "same as without the filter": _unfiltered,
    "same as with another filter": lambda payload: None,
    "no rows at all": lambda payload: payload.update(data=[]),
    "no rows yet for a day that is over": _without("2026-06-19"),
    "a known day vanished": _without(DAY),
}
OTHER_REQUESTS = {"same as without the filter": TEXT, "same as with another filter": IMAGE}
