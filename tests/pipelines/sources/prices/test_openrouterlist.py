"""The archive of OpenRouter's list prices: change points, typed by nobody before loading."""

import json
from typing import Any

import pytest
from support.source_payloads import archived_answer

from pipelines.errors import BadAnswer
from pipelines.sources.parsing import is_complete
from pipelines.sources.prices import openrouterlist
from pipelines.sources.prices.price_table import TABLE, PriceTable

ENTRY: dict[str, Any] = {
    "name": "L: X",
    "first_seen": "2025-01-01",
    "last_seen": "2025-01-09",
    "present_now": False,
    "points": [["2025-01-01", 0.1000, 3e-05], ["2025-01-05", 0.2, None]],
}


def parse(entry: object, as_of: str = "2025-02-01") -> PriceTable:
    """Parse an archive of one model."""
    body = json.dumps({"as_of": as_of, "models": {"l/x": entry}}).encode()
    source = openrouterlist.SOURCE
    table: PriceTable = source.parse(archived_answer(), source.decode(archived_answer(), body))
    return table


def complete(table: PriceTable) -> list[bool]:
    """Tell of each row whether it is loaded."""
    rows = table.frames[TABLE]
    return rows.select(found=is_complete(table, TABLE))["found"].to_list()


def test_prices_keep_their_digits() -> None:
    """A figure is text until it is a decimal, so no digit is lost on the way."""
    table = parse(ENTRY)
    rows = table.frames[TABLE].select("model_id", "last_seen", "date", "prompt_usd_per_mtok")
    assert rows.rows() == [
        ("l/x", "2025-01-09", "2025-01-01", "0.1"),
        ("l/x", "2025-01-09", "2025-01-05", "0.2"),
    ]
    assert table.frames[TABLE]["completion_usd_per_mtok"].to_list() == ["3e-05", None]
    assert (str(table.as_of), table.has_past) == ("2025-02-01", True)


def test_a_listed_model_has_no_last_day() -> None:
    """Its last day is that of the archive, so a day more changes nothing of it."""
    assert parse({**ENTRY, "present_now": True}).frames[TABLE]["last_seen"].to_list() == [None] * 2


@pytest.mark.parametrize(
    "points",
    [
        [],
        "many",
        [["2025-01-01", "cheap", 1.0]],
        [["2025-01-01", 1.0]],
        [["2025-01-41", 1.0, 1.0]],
        [["2025-03-01", 1.0, 1.0]],
        [["2025-01-05", 1.0, 1.0], ["2025-01-01", 2.0, 2.0]],
        [["2025-01-01", -2, 1.0]],
        [["2025-01-01", 1e9, 1.0]],
        [["2025-01-01", float("nan"), 1.0]],
        [["2025-01-01", True, 1.0]],
    ],
)
def test_malformed_prices_set_their_model_aside(points: object) -> None:
    """Without one of its prices the one before would seem to have held on."""
    assert not any(complete(parse({**ENTRY, "points": points})))


@pytest.mark.parametrize("price", [-1, 0, None, 0.5])
def test_a_price_may_vary_or_be_nothing(price: float | None) -> None:
    """-1 means that it varies, null that none is stated, and 0 is a price."""
    assert complete(parse({**ENTRY, "points": [["2025-01-01", price, price]]})) == [True]


def test_an_archive_without_a_day_is_a_bad_answer() -> None:
    with pytest.raises(BadAnswer):
        parse(ENTRY, as_of="yesterday")
