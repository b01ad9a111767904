"""Tables of an archive's prices."""

from datetime import date

from pipelines.sources.prices.price_table import COLUMNS, TABLE, make_table


def test_a_model_without_prices_is_one_malformed_row() -> None:
    """It is quarantined, and what was known of it stays."""
    model = {"id": "l/x", "name": "X", "last_seen": None, "points": []}
    table = make_table([model], date(2026, 1, 1), [], has_past=True)
    [row] = table.frames[TABLE].rows()
    assert row[COLUMNS.index("model_id")] == "l/x"
    assert row[COLUMNS.index("date")] is None


def test_no_model_is_an_empty_table() -> None:
    assert make_table([], date(2026, 1, 1), [], has_past=True).frames[TABLE].is_empty()
