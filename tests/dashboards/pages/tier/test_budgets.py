"""The panel of budgets: a bar and a sentence for each."""

from datetime import date

import polars as pl

from dashboards.pages.tier.budgets import HIDDEN, build_panel, draw_budgets

ROWS = pl.DataFrame(
    [
        ("search", "team-1 2026-06", 75.0, 100.0, False, date(2026, 6, 27)),
        ("ops", "all gateways 2026-06", 150.0, 100.0, True, None),
        ("chat", "chat 2026-06-20", 10.0, 100.0, None, None),
    ],
    schema=["rule", "subject", "usd", "budget_usd", "is_passed", "expected_on"],
    orient="row",
)


def test_a_budget_is_a_sentence_and_a_bar() -> None:
    """A passed one is full; a sum with an unknown part is a bound."""
    drawn = [each.children for each in draw_budgets(ROWS)]
    assert [text.children for text, _ in drawn] == [
        "search, team-1 2026-06: 75.00 USD of 100.00, 75%; at this rate it is passed on 2026-06-27",
        "ops, all gateways 2026-06: 150.00 USD of 100.00, 150%; passed",
        "chat, chat 2026-06-20: 10.00 USD at least of 100.00, 10%",
    ]
    assert [bar.value for _, bar in drawn] == ["0.75", "1.0", "0.1"]


def test_without_budgets_nothing_shows() -> None:
    """The panel waits for its first answer unseen."""
    assert draw_budgets(pl.DataFrame()) == []
    assert build_panel().style == HIDDEN
