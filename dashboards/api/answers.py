"""Answers of the newest generation: with its number as the ETag, its origin and its citation."""

import re
from collections.abc import Callable
from decimal import Decimal
from http import HTTPStatus
from typing import Any

import duckdb
import orjson
from flask import Response, request

from dashboards.generation_meta import GenerationMeta
from dashboards.generations import GenerationStore, OpenGeneration

NOTHING = "Nothing is published yet. Run `tokentide ingest market`, or `tokentide up`."
RETRY_SECONDS = 60
# A header holds printable ASCII.
NO_HEADER = re.compile("[^ -~]")


def respond(store: GenerationStore, answer: Callable[[OpenGeneration], Response]) -> Response:
    """Answer from the newest generation, or with 304 where the client has its answer already."""
    generation = store.newest()
    if generation is None:
        return refuse(NOTHING, HTTPStatus.SERVICE_UNAVAILABLE, RETRY_SECONDS)
    tag = generation_tag(generation.meta)
    if request.if_none_match.contains_weak(tag):
        response = Response(status=HTTPStatus.NOT_MODIFIED)
    else:
        try:
            response = answer(generation)
        except duckdb.Error as error:
            return refuse(str(error), HTTPStatus.INTERNAL_SERVER_ERROR)
    if response.status_code < HTTPStatus.BAD_REQUEST:
        response.set_etag(tag)
        response.headers.update(provenance(generation.meta))
    return response


def refuse(text: str, status: HTTPStatus, retry_seconds: int | None = None) -> Response:
    """Refuse in one line of text, which says what to do, and when to ask again."""
    response = Response(f"{text}\n", status, mimetype="text/plain")
    if retry_seconds is not None:
        response.headers["Retry-After"] = str(retry_seconds)
    return response


def json_response(content: Any, mimetype: str = "application/json") -> Response:
    """Build a JSON answer: instants in UTC with a Z, decimals as numbers, NaN as null."""
    options = orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE
    return Response(orjson.dumps(content, _plain, options), mimetype=mimetype)


def generation_tag(meta: GenerationMeta) -> str:
    """Return the ETag of a generation. Numbers begin again in a new home, instants do not."""
    at = f"{meta.published_at:%Y%m%dT%H%M%S%f}" if meta.published_at else "unknown"
    return f"{meta.generation}-{at}"


def provenance(meta: GenerationMeta) -> dict[str, str]:
    """Return the headers that say where figures come from, so that a body stays plain rows."""
    found = {
        "X-Generation": str(meta.generation),
        "X-Origin": meta.origin,
        "X-Citation": meta.citation,
    }
    if meta.simulated_services:
        found["X-Simulated-Services"] = ", ".join(meta.simulated_services)
    return {name: NO_HEADER.sub("?", text) for name, text in found.items()}


def _plain(value: Any) -> Any:
    """Return a value that JSON lacks as one that it has."""
    if isinstance(value, Decimal):
        return int(value) if value.as_tuple().exponent == 0 else float(value)
    return value.hex() if isinstance(value, bytes) else str(value)
