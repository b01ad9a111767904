"""Faults of the Hub's list: counters without their meaning, and wrong next pages."""

import copy

from pipelines.simulator.errors import JsonObject
from pipelines.simulator.faults.hub_faults import HUB_FAULTS, LINK_FAULTS, PAGE_FAULTS

ROWS: list[JsonObject] = [
    {"_id": "1", "id": "a/b", "downloads": 10, "downloadsAllTime": 100},
    {"_id": "2", "id": "a/c", "downloads": 5, "downloadsAllTime": 57},
]
PAGE = "http://hub.test/api/models?cursor=1"
LINK = '<http://hub.test/api/models?cursor=2>; rel="next"'


def test_counters_are_zero_missing_or_gone_back() -> None:
    """The rows that are given stay as they are."""
    before = copy.deepcopy(ROWS)
    changed = {
        kind: [row.get("downloadsAllTime") for row in HUB_FAULTS[kind](ROWS)]
        for kind in ("zeroed_counters", "missing_counters", "counters_back")
    }
    assert changed == {
        "zeroed_counters": [0, 0],
        "missing_counters": [None, None],
        "counters_back": [90, 51],
    }
    assert before == ROWS


def test_the_next_page_is_missing_elsewhere_or_the_same() -> None:
    changed = {
        kind: LINK_FAULTS[kind](LINK, PAGE)
        for kind in ("no_next_page", "other_host_page", "same_page")
    }
    assert changed == {
        "no_next_page": "",
        "other_host_page": '<http://elsewhere.invalid/hub.test/api/models?cursor=2>; rel="next"',
        "same_page": f'<{PAGE}>; rel="next"',
    }


def test_pages_may_be_shorter_than_asked() -> None:
    assert PAGE_FAULTS["short_pages"] < 1000
