"""Rankings over HTTP: windows, refusals, order and filters."""

from collections import Counter, defaultdict
from datetime import date, timedelta

import pytest

PATH = "/datasets/rankings-daily"


def test_the_default_window_is_thirty_inclusive_days_up_to_yesterday(market):
    """A request without dates gets the most recent month."""
    content = market.get(PATH).json()
    assert content["meta"] == {
        "as_of": "2026-11-21T09:00:00.000Z",
        "version": "v1",
        "start_date": "2026-10-22",
        "end_date": "2026-11-20",
    }
    assert len(content["data"]) == 30 * 51


def test_the_keys_are_the_published_ones(market):
    """In rows, in meta and at the top level; counts are strings."""
    content = market.get(PATH).json()
    assert set(content) == {"data", "meta"}
    assert {frozenset(row) for row in content["data"]} == {
        frozenset({"date", "model_permaslug", "total_tokens"})
    }
    assert all(
        isinstance(row["total_tokens"], str) and row["total_tokens"].isdecimal()
        for row in content["data"]
    )


@pytest.mark.parametrize("end", ["2026-11-21", "2026-11-25"])
def test_the_current_day_is_clamped_to_yesterday(market, end):
    """An end of today, or later, means yesterday."""
    meta = market.get(PATH, start_date="2026-11-19", end_date=end).json()["meta"]
    assert (meta["start_date"], meta["end_date"]) == ("2026-11-19", "2026-11-20")


def test_a_start_before_the_first_day_is_clamped_and_echoed(market):
    """The first published day replaces every earlier one."""
    meta = market.get(PATH, start_date="2020-05-01", end_date="2025-01-03").json()["meta"]
    assert meta["start_date"] == "2025-01-01"


@pytest.mark.parametrize(
    "params",
    [
        {"start_date": "2026-02-30"},
        {"end_date": "2026-13-01"},
        {"start_date": "20260101"},
        {"start_date": ""},
        {"start_date": "2026-05-02", "end_date": "2026-05-01"},
        {"end_date": "2024-12-31"},
        {"start_date": "2026-11-21", "end_date": "2026-11-21"},
        {"start_date": "2026-11-21"},
        {"start_date": "2025-01-01", "end_date": "2026-01-02"},
        {"period": "year"},
        {"modality": "video"},
        {"context_bucket": "2K"},
        {"category": "gardening"},
        {"language_type": "german"},
        {"category": "programming", "period": "day"},
        {"language_type": "natural", "period": "day"},
        {"category": "programming", "language_type": "natural"},
        {"category": "programming", "modality": "text"},
        {"category": "programming", "context_bucket": "1K"},
        {"language_type": "natural", "modality": "text"},
        {"language_type": "natural", "context_bucket": "1K"},
    ],
)
def test_a_broken_rule_is_a_400_with_the_reason(market, params):
    """In the published shape, with the status as its code; it names the parameter or the rule."""
    response = market.get(PATH, **params)
    body = response.json()
    assert (response.status_code, body["error"]["code"]) == (400, 400)
    assert len(body["error"]["message"]) > 20


def test_a_year_and_a_day_is_the_longest_window(market):
    """366 days fit, 367 do not."""
    assert market.get(PATH, start_date="2025-01-01", end_date="2026-01-01").status_code == 200
    assert market.get(PATH, start_date="2025-01-01", end_date="2026-01-02").status_code == 400


def test_rows_are_ordered_and_other_is_last(market):
    """Dates ascend, tokens descend, and `other` ends the day even where it is larger."""
    rows = market.rankings(start_date="2026-04-01", end_date="2026-05-31")
    by_day = defaultdict(list)
    for day, slug, tokens in rows:
        by_day[day].append((slug, tokens))
    assert list(by_day) == sorted(by_day)
    for ranking in by_day.values():
        named, (last, rest) = ranking[:-1], ranking[-1]
        assert last == "other"
        assert named == sorted(named, key=lambda row: (-row[1], row[0]))
        assert rest > named[-1][1]


@pytest.mark.parametrize(
    ("period", "dates"),
    [("week", {"2026-09-28", "2026-10-05"}), ("month", {"2026-09-01", "2026-10-01"})],
)
def test_buckets_are_dated_at_their_start(market, period, dates):
    """A week has the date of its Monday, a month that of its first day."""
    rows = market.rankings(start_date="2026-09-28", end_date="2026-10-11", period=period)
    assert {day for day, _, _ in rows} == dates
    assert max(Counter(day for day, _, _ in rows).values()) == 51


