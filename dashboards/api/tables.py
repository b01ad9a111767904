"""Stable addresses of published tables as JSON, CSV and Parquet, and an index of them all.

An answer is bounded; what is left out is on the next page, which a Link header names. Rows come in
the order in which they lie in the file, the same for a whole generation.
"""

import io
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import polars as pl
from flask import Flask, Response, request

from dashboards.api.answers import json_response, refuse, respond
from dashboards.components.grid import flatten
from dashboards.generations import GenerationStore, OpenGeneration
from dashboards.query import Query, query

# The most values of one answer: rows as text take many times the memory of columns.
MAX_CELLS = {"json": 400_000, "csv": 1_000_000, "parquet": 2_000_000}
MAX_NUMBER = 10**12
# Requests for tables at a time, of the eight that the server works on.
MAX_WAITING = 3
BUSY = "Other tables are being read. Ask again in a second."
LICENCE = "CC-BY-4.0"
LICENCE_ADDRESS = "https://creativecommons.org/licenses/by/4.0/"


def add_tables(server: Flask, store: GenerationStore) -> None:
    """Serve `/data/index.json` and `/data/<table>.json`, `.csv`, `.parquet`."""
    # Several large answers made at once would need several times the memory, and requests that wait
    # would leave no thread for pages.
    turn, room = threading.Lock(), threading.BoundedSemaphore(MAX_WAITING)

    @server.get("/data/index.json")
    def show_index() -> Response:
        return respond(store, lambda generation: json_response(describe(generation)))

    @server.get("/data/<name>.<any(json, csv, parquet):kind>")
    def show_table(name: str, kind: str) -> Response:
        if not room.acquire(blocking=False):
            return refuse(BUSY, HTTPStatus.SERVICE_UNAVAILABLE, retry_seconds=1)
        try:
            with turn:
                return respond(store, lambda generation: _answer_table(generation, name, kind))
        finally:
            room.release()


def describe(generation: OpenGeneration) -> dict[str, Any]:
    """Describe a generation: its tables with their columns, comments and addresses, its licence."""
    meta, tables = generation.meta, _describe_tables(generation)
    counts = _count_rows(generation, sorted(tables))
    return {
        "generation": meta.generation,
        "published_at": meta.published_at,
        "as_of": meta.as_of,
        "last_date": meta.last_date,
        "origin": meta.origin,
        "is_simulated": meta.is_simulated,
        "simulated_services": meta.simulated_services,
        "citation": meta.citation,
        # Of OpenRouter's figures; the tier's own are their owner's.
        "market_licence": None if meta.is_simulated else LICENCE,
        "market_licence_url": None if meta.is_simulated else LICENCE_ADDRESS,
        "tables": [
            {
                "name": name,
                "comment": table["comment"],
                "rows": counts[name],
                "columns": table["columns"],
                "addresses": {kind: f"/data/{name}.{kind}" for kind in MAX_CELLS},
            }
            for name, table in tables.items()
        ],
    }


def _answer_table(generation: OpenGeneration, name: str, kind: str) -> Response:
    tables = _describe_tables(generation)
    if name not in tables:
        text = f"There is no table {name[:80]}. /data/index.json lists all of them."
        return refuse(text, HTTPStatus.NOT_FOUND)
    try:
        limit, offset = _whole("limit", MAX_NUMBER), _whole("offset", 0)
    except ValueError as error:
        return refuse(str(error), HTTPStatus.BAD_REQUEST)
    limit = min(limit, MAX_CELLS[kind] // len(tables[name]["columns"]))
    [total] = _count_rows(generation, [name]).values()
    rows = generation.read(
        Query(
            f'from marts."{name}" limit $limit offset $offset', {"limit": limit, "offset": offset}
        )
    )
    response = WRITERS[kind](rows)
    response.headers["X-Total-Rows"] = str(total)
    if rows.height and (after := offset + rows.height) < total:
        more = urlencode({"limit": limit, "offset": after})
        response.headers["Link"] = f'</data/{name}.{kind}?{more}>; rel="next"'
    return response


def _describe_tables(generation: OpenGeneration) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for row in generation.frame(query("api/columns")).iter_rows(named=True):
        table = found.setdefault(
            row["table_name"], {"comment": row["table_comment"], "columns": []}
        )
        table["columns"].append(
            {"name": row["column_name"], "type": row["data_type"], "comment": row["comment"]}
        )
    return found


def _count_rows(generation: OpenGeneration, names: list[str]) -> dict[str, int]:
    if not names:
        return {}
    # Names are those of the file's own tables.
    counts = (
        f"select '{name}' as name, count(*) as rows from marts.\"{name}\""  # noqa: S608
        for name in names
    )
    return dict(generation.frame(Query(" union all ".join(counts))).iter_rows())


def _whole(name: str, default: int) -> int:
    text = request.args.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdecimal() and int(text[:13]) <= MAX_NUMBER):
        raise ValueError(f"{name} must be a whole number, such as {name}=1000.")
    return int(text[:13])


def _csv(rows: pl.DataFrame) -> Response:
    return Response(flatten(rows).write_csv(), content_type="text/csv; charset=utf-8")


def _parquet(rows: pl.DataFrame) -> Response:
    file = io.BytesIO()
    rows.write_parquet(file)
    return Response(file.getvalue(), mimetype="application/vnd.apache.parquet")


WRITERS: Mapping[str, Callable[[pl.DataFrame], Response]] = {
    "json": lambda rows: json_response(rows.to_dicts()),
    "csv": _csv,
    "parquet": _parquet,
}
