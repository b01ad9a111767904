"""Budgets of callers, teams and keys: what is spent of them, and when they are passed."""

from contextlib import closing
from datetime import date
from decimal import Decimal
from typing import Any

from support.alerts.marts import NOW, Rows, publish_rows

from models.server.access.callers import Pseudonyms
from pipelines.alerts.config.alerts_file import AlertRule
from pipelines.alerts.observing import RuleResult, observe, read_budgets
from pipelines.settings import Settings
from warehouse.connection import open_published

PSEUDONYMS = Pseudonyms(bytes(32))


def budget(usd: int, per: Any, **keys: Any) -> AlertRule:
    """Return a rule with a budget."""
    return AlertRule("r", "budget_passed", usd=Decimal(usd), per=per, **keys)


def judged(home: Settings, a_rule: AlertRule, rows: Rows) -> RuleResult:
    """Publish this usage and judge a rule on it."""
    generation = publish_rows(home, caller_usage_daily=rows)
    with closing(open_published(generation.path)) as con:
        return observe(con, a_rule, NOW, PSEUDONYMS)


def states(result: RuleResult) -> dict[str, bool | None]:
    """Return each subject with whether it fires."""
    assert result.reason is None
    return {each.subject: each.is_firing for each in result.observations}


def used(day: str, usd: float | None, **sender: Any) -> dict[str, Any]:
    """Return a row of what a gateway's log says of a sender on a day."""
    row = {"date": day, "source": "gateway", "target": "litellm", "service": "litellm", "usd": usd}
    return row | {"usd_at_least": usd or 0} | sender


def test_a_team_has_a_budget_by_its_name_or_its_pseudonym(home: Settings) -> None:
    """The file has the name, the log the pseudonym; what our tier's log has is another source."""
    pseudonym = PSEUDONYMS.hide("team", "search")
    a_rule = budget(100, "month", of="gateway", team="search")
    rows = [
        used("2026-05-30", 90, team=pseudonym),
        used("2026-06-18", 60, team=pseudonym),
        used("2026-06-18", 15, team="search"),
        used("2026-06-19", 900, team="other"),
        used("2026-06-19", 900, team=pseudonym, source="tier"),
    ]
    result = judged(home, a_rule, rows)
    assert states(result) == {
        f"all gateways {pseudonym} 2026-05": False,
        f"all gateways {pseudonym} 2026-06": False,
    }
    text = result.observations[1].text
    assert "75.00 USD by the log of the gateway, 75 % of a budget of 100.00" in text
    assert text.endswith("at this rate it is passed on 2026-06-27")


def test_a_caller_of_our_tier_has_a_budget_of_tokens(home: Settings) -> None:
    """A part without a cost proves nothing."""
    daily = budget(10, "day", caller="emma")
    sender = {"source": "tier", "service": "chat", "caller": "emma"}
    rows = [used("2026-06-19", 11, **sender), used("2026-06-20", None, **sender)]
    result = judged(home, daily, rows)
    assert states(result) == {
        "all services emma 2026-06-19": True,
        "all services emma 2026-06-20": None,
    }
    assert "0.00 USD for tokens of the tier at least" in result.observations[1].text


def test_all_budgets_are_read_with_their_state(home: Settings) -> None:
    """Rules of other kinds have none."""
    monthly = budget(100, "month", of="gateway")
    generation = publish_rows(home, caller_usage_daily=[used("2026-06-10", 80)])
    with closing(open_published(generation.path)) as con:
        [state] = read_budgets(con, [AlertRule("d", "target_down"), monthly], NOW)
    assert (state.subject, state.usd, state.budget_usd) == ("all gateways 2026-06", 80.0, 100.0)
    assert (state.is_passed, state.expected_on) == (False, date(2026, 6, 26))
