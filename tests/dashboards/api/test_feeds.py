"""The feed in both forms, as their specifications ask for."""

import re
import uuid
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import httpx
import pytest
from flask import Flask
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from support.dashboard.browser import context_of

from dashboards.api.feed_entries import FeedEntry
from dashboards.api.feeds import NO_XML, write_atom
from dashboards.app import build
from dashboards.generations import OpenGeneration

ATOM = "{http://www.w3.org/2005/Atom}"
RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def parse(feed: bytes) -> ElementTree.Element:
    """Parse our own feed."""
    return ElementTree.fromstring(feed)  # noqa: S314


def text_of(parent: ElementTree.Element, name: str) -> str:
    found = parent.find(f"{ATOM}{name}")
    assert found is not None
    return found.text or ""


def test_the_atom_feed_has_all_that_the_standard_asks_for(client: httpx.Client) -> None:
    """An id, a title, an instant and an author of the feed, and the first three of each entry."""
    response = client.get("/feed.atom")
    assert response.headers["content-type"] == "application/atom+xml; charset=utf-8"
    feed = parse(response.content)
    assert feed.tag == f"{ATOM}feed"
    assert text_of(feed, "title") == "Tokentide"
    assert feed.find(f"{ATOM}author/{ATOM}name") is not None
    assert "CC BY 4.0" in text_of(feed, "rights")
    entries = feed.findall(f"{ATOM}entry")
    assert len(entries) == 4
    ids = [text_of(entry, "id") for entry in entries]
    assert len(set(ids)) == len(ids)
    for node in (feed, *entries):
        uuid.UUID(text_of(node, "id").removeprefix("urn:uuid:"))
        assert RFC3339.fullmatch(text_of(node, "updated"))
    instants = [text_of(entry, "updated") for entry in entries]
    assert text_of(feed, "updated") == max(instants)
    links = {link.get("rel"): link.get("href") for link in feed.findall(f"{ATOM}link")}
    assert links["self"] == f"{client.base_url}/feed.atom".replace("//feed", "/feed")


def test_links_of_entries_lead_to_pages(client: httpx.Client) -> None:
    for item in client.get("/feed.json").json()["items"]:
        assert httpx.get(item["url"]).status_code == 200, item["url"]


def test_the_json_feed_says_the_same(client: httpx.Client) -> None:
    response = client.get("/feed.json")
    assert response.headers["content-type"] == "application/feed+json"
    feed = response.json()
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["feed_url"].endswith("/feed.json")
    atom = parse(client.get("/feed.atom").content)
    of_atom = [
        (text_of(entry, "id"), text_of(entry, "title"), text_of(entry, "content"))
        for entry in atom.findall(f"{ATOM}entry")
    ]
    items = feed["items"]
    assert [(each["id"], each["title"], each["content_text"]) for each in items] == of_atom


def test_pages_name_the_feed(client: httpx.Client) -> None:
    """A reader that is given a page's address finds it there."""
    assert 'type="application/atom+xml" title="Tokentide" href="/feed.atom"' in client.get("/").text


@pytest.fixture(scope="module")
def server(small: Path) -> Flask:
    return build(context_of(small)).server


@hypothesis_settings(deadline=None, derandomize=True, max_examples=100)
@given(title=st.text(max_size=40))
def test_any_text_of_a_source_is_valid_xml(
    title: str, server: Flask, small_generation: OpenGeneration
) -> None:
    """Names come from elsewhere: markup and characters that XML lacks must not break the feed."""
    at = datetime(2026, 6, 20, tzinfo=UTC)
    entry = FeedEntry("urn:x", title, title, at, "market", "price")
    with server.test_request_context():
        text = write_atom([entry], small_generation, "http://localhost/")
    found = parse(text.encode()).find(f"{ATOM}entry")
    assert found is not None
    lines = NO_XML.sub("\ufffd", title).replace("\r\n", "\n").replace("\r", "\n")
    assert text_of(found, "title") == lines
