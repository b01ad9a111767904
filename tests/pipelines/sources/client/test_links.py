"""Links to the next page: on the same host, or none."""

from dataclasses import replace

import httpx
import pytest
from support.source_payloads import archived_answer

from pipelines.errors import BadAnswer
from pipelines.sources.client.links import MAX_LINK, link_of, next_path

BASE = "https://hub.test"


def following(link: str | None) -> str | None:
    """Return the path after an answer with this header."""
    return next_path(BASE, replace(archived_answer(), url=f"{BASE}/api/models?a=1", link=link))


@pytest.mark.parametrize(
    ("link", "path"),
    [
        (f'<{BASE}/api/models?cursor=x>; rel="next"', "/api/models?cursor=x"),
        (f"<{BASE}/p?c=1>; rel=next", "/p?c=1"),
        ('</api/models?cursor=x>; rel="next"', "/api/models?cursor=x"),
        (f'<{BASE}/first>; rel="first", <{BASE}/p2>; rel="next"', "/p2"),
        (f'<{BASE}/p0>; rel="prev"', None),
        ("nonsense", None),
        (None, None),
    ],
)
def test_the_next_page_is_a_path_of_the_host(link: str | None, path: str | None) -> None:
    assert following(link) == path


@pytest.mark.parametrize(
    "target",
    [
        *("https://other.test/p", "http://hub.test/p", "https://hub.test:8443/p"),
        *("//other.test/p", "https://hub.test.evil/p", "https://hub.test@evil.test/p"),
        "javascript:x",
    ],
)
def test_another_host_is_refused(target: str) -> None:
    """Another scheme or port is refused as well: the client asks one upstream alone."""
    with pytest.raises(BadAnswer, match="was not asked"):
        following(f'<{target}>; rel="next"')


def test_an_endless_header_is_left_out() -> None:
    response = httpx.Response(200, headers={"Link": "<" + "a" * MAX_LINK + ">"})
    assert link_of(response) is None
    assert link_of(httpx.Response(200)) is None
