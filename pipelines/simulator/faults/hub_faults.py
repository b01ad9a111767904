"""Faults in the Hub's list: counters that lost their meaning, and links to the wrong next page."""

from collections.abc import Callable

from pipelines.simulator.errors import JsonObject


def zeroed_counters(rows: list[JsonObject]) -> list[JsonObject]:
    """Set every all-time count to zero, as the Hub does where it did not count."""
    return [{**row, "downloadsAllTime": 0} for row in rows]


def missing_counters(rows: list[JsonObject]) -> list[JsonObject]:
    """Leave out every all-time count, as where the field is not expanded."""
    return [
        {name: value for name, value in row.items() if name != "downloadsAllTime"} for row in rows
    ]


def counters_back(rows: list[JsonObject]) -> list[JsonObject]:
    """Take a tenth off every all-time count."""
    return [
        {**row, "downloadsAllTime": int(str(row["downloadsAllTime"])) * 9 // 10} for row in rows
    ]


HUB_FAULTS: dict[str, Callable[[list[JsonObject]], list[JsonObject]]] = {
    "zeroed_counters": zeroed_counters,
    "missing_counters": missing_counters,
    "counters_back": counters_back,
}


def no_next_page(link: str, address: str) -> str:
    """End the list early, as where a proxy drops the header."""
    return ""


def other_host(link: str, address: str) -> str:
    """Name a next page on another host."""
    return link.replace("://", "://elsewhere.invalid/", 1)


def same_page(link: str, address: str) -> str:
    """Name the page itself as the next one, which never ends."""
    return f'<{address}>; rel="next"'


LINK_FAULTS: dict[str, Callable[[str, str], str]] = {
    "no_next_page": no_next_page,
    "other_host_page": other_host,
    "same_page": same_page,
}

# Rows of a page at most, whatever limit was asked for.
PAGE_FAULTS = {"short_pages": 100}
