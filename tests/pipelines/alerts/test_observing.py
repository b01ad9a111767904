"""Each kind of rule on published rows: it fires, it does not, or it cannot be known."""

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support.alerts.marts import DOWN, NOW, UP, Rows, publish_rows, scrapes

from pipelines.alerts.config.alerts_file import AlertRule, parse_alerts
from pipelines.alerts.observing import RuleResult, observe
from pipelines.settings import Settings
from warehouse.connection import open_published


def rule(kind: str, **keys: Any) -> AlertRule:
    """Return a rule as the file has it."""
    lines = [f"{key} = {str(value).lower()}" for key, value in keys.items() if key != "texts"]
    lines += [f"{key} = {value!r}" for key, value in keys.get("texts", {}).items()]
    text = "\n".join(["[[alert]]", "name = 'r'", f"kind = '{kind}'", *lines])
    return parse_alerts(text).rules[0]


def judged(home: Settings, a_rule: AlertRule, **tables: Rows) -> RuleResult:
    """Publish these rows and judge a rule on them."""
    generation = publish_rows(home, **tables)
    with closing(open_published(generation.path)) as con:
        return observe(con, a_rule, NOW)


def states(result: RuleResult) -> dict[str, bool | None]:
    """Return each subject with whether it fires."""
    assert result.reason is None
    return {each.subject: each.is_firing for each in result.observations}


def answer(source: str, at: str, outcome: str = "loaded") -> dict[str, Any]:
    return {"source": source, "fetched_at": at, "outcome": outcome}


def test_a_source_is_silent_by_its_good_answers(home: Settings) -> None:
    """A refusal is no answer, unchanged bytes are one; a name that never answered is silent."""
    log = [
        answer("models", "2026-06-20 10:00:00+00", "unchanged"),
        answer("endpoints", "2026-06-20 11:30:00+00", "refused"),
        answer("endpoints", "2026-06-20 01:00:00+00"),
    ]
    watched = rule("source_silent", hours=3, sources=["models", "endpoints", "never"])
    result = judged(home, watched, ingest_log=log)
    assert states(result) == {"models": False, "endpoints": True, "never": True}
    [endpoints, _, never] = result.observations
    assert "11.0 hours ago, at 2026-06-20 01:00 UTC" in endpoints.text
    assert never.value is None


def test_telemetry_is_a_source_too(home: Settings) -> None:
    watched = rule("source_silent", hours=3, sources=["telemetry"])
    early = scrapes("a", 7, "00:00", "10:00", True)
    assert states(judged(home, watched, scrape_outcomes_hourly=[UP])) == {"telemetry": False}
    assert states(judged(home, watched, scrape_outcomes_hourly=[early])) == {"telemetry": True}
    assert states(judged(home, watched)) == {"telemetry": True}


@pytest.mark.parametrize(("hours", "is_firing"), [(10, True), (13, False)])
def test_a_day_is_late_once_its_hours_have_passed(
    home: Settings, hours: int, is_firing: bool
) -> None:
    """At noon the day before is twelve hours old; a missing day has no figures."""
    days = [
        {"date": "2026-06-18", "platform_tokens": 7},
        {"date": "2026-06-19", "platform_tokens": None},
    ]
    result = judged(home, rule("day_late", hours=hours), market_days=days)
    assert states(result) == {"market": is_firing}
    assert "2026-06-18" in result.observations[0].text


def test_a_restatement_of_the_last_week_counts_from_its_size_on(home: Settings) -> None:
    rows = [
        restated("2026-06-10", 0.05),
        restated("2026-06-11", -0.02),
        restated("2026-06-12", 0.005),
        restated("2026-06-01", 0.5, "2026-06-02 08:00:00+00"),
    ]
    result = judged(home, rule("restatement", change=0.01), market_restatements_daily=rows)
    assert list(states(result)) == [
        "2026-06-10 2026-06-19T08:00:00Z",
        "2026-06-11 2026-06-19T08:00:00Z",
    ]
    assert "-2.00 %" in result.observations[1].text


