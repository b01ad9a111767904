"""Tiles and tables of the overview: bounds beside shares, reasons beside unknown costs."""

from datetime import UTC, date, datetime
from typing import Any

import polars as pl
from support.dashboard.components import tiles_of

from dashboards.components.theme import Theme
from dashboards.export.static_html import to_html
from dashboards.pages.overview.tables import MAX_SERVICES, NO_DAY, freshness, problems, tier, week

DAY = date(2026, 6, 15)
HOUR = datetime(2026, 6, 15, 23, tzinfo=UTC)


def shares(*rows: tuple[str, str, int | None, float | None, float | None]) -> pl.DataFrame:
    """Return rows of the week: (dimension, member, tokens, share, share before)."""
    return pl.DataFrame(
        [
            {
                "week_start": DAY,
                "dimension": dimension,
                "member": member,
                "tokens": tokens,
                "tokens_before": 100,
                "share": share,
                "share_low": share,
                "share_high": share and share + 0.1,
                "share_before": before,
            }
            for dimension, member, tokens, share, before in rows
        ],
        infer_schema_length=None,
    )


def test_the_week_has_the_platform_and_the_largest_of_each_kind() -> None:
    made = tiles_of(
        week(
            shares(
                ("platform", "all", 110, None, None),
                ("author", "deepseek", 1, 0.25, 0.253),
                ("author", "openai", 1, 0.118, None),
                ("country", "CN", 1, 0.582, None),
                ("weights", "open", 1, 0.654, 0.648),
            ),
            Theme(),
        )
    )
    assert made["Platform tokens"] == ("110", "week of 15 Jun 2026; +10.0% on the week before")
    assert made["Largest author"] == (
        "deepseek 25.0%",
        "between 25.0% and 35.0%; -0.3 points in a week; openai 11.8%",
    )
    assert made["Largest country"] == ("China 58.2%", "between 58.2% and 68.2%")
    assert made["Open weights"][0] == "65.4%"


def test_a_kind_without_a_row_has_no_tile() -> None:
    assert list(tiles_of(week(shares(("weights", "open", 1, 0.6, None)), Theme()))) == [
        "Open weights"
    ]


SERVED: dict[str, Any] = {
    "service": "tier-00",
    "model_name": "v4-flash",
    "newest_hour": HOUR,
    "prompt_tokens": 68_700_000,
    "generation_tokens": 10_200_000,
    "covered_seconds": 86_400.0,
    "gap_minutes": 7,
    "model_family": "deepseek/v4-flash",
    "cost_date": DAY,
    "usd_per_mtok": 1.01,
    "usd_per_mtok_without_idle": 0.97,
    "cost_reason": None,
    "market_usd_per_mtok_low": 1.49,
    "market_usd_per_mtok_high": 1.8,
    "price_reason": None,
    "market_reason": None,
}
PRICE = "The market's price of the same mix"


def served(*changes: dict[str, Any]) -> dict[str, tuple[str, str]]:
    rows = pl.DataFrame([SERVED | each for each in changes], infer_schema_length=None)
    return tiles_of(tier(rows, Theme()))


def test_our_tier_has_tokens_cost_and_the_markets_price() -> None:
    made = served({})
    value, note = made["Our tokens"]
    assert value == "10.2M"
    assert "68.7M of prompts, over 24.0 h covered of the 24" in note
    assert "7 min of gaps" in note
    assert made["Our $/Mtok"] == (
        "$1.01",
        "15 Jun 2026, idle time included; $0.97 without; v4-flash",
    )
    assert made[PRICE] == (
        "$1.49 to $1.80",
        "deepseek/v4-flash on 15 Jun 2026; list, cheapest and modal price",
    )


def test_several_targets_are_added_and_named() -> None:
    made = served({}, {"service": "tier-01", "model_name": "glm"})
    assert made["Our tokens"][0] == "20.4M"
    assert "Our $/Mtok, glm at tier-01" in made
    assert f"{PRICE}, glm" in made


def test_no_more_targets_than_fit_are_shown() -> None:
    made = served(*({"service": f"tier-{n:02}", "model_name": f"m{n}"} for n in range(6)))
    assert len(made) == 1 + 2 * MAX_SERVICES


def test_unknown_tokens_are_not_zero() -> None:
    made = served({"generation_tokens": None, "prompt_tokens": None, "covered_seconds": None})
    assert made["Our tokens"][0] == "unknown"
    assert "unknown of prompts" in made["Our tokens"][1]


def test_an_unknown_cost_has_its_reason() -> None:
    made = served({"usd_per_mtok": None, "cost_reason": "no cost of the device kind"})
    assert made["Our $/Mtok"] == ("unknown", "no cost of the device kind")


def test_a_model_that_was_not_found_has_the_reason_of_its_row() -> None:
    reason = "2 models of the market fit (a/x, b/x); name one in model_map"
    unknown = {"usd_per_mtok": None, "market_usd_per_mtok_low": None}
    made = served({"model_family": None, "market_reason": reason, **unknown})
    assert made["Our $/Mtok"] == ("unknown", reason)
    assert made[PRICE] == ("unknown", reason)


def test_a_model_that_was_found_is_never_called_not_found() -> None:
    """Without a whole day yet, that is what its cost and its price lack."""
    unknown = {"usd_per_mtok": None, "market_usd_per_mtok_low": None, "cost_date": None}
    made = served(unknown)
    assert made["Our $/Mtok"] == ("unknown", NO_DAY)
    assert made[PRICE] == ("unknown", NO_DAY)


def test_a_price_that_is_not_there_yet_says_so() -> None:
    made = served({"market_usd_per_mtok_low": None})
    assert made[PRICE] == ("unknown", NO_DAY)


def test_sources_have_the_instant_of_their_last_response() -> None:
    rows = pl.DataFrame(
        {
            "source": ["rankings_daily"],
            "newest_at": [HOUR],
            "hours_old": [1.5],
            "answers": [1475],
            "amiss": [0],
        }
    )
    assert "<td>2026-06-15 23:00</td>" in to_html(freshness(rows))
    assert ">1,475<" in to_html(freshness(rows))


def test_problems_say_what_to_do() -> None:
    rows = pl.DataFrame(
        {
            "problem": ["p"],
            "times": [2],
            "newest": [None],
            "what_to_do": ["Run `tokentide status`."],
        },
        schema_overrides={"newest": pl.String},
    )
    text = to_html(problems(rows))
    assert "what it means" in text
    assert "Run `tokentide status`." in text


def test_a_service_names_its_replicas_or_since_when_it_is_gone() -> None:
    gone = {"gone_at": datetime(2026, 6, 19, 8, tzinfo=UTC), "model_name": "glm", "service": "old"}
    made = served({"replicas_now": 12, "gone_at": None}, gone)
    named = [name for name in made if name.startswith("Our $/Mtok")]
    assert any("tier-00 (12 replicas)" in name for name in named)
    assert any("old (gone since 19 Jun 08:00)" in name for name in named)
