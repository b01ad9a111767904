"""The Hub's list: pages by the `Link` header, counters as they came, and nothing else."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from support.scripted_server import ScriptedServer, json_response
from support.simulator import FAST_RETRIES
from support.source_payloads import archived_answer

from pipelines.archive import Answer
from pipelines.errors import BadAnswer
from pipelines.settings import Settings
from pipelines.sources.client.http import SourceClient
from pipelines.sources.client.upstream import hub
from pipelines.sources.huggingface import hub_models
from pipelines.sources.huggingface.hub_page import COUNTS, MODELS, HubPage

ROW = {"_id": "1", "id": "a/b", "downloads": 900, "downloadsAllTime": 5000, "likes": 3}


def decode(payload: object) -> HubPage:
    """Decode a page with this content."""
    page: HubPage = hub_models.SOURCE.decode(archived_answer(), json.dumps(payload).encode())
    return page


def pages(server: ScriptedServer, tmp_path: Path) -> list[Answer]:
    """Fetch the pages that a server gives."""
    settings = Settings(home=tmp_path / "home", hub_url=server.url)
    client = SourceClient(settings, "run", FAST_RETRIES, hub(settings))
    try:
        return list(hub_models.fetch(client, "text-generation"))
    finally:
        client.close()


def test_fields_are_named_and_pages_are_followed(server: ScriptedServer, tmp_path: Path) -> None:
    """Fields that `expand[]` does not name do not come."""
    link = f'<{server.url}/api/models?cursor=abc&limit=1000>; rel="next"'
    server.respond_with(json_response(body=[ROW], Link=link), json_response(body=[ROW]))
    assert len(pages(server, tmp_path)) == 2
    first, second = server.received
    assert "expand%5B%5D=downloadsAllTime" in first.query
    assert "pipeline_tag=text-generation" in first.query
    assert second.query == "cursor=abc&limit=1000"


@pytest.mark.parametrize(
    ("tags", "licence"),
    [
        (["transformers", "license:apache-2.0", "license:mit"], "apache-2.0"),
        (["license:"], None),
        (["license:" + "x" * 300], None),
        ([7, {"license": "mit"}], None),
        ("license:mit", None),
    ],
)
def test_the_licence_is_that_of_the_first_tag(tags: object, licence: str | None) -> None:
    """One that is no text of a usual length is none."""
    assert decode([{**ROW, "tags": tags}]).frames[MODELS]["licence"].to_list() == [licence]


@pytest.mark.parametrize(
    "link", ["http://elsewhere.invalid/api/models?cursor=2", "//elsewhere.invalid/x", "ftp://h/x"]
)
def test_a_next_page_on_another_host_is_not_asked(
    server: ScriptedServer, tmp_path: Path, link: str
) -> None:
    server.respond_with(json_response(body=[ROW], Link=f'<{link}>; rel="next"'))
    with pytest.raises(BadAnswer, match="was not asked"):
        pages(server, tmp_path)
    assert len(server.received) == 1


def test_a_list_that_repeats_itself_ends(server: ScriptedServer, tmp_path: Path) -> None:
    link = f'<{server.url}/api/models?cursor=same>; rel="next"'
    server.respond_with(json_response(body=[ROW], Link=link))
    with pytest.raises(BadAnswer, match="had already"):
        pages(server, tmp_path)
    assert len(server.received) == 2


def test_a_list_ends_where_models_are_rarely_downloaded(
    server: ScriptedServer, tmp_path: Path
) -> None:
    link = f'<{server.url}/api/models?cursor=2>; rel="next"'
    rare = {**ROW, "downloads": hub_models.MIN_DOWNLOADS - 1}
    server.respond_with(json_response(body=[ROW, rare], Link=link))
    assert len(pages(server, tmp_path)) == 1


def test_a_missing_count_is_not_zero() -> None:
    """Nor is one that is no count: such a row is loaded, and its count is unknown."""
    odd: list[Any] = [None, -1, "7", 1.5, True, 1 << 70]
    rows = [ROW, *({**ROW, "_id": f"{n}", "downloadsAllTime": each} for n, each in enumerate(odd))]
    counts = decode(rows).frames[COUNTS]["downloads_all_time"].to_list()
    assert counts == [5000, *[None] * len(odd)]


def test_a_page_without_any_count_is_no_answer() -> None:
    """As where a field lost its name."""
    with pytest.raises(BadAnswer, match="all-time count"):
        decode([{"_id": "1", "id": "a/b", "downloads": 3}])


@pytest.mark.parametrize("body", [b"", b"[", b"{}", b"7", b"[" * 100_000, b'{"error": "x"}'])
def test_what_is_no_list_is_refused(body: bytes) -> None:
    with pytest.raises(BadAnswer):
        hub_models.SOURCE.decode(archived_answer(), body)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)
KEYS = ("_id", "id", "downloads", "likes", "createdAt", "tags", "baseModels", "gguf", "safetensors")


@hypothesis_settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=st.lists(st.fixed_dictionaries(dict.fromkeys(KEYS, JSON)), max_size=4))
def test_any_json_is_a_page_or_refused(rows: list[dict[str, Any]]) -> None:
    """A field of another kind is unknown; it never stops the other rows."""
    page = decode([ROW, *rows])
    assert page.frames[COUNTS].height == page.frames[MODELS].height == len(rows) + 1


def test_the_recorded_list_is_read(recordings: Path) -> None:
    """Twenty rows as the Hub sent them."""
    [path] = (recordings / "huggingface").glob("hub_models_*.json")
    page = decode(json.loads(path.read_bytes()))
    counts = page.frames[COUNTS]
    assert counts.height == 20
    assert counts["downloads_all_time"].null_count() == 0
    assert counts.row(0) == (
        *("680da718233834890aa01f51", "Qwen/Qwen3-0.6B"),
        *(21952078, 205441739, 1578),
    )
    assert page.frames[MODELS]["created_at"].null_count() == 0