def test_the_rows_of_a_week_sum_to_its_days(market):
    """A model may drop out of a day's top 50; its tokens then count in `other`."""
    window = {"start_date": "2026-09-28", "end_date": "2026-10-04"}
    weekly, daily = (
        sum(tokens for _, _, tokens in market.rankings(**window, period=period))
        for period in ("week", "day")
    )
    assert weekly == daily


def test_context_buckets_sum_to_the_day(market):
    """Every token belongs to a request of some length."""
    window = {"start_date": "2026-10-01", "end_date": "2026-10-01"}
    parts = [
        sum(row[2] for row in market.rankings(**window, context_bucket=bucket))
        for bucket in ("1K", "10K", "100K", "1M", "10M")
    ]
    assert sum(parts) == sum(row[2] for row in market.rankings(**window))
    assert all(parts)


@pytest.mark.parametrize(
    "filters",
    [{"modality": name} for name in ("text", "image", "image_output", "audio", "tool_calling")]
    + [{"modality": "tool_calling", "context_bucket": "100K"}]
    + [
        {"category": "programming"},
        {"category": "marketing/seo"},
        {"language_type": "natural"},
        {"category": "legal", "period": "month"},
    ],
)
def test_a_slice_is_a_smaller_ranking_with_an_other_row(market, filters):
    """Each bucket of a slice has at most 50 models and `other`, none without tokens."""
    rows = market.rankings(start_date="2026-09-01", end_date="2026-10-31", **filters)
    buckets = Counter(day for day, _, _ in rows)
    assert max(buckets.values()) <= 51
    assert min(tokens for _, _, tokens in rows) > 0
    assert [slug for _, slug, _ in rows].count("other") == len(buckets)


def test_text_leaves_out_models_without_text_output(market):
    """Embedding models rank, but not in the text slice."""
    window = {"start_date": "2026-10-01", "end_date": "2026-10-01"}
    assert "qwen/qwen3-embedding-8b" in {slug for _, slug, _ in market.rankings(**window)}
    assert "qwen/qwen3-embedding-8b" not in {
        slug for _, slug, _ in market.rankings(**window, modality="text")
    }


def test_estimates_have_whole_weeks(market):
    """A category's weeks begin in the window; the last one may reach beyond its end."""
    week = market.rankings(start_date="2026-10-05", end_date="2026-10-11", category="science")
    cut = market.rankings(start_date="2026-10-03", end_date="2026-10-07", category="science")
    assert {day for day, _, _ in week} == {"2026-10-05"}
    assert cut == week


def test_the_two_language_types_sum_to_about_the_week(market):
    """The estimate is sampled, so the sum is close and not exact."""
    window = {"start_date": "2026-10-05", "end_date": "2026-10-11"}
    whole = sum(row[2] for row in market.rankings(**window, period="week"))
    parts = sum(
        row[2]
        for kind in ("natural", "programming")
        for row in market.rankings(**window, language_type=kind)
    )
    assert parts == pytest.approx(whole, rel=0.03)
    assert parts != whole


def test_the_two_missing_days_stay_missing(market):
    """The gaps of the source are not filled and not zero."""
    days = {day for day, _, _ in market.rankings(start_date="2025-06-01", end_date="2025-07-31")}
    assert len(days) == 59
    assert not days & {"2025-06-15", "2025-07-15"}


def test_the_newest_day_is_restated_once_and_slightly(market):
    """A day later its figures may be slightly higher; after that they are final."""
    window = {"start_date": "2026-11-17", "end_date": "2026-11-20"}
    seen = {}
    for now in ("2026-11-21T09:00:00Z", "2026-11-22T09:00:00Z", "2026-12-30T09:00:00Z"):
        market.set_now(now)
        seen[now] = {(day, slug): tokens for day, slug, tokens in market.rankings(**window)}
    first, second, last = seen.values()
    changed = {key for key in second if second[key] != first.get(key)}
    assert second == last
    assert {day for day, _ in changed} == {"2026-11-20"}
    assert ("2026-11-20", "other") in changed
    assert all(0 < second[key] / first[key] - 1 <= 2.1e-4 for key in changed)


def test_weekends_are_a_fifth_below_weekdays(market):
    """The weekly dip shows to which day a figure belongs."""
    totals = Counter()
    for day, _, tokens in market.rankings(start_date="2026-06-01", end_date="2026-08-02"):
        totals[date.fromisoformat(day)] += tokens
    saturdays = [day for day in totals if day.isoweekday() == 6][:-1]
    # Compared with the days around it, since the market grows by a few per cent a week.
    around = [sum(totals[day + timedelta(days=n)] for n in (-2, -1, 2, 3)) / 4 for day in saturdays]
    weekend = [(totals[day] + totals[day + timedelta(days=1)]) / 2 for day in saturdays]
    assert 1 - sum(weekend) / sum(around) == pytest.approx(0.19, abs=0.02)
