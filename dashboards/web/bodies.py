"""Bodies that Dash's one address for callbacks takes; what no page of ours sends is refused.

Dash itself trusts their shape and would answer each surprise as a defect of the server.
"""

from collections.abc import Mapping
from typing import Any

import dash
from flask import Flask, Response, request
from werkzeug.exceptions import BadRequest

PATH = "/_dash-update-component"
# Of lists and objects within each other. The parser itself takes more than what follows it.
MAX_DEPTH = 60


def check_bodies(app: dash.Dash) -> None:
    """Answer 400 to a body that belongs to no callback of the app."""

    server: Flask = app.server

    @server.before_request
    def refuse_odd_body() -> Response | None:
        if request.path != PATH or request.method != "POST" or not request.is_json:
            return None
        try:
            body = request.get_json()
            is_odd = _is_too_deep(body) or not _is_callback(body, app.callback_map)
        # The depth, a number with thousands of digits, or no JSON at all.
        except (RecursionError, ValueError, BadRequest):
            is_odd = True
        if is_odd:
            return Response("No page of the dashboard sends that.\n", 400, mimetype="text/plain")
        return None


def _is_too_deep(body: object) -> bool:
    level = [body]
    for _ in range(MAX_DEPTH):
        nested = [each for each in level if isinstance(each, dict | list)]
        level = [
            child
            for each in nested
            for child in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return False
    return True


def _is_callback(body: object, callbacks: Mapping[str, Any]) -> bool:
    if not isinstance(body, dict) or not isinstance(body.get("output"), str):
        return False
    known = callbacks.get(body["output"])
    changed = body.get("changedPropIds", [])
    return (
        known is not None
        and isinstance(body.get("outputs", [] if known.get("no_output") else None), dict | list)
        and isinstance(changed, list)
        and all(isinstance(each, str) and "." in each for each in changed)
        and _are_properties(body.get("inputs"), known["inputs"])
        and _are_properties(body.get("state", []), known["state"])
    )


def _are_properties(given: object, known: list[Any]) -> bool:
    """Return true for as many as the callback has; one of a pattern is a list."""
    if not isinstance(given, list) or len(given) != len(known):
        return False
    flat = [one for each in given for one in (each if isinstance(each, list) else [each])]
    return all(
        isinstance(one, dict)
        and isinstance(one.get("id"), str | dict)
        and isinstance(one.get("property"), str)
        for one in flat
    )
