"""The period before, drawn behind the chosen one."""

from datetime import date

import polars as pl

from dashboards.components.shares import bounded_shares
from dashboards.components.theme import GREY, Theme
from dashboards.components.time.comparison import beside_period_before

WEEKS = [date(2026, 11, 2), date(2026, 11, 9), date(2026, 11, 16), date(2026, 11, 23)]
ROWS = pl.DataFrame(
    {
        "week_start": WEEKS,
        "member": "deepseek",
        "tokens": [1, None, 3, 4],
        "share": [0.1, None, 0.3, 0.4],
        "share_low": [0.1, None, 0.3, 0.4],
        "share_high": [0.2, None, 0.4, 0.5],
    }
)


def test_weeks_before_are_moved_onto_the_period() -> None:
    """A week that is not known stays a gap."""
    made = beside_period_before(bounded_shares, WEEKS[2], 2)(ROWS, Theme())
    before = made.data[0]
    assert (before.name, before.line.color) == ("deepseek, 2 weeks before", GREY)
    assert list(before.x) == WEEKS[2:]
    assert list(before.y) == [0.1, None]
    [now] = [trace for trace in made.data if trace.name == "deepseek"]
    assert list(now.y) == [0.3, 0.4]


def test_the_same_choice_draws_by_the_same_function() -> None:
    """Cards are compared, so a card that asks the same is not drawn again."""
    assert beside_period_before(bounded_shares, WEEKS[2], 2) is beside_period_before(
        bounded_shares, WEEKS[2], 2
    )
