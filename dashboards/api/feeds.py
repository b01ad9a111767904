"""The feed of verdicts, price changes and restatements: Atom (RFC 4287) and JSON Feed 1.1."""

import re
from datetime import UTC, datetime
from typing import Any

from flask import Flask, Response, render_template, request

from dashboards.api.answers import json_response, respond
from dashboards.api.feed_entries import FeedEntry, entries
from dashboards.generations import GenerationStore, OpenGeneration

TITLE = "Tokentide"
ABOUT = "Verdicts of claims, price changes and restatements of the token market."
FEED_ID = "urn:uuid:5b0c3f0e-5d2f-5c0e-9d0a-0f3a7a7b1c16"
JSON_VERSION = "https://jsonfeed.org/version/1.1"
# XML 1.0 has no place for these, not even escaped.
NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def add_feeds(server: Flask, store: GenerationStore) -> None:
    """Serve `/feed.atom` and `/feed.json`."""

    @server.get("/feed.atom")
    def show_atom() -> Response:
        def answer(generation: OpenGeneration) -> Response:
            text = write_atom(entries(generation), generation, request.host_url)
            return Response(text, content_type="application/atom+xml; charset=utf-8")

        return respond(store, answer)

    @server.get("/feed.json")
    def show_json() -> Response:
        def answer(generation: OpenGeneration) -> Response:
            content = json_feed(entries(generation), generation, request.host_url)
            return json_response(content, "application/feed+json")

        return respond(store, answer)


def write_atom(found: list[FeedEntry], generation: OpenGeneration, base: str) -> str:
    """Write entries as Atom; times have the form of RFC 3339."""
    published = generation.meta.published_at or datetime.fromtimestamp(0, UTC)
    newest = max((entry.updated_at for entry in found), default=published)
    text = render_template(
        "feed.xml",
        title=TITLE,
        about=ABOUT,
        feed_id=FEED_ID,
        base=base,
        citation=generation.meta.citation,
        updated=_rfc3339(newest),
        entries=[(entry, _rfc3339(entry.updated_at)) for entry in found],
    )
    return NO_XML.sub("\ufffd", text)


def json_feed(found: list[FeedEntry], generation: OpenGeneration, base: str) -> dict[str, Any]:
    """Return entries as the object of a JSON Feed."""
    return {
        "version": JSON_VERSION,
        "title": TITLE,
        "description": f"{ABOUT} {generation.meta.citation}",
        "home_page_url": base,
        "feed_url": f"{base}feed.json",
        "language": "en",
        "items": [
            {
                "id": entry.id,
                "url": f"{base}{entry.path}",
                "title": entry.title,
                "content_text": entry.text,
                "date_published": _rfc3339(entry.updated_at),
                "tags": [entry.kind],
            }
            for entry in found
        ],
    }


def _rfc3339(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
