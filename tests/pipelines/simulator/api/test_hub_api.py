"""The Hub's list over HTTP: pages by a cursor, and only the fields that are named."""

from typing import Any

import httpx
import pytest
from support.simulator import SimulatedMarket

from pipelines.simulator.api.hub_api import PATH


def get(simulator: SimulatedMarket, query: str = "") -> httpx.Response:
    return httpx.get(f"{simulator.archive_url}{PATH}?{query}")


def test_pages_follow_each_other_to_the_end(simulator: SimulatedMarket) -> None:
    """The link repeats what was asked; all pages together are the whole list, each model once."""
    whole: Any = get(simulator, "limit=1000").json()
    found: list[Any] = []
    answer = get(simulator, "limit=90&expand[]=likes")
    while True:
        found += answer.json()
        if "next" not in answer.links:
            break
        answer = httpx.get(answer.links["next"]["url"])
    assert [row["_id"] for row in found] == [row["_id"] for row in whole]
    assert {frozenset(row) for row in found} == {frozenset({"_id", "id", "likes"})}


def test_a_field_that_is_not_named_does_not_come(simulator: SimulatedMarket) -> None:
    [first, *_] = get(simulator, "expand[]=downloads").json()
    assert set(first) == {"_id", "id", "downloads"}


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "cursor=%25%25"])
def test_a_malformed_query_is_refused(simulator: SimulatedMarket, query: str) -> None:
    assert get(simulator, query).status_code == 400


def test_faults_change_pages_and_links(simulator: SimulatedMarket) -> None:
    simulator.set_faults({"kind": "short_pages"}, {"kind": "no_next_page"})
    answer = get(simulator, "limit=1000")
    assert (len(answer.json()), "next" in answer.links) == (100, False)
    simulator.set_faults({"kind": "zeroed_counters"})
    rows: Any = get(simulator, "expand[]=downloadsAllTime").json()
    assert {row["downloadsAllTime"] for row in rows} == {0}


def test_a_model_is_served_by_its_name(simulator: SimulatedMarket) -> None:
    """A former name leads to it; what is not there is refused like what is private."""
    root = f"{simulator.archive_url}{PATH}"
    answer = httpx.get(f"{root}/community/quiet-draft?expand[]=tags", follow_redirects=True)
    assert answer.history[0].status_code == 307
    assert set(answer.json()) == {"_id", "id", "tags"}
    assert answer.json()["id"] == "community/quiet-base"
    hidden = httpx.get(f"{root}/nobody/deleted")
    assert (hidden.status_code, hidden.headers["X-Error-Code"]) == (401, "RepoNotFound")
