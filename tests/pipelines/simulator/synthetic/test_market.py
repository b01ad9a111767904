"""The synthetic market against the known totals and shares of the real one."""

import csv
import os
import subprocess
import sys
import time
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from pipelines.simulator.market_protocol import FIRST_DATE, RankingsQuery
from pipelines.simulator.synthetic.market import SyntheticMarket
from pipelines.simulator.synthetic.models import TABLES, listings

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
LAST_CONTROL = date(2026, 8, 21)
# Prints one hash of rankings, catalogue, endpoints, tasks and benchmarks of seed 3.
DIGEST = """
import hashlib
from datetime import UTC, date, datetime
from pipelines.simulator.market_protocol import RankingsQuery
from pipelines.simulator.synthetic.market import SyntheticMarket
market, now = SyntheticMarket(3), datetime(2026, 11, 22, 9, tzinfo=UTC)
found = [
    market.rankings(RankingsQuery(date(2026, 5, 1), date(2026, 5, 20)), now),
    market.models(now),
    market.endpoints("deepseek/deepseek-v4-pro", now),
    market.tasks(now),
    market.benchmarks(now),
]
print(hashlib.sha256(repr(found).encode()).hexdigest())
"""
ALL = RankingsQuery(FIRST_DATE, date(2026, 11, 21))


@pytest.fixture(scope="module")
def rows():
    """Every row of 690 days."""
    return SyntheticMarket(1).rankings(ALL, NOW)


def control_months():
    with (TABLES / "control_totals.csv").open() as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


@pytest.mark.parametrize("control", control_months(), ids=lambda row: row["month"])
def test_a_month_sums_to_its_control_total(rows, control):
    """To the token. Twenty months are known; the last one up to its 21st day."""
    first = date.fromisoformat(control["month"] + "-01")
    last = first + timedelta(days=int(control["days"]) - 1)
    assert sum(row.total_tokens for row in rows if first <= row.date <= last) == int(
        control["total_tokens"]
    )


def test_every_seed_keeps_the_control_totals():
    """A seed moves tokens between models and days, never between months."""
    other = SyntheticMarket(7).rankings(RankingsQuery(date(2026, 7, 1), date(2026, 7, 31)), NOW)
    assert sum(row.total_tokens for row in other) == 248392250919283


@pytest.fixture(scope="module")
def groups(rows):
    """Tokens of each control month by group."""
    known = {listing.permaslug: listing for listing in listings()}
    tokens = defaultdict(Counter)
    for row in rows:
        month = tokens[row.date.isoformat()[:7]] if row.date <= LAST_CONTROL else Counter()
        month["all"] += row.total_tokens
        if row.model_permaslug == "other":
            month["other"] += row.total_tokens
            continue
        listing = known[row.model_permaslug]
        for group in (
            "ranked",
            listing.model.author.bloc,
            "free" * listing.is_free,
            "open" * listing.model.is_open,
        ):
            month[group] += row.total_tokens
    return tokens


@pytest.mark.parametrize("control", control_months(), ids=lambda row: row["month"])
def test_a_months_shares_follow_the_control_table(groups, control):
    """Within three points of the ranked tokens; `other` within one point of all tokens."""
    tokens = groups[control["month"]]
    for name, group in {
        "china_pct": "CN",
        "us_pct": "US",
        "free_pct": "free",
        "open_weight_pct": "open",
    }.items():
        assert 100 * tokens[group] / tokens["ranked"] == pytest.approx(
            float(control[name]), abs=3
        ), name
    assert 100 * tokens["other"] / tokens["all"] == pytest.approx(
        float(control["other_pct"]), abs=1
    )


def test_every_day_has_fifty_models_and_other(rows):
    """51 rows a day, `other` between 2.5 and 11 per cent, and only the two known gaps."""
    by_day = defaultdict(list)
    for row in rows:
        by_day[row.date].append(row)
    assert len(by_day) == (ALL.end - ALL.start).days + 1 - 2
    assert {len(ranking) for ranking in by_day.values()} == {51}
    shares = [
        ranking[-1].total_tokens / sum(row.total_tokens for row in ranking)
        for ranking in by_day.values()
    ]
    assert min(shares) >= 0.025
    assert max(shares) <= 0.11


def test_growth_goes_on_without_a_jump(rows):
    """The curve after the last control month continues the one before it."""
    totals = Counter()
    for row in rows:
        totals[row.date] += row.total_tokens
    weeks = [
        sum(totals[date(2026, 8, 3) + timedelta(days=7 * week + day)] for day in range(7))
        for week in range(15)
    ]
    growth = [later / earlier for earlier, later in pairwise(weeks)]
    assert all(1 < factor < 1.15 for factor in growth)


def test_models_come_and_go(rows):
    """Some are free, one author is undisclosed, one family embeds, and many stop ranking."""
    seen = defaultdict(list)
    for row in rows:
        seen[row.model_permaslug].append(row.date)
    assert any(slug.endswith(":free") for slug in seen)
    assert {"stealth/ox-alpha", "qwen/qwen3-embedding-8b"} <= set(seen)
    assert all(
        min(days) >= listing.launched
        for listing in listings()
        if (days := seen.get(listing.permaslug))
    )
    assert sum(max(days) < ALL.end for days in seen.values()) > 40


def test_a_seed_is_the_same_market_in_every_process():
    """Nothing depends on the process, on the order of sets or on the current time."""
    digests = [
        subprocess.run(
            [sys.executable, "-c", DIGEST],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        for seed in ("1", "2")
    ]
    assert digests[0].stdout == digests[1].stdout


def test_seeds_differ():
    """Another seed gives another market."""
    window = RankingsQuery(date(2026, 5, 1), date(2026, 5, 2))
    assert SyntheticMarket(1).rankings(window, NOW) != SyntheticMarket(2).rankings(window, NOW)


def test_the_past_does_not_depend_on_now():
    """A day older than two days has the same figures at any later now."""
    window = RankingsQuery(date(2026, 5, 1), date(2026, 5, 5))
    market = SyntheticMarket(1)
    early = market.rankings(window, datetime(2026, 5, 8, tzinfo=UTC))
    assert early == market.rankings(window, NOW)


def test_two_years_are_generated_quickly():
    """A slow simulator would slow every test that uses it; CPU time does not depend on load."""
    begun = time.process_time()
    SyntheticMarket(99).rankings(ALL, NOW)
    assert time.process_time() - begun < 2