def restated(day: str, change: float, at: str = "2026-06-19 08:00:00+00") -> dict[str, Any]:
    return {
        "date": day,
        "as_of": at,
        "revisions": 1,
        "change_ratio": change,
        "first_platform_tokens": 1000,
        "platform_tokens": round(1000 * (1 + change)),
        "models_changed": 3,
    }


def test_a_target_is_down_by_its_scrapes(home: Settings) -> None:
    """By the clock of what was scraped; unscraped is unknown, and gone is not missing."""
    rows = [
        *DOWN,
        scrapes("b", 11, "00:00", "59:50", True),
        scrapes("never", 11, "30:00", "59:55", False),
        scrapes("unscraped", 9, "00:00", "59:50", False),
        scrapes("left", 11, "00:00", "59:55", False),
        {**scrapes("b", 11, "00:00", "59:59", False), "is_of_devices": True},
    ]
    gone = [{"target": "left", "state": "gone"}, {"target": "a", "state": "present"}]
    result = judged(home, rule("target_down"), scrape_outcomes_hourly=rows, service_replicas=gone)
    assert states(result) == {"a": True, "b": False, "never": True, "unscraped": None}
    assert "down since 2026-06-20 11:49:00 UTC: nothing listens" in result.observations[0].text
    patient = rule("target_down", minutes=15, texts={"target": "a"})
    assert states(judged(home, patient, scrape_outcomes_hourly=rows)) == {"a": False}


def priced(local: float | None, low: float | None, high: float | None, **more: Any) -> Rows:
    return [
        {
            "date": "2026-06-19",
            "model_family": "lab/model",
            "service": "chat",
            "kind": "list",
            "local_usd_per_mtok": local,
            "market_usd_per_mtok": None if low != high else low,
            "market_usd_per_mtok_low": low,
            "market_usd_per_mtok_high": high,
            "cost_reason": "power is not known" if local is None else None,
            **more,
        }
    ]


@pytest.mark.parametrize(
    ("rows", "is_firing"),
    [
        (priced(2.0, 1.0, 1.0), True),
        (priced(0.9, 1.0, 1.0), False),
        (priced(1.05, 1.0, 1.0), False),
        (priced(1.5, 1.0, 2.0), None),
        (priced(2.5, 1.0, 2.0), True),
        (priced(None, 1.0, 1.0), None),
        (priced(2.0, None, None), None),
    ],
)
def test_our_cost_is_above_the_market_where_the_bounds_prove_it(
    home: Settings, rows: Rows, is_firing: bool | None
) -> None:
    result = judged(home, rule("cost_above_market", margin=0.1), service_make_or_buy_daily=rows)
    assert states(result) == {"chat lab/model": is_firing}


def test_only_whole_days_of_the_last_week_and_the_price_that_is_asked_for(home: Settings) -> None:
    """Today is still running, and a day of last month says nothing of now."""
    rows = (
        priced(9.0, 1.0, 1.0, date="2026-06-20")
        + priced(0.5, 1.0, 1.0)
        + priced(9.0, 1.0, 1.0, kind="cheapest")
        + priced(9.0, 1.0, 1.0, service="old", date="2026-05-01")
    )
    result = judged(home, rule("cost_above_market"), service_make_or_buy_daily=rows)
    assert states(result) == {"chat lab/model": False}


def cost(day: str, usd: float | None, service: str = "chat") -> dict[str, Any]:
    return {"date": day, "service": service, "usd": usd, "replica_hours": 24.0}


def test_a_budget_is_passed_by_what_is_known(home: Settings) -> None:
    """A sum with an unknown part proves that a budget is passed, never that it is not."""
    monthly = rule("budget_passed", usd=100, texts={"per": "month"})
    rows = [cost("2026-05-30", 40), cost("2026-06-18", 60), cost("2026-06-19", 50)]
    assert states(judged(home, monthly, service_cost_daily=rows)) == {
        "all services 2026-05": False,
        "all services 2026-06": True,
    }
    unknown = [cost("2026-06-18", 60), cost("2026-06-19", None)]
    result = judged(home, monthly, service_cost_daily=unknown)
    assert states(result) == {"all services 2026-06": None}
    assert "60.00 USD for the devices of the tier at least" in result.observations[0].text
    enough = [cost("2026-06-18", 160), cost("2026-06-19", None)]
    assert states(judged(home, monthly, service_cost_daily=enough)) == {
        "all services 2026-06": True
    }


def test_a_budget_may_be_of_a_day_and_a_service(home: Settings) -> None:
    daily = rule("budget_passed", usd=50, texts={"per": "day", "service": "chat"})
    rows = [
        cost("2026-06-18", 99),
        cost("2026-06-19", 60),
        cost("2026-06-20", 9),
        cost("2026-06-20", 99, "b"),
    ]
    assert states(judged(home, daily, service_cost_daily=rows)) == {
        "chat 2026-06-19": True,
        "chat 2026-06-20": False,
    }


def test_a_budget_of_the_market_is_the_list_price_of_our_tokens(home: Settings) -> None:
    """Two million tokens at three dollars a million; a lower bound counts as the least."""
    monthly = rule("budget_passed", usd=5, texts={"per": "month", "of": "market"})
    rows = priced(1.0, 3.0, 3.0, local_tokens=2_000_000)
    result = judged(home, monthly, service_make_or_buy_daily=rows)
    assert states(result) == {"all services 2026-06": True}
    assert result.observations[0].value == pytest.approx(6.0)
    bounded = priced(1.0, 2.0, 4.0, local_tokens=2_000_000)
    assert states(judged(home, monthly, service_make_or_buy_daily=bounded)) == {
        "all services 2026-06": None
    }


def test_a_flip_is_a_change_from_one_judgement_to_another(home: Settings) -> None:
    """The first verdict is none, nor is an old flip, a gap in between, or what judges nothing."""
    publish_verdicts(home, 1, five="contradicted", four="supported", one="contradicted")
    publish_verdicts(home, 10, five="supported", four="unverifiable", one="contradicted")
    last = {"five": "supported", "four": "supported", "one": "supported", "three": "supported"}
    publish_verdicts(home, 19, **last, two="unverifiable")
    path = publish_verdicts(home, 20, **last, two="unverifiable")
    with closing(open_published(path)) as con:
        [flip] = observe(con, rule("claim_flipped"), NOW).observations
        of_another = observe(con, rule("claim_flipped", texts={"claim": "five"}), NOW)
        on_another = observe(con, rule("claim_flipped", texts={"basis": "top50"}), NOW)
    assert flip.subject == "one all 2026-06-19T00:00:00Z"
    assert flip.text == 'one all is supported since 2026-06-19, was contradicted: "It grows."'
    assert states(of_another) == states(on_another) == {}


def publish_verdicts(home: Settings, day: int, **verdicts: str) -> Path:
    """Publish these verdicts of claims, over all bases, on a day of June."""
    rows = [
        {"claim_id": claim, "basis": "all", "statement": "It grows.", "verdict": verdict}
        for claim, verdict in verdicts.items()
    ]
    return publish_rows(home, datetime(2026, 6, day, tzinfo=UTC), claim_verdicts=rows).path


def test_a_table_that_is_not_there_is_a_reason(home: Settings) -> None:
    """A generation of an older version may lack one: then nothing is known, and nothing changes."""
    generation = publish_rows(home, without=("service_replicas",))
    with closing(open_published(generation.path)) as con:
        result = observe(con, rule("target_down"), NOW)
    assert result.observations == ()
    assert result.reason
    assert "lacks a table" in result.reason


def test_names_from_elsewhere_stay_on_one_line(home: Settings) -> None:
    """A target may be called anything."""
    rows = [scrapes("evil\r\nBcc: x\x1b[31m" + "y" * 900, 11, "00:00", "59:55", False)]
    [seen] = judged(home, rule("target_down"), scrape_outcomes_hourly=rows).observations
    assert seen.text.isprintable()
    assert len(seen.text) <= 400
