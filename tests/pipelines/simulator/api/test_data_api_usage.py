"""App rankings, session costs, benchmarks and tasks over HTTP."""

import pytest


def app_rankings(market, **params):
    return market.get("/datasets/app-rankings", **params).json()["data"]


def test_apps_rank_by_tokens_within_the_request(market):
    """Ranks start at one in a category; a page keeps the ranks of the whole list."""
    everything = app_rankings(market)
    assert [row["rank"] for row in everything] == list(range(1, len(everything) + 1))
    assert [row["rank"] for row in app_rankings(market, limit=3, offset=2)] == [3, 4, 5]
    coding = app_rankings(market, category="coding")
    assert coding[0]["rank"] == 1
    assert {row["app_id"] for row in app_rankings(market, subcategory="cli-agent")} < {
        row["app_id"] for row in coding
    }
    tokens = [int(row["total_tokens"]) for row in everything]
    assert tokens == sorted(tokens, reverse=True)


def test_apps_are_a_part_of_the_platform(market):
    """All apps together have fewer tokens than the rankings."""
    platform = sum(row[2] for row in market.rankings())
    assert 0.1 < sum(int(row["total_tokens"]) for row in app_rankings(market)) / platform < 0.9


def test_the_days_of_an_app_sum_to_its_window(market):
    """One request a day therefore gives a daily series."""
    days = ["2026-11-01", "2026-11-02", "2026-11-03"]
    window = {
        row["app_id"]: int(row["total_tokens"])
        for row in app_rankings(market, start_date=days[0], end_date=days[-1])
    }
    daily = [
        {
            row["app_id"]: int(row["total_tokens"])
            for row in app_rankings(market, start_date=day, end_date=day)
        }
        for day in days
    ]
    assert all(tokens == sum(day[app] for day in daily) for app, tokens in window.items())


def test_trending_leaves_out_apps_that_do_not_grow(market):
    """Only apps above their recent past are trending."""
    trending, popular = (
        app_rankings(market, sort="trending", start_date="2026-11-14"),
        app_rankings(market, start_date="2026-11-14"),
    )
    assert 0 < len(trending) < len(popular)


@pytest.mark.parametrize(
    "params",
    [
        {"category": "coding", "subcategory": "roleplay"},
        {"category": "x"},
        {"subcategory": "x"},
        {"sort": "best"},
        {"limit": 0},
        {"limit": 101},
        {"offset": 101},
        {"offset": -1},
        {"limit": "ten"},
        {"start_date": "2026-02-30"},
    ],
)
def test_app_parameters_out_of_bounds_are_refused(market, params):
    """Each gets a 400."""
    assert market.get("/datasets/app-rankings", **params).status_code == 400


def test_an_offset_of_null_is_none(market):
    """The published parameter is an integer or null."""
    assert app_rankings(market, offset="null") == app_rankings(market)


def test_session_costs_can_be_filtered(market):
    """By app, model and length; longer sessions cost more."""
    path = "/datasets/session-cost"
    content = market.get(
        path, app_slug="cline", model="deepseek/deepseek-v4-pro-20260423", limit=500
    ).json()
    costs = {row["turn_range"]: row["median_session_cost_usd"] for row in content["data"]}
    assert costs["1-turn"] < costs["2-9-turns"] < costs["10-49-turns"] < costs["50-plus-turns"]
    assert (content["meta"]["window_days"], content["meta"]["window_end_date"]) == (
        30,
        "2026-11-15",
    )
    assert {row["turn_range"] for row in market.get(path, turn_range="1-turn").json()["data"]} == {
        "1-turn"
    }
    assert len(market.get(path, limit=7).json()["data"]) == 7
    assert market.get(path, turn_range="many").status_code == 400
    assert market.get(path, limit=501).status_code == 400


def test_benchmarks_can_be_filtered(market):
    """A source has its citation, a task its items; run configurations come on request only."""
    everything = market.get("/benchmarks").json()
    assert everything["meta"]["source"] is None
    assert everything["meta"]["citation"] is None
    for source in ("artificial-analysis", "design-arena", "openrouter"):
        content = market.get("/benchmarks", source=source).json()
        assert {row["source"] for row in content["data"]} == {source}
        assert content["meta"]["citation"].startswith("Source: ")
    search = market.get("/benchmarks", task_type="search").json()["data"]
    assert search
    assert all("primary_score" in row and "run_config" not in row for row in search)
    assert (
        "run_config"
        in market.get("/benchmarks", task_type="search", include_run_config="true").json()["data"][
            0
        ]
    )
    assert len(market.get("/benchmarks", max_results=3).json()["data"]) == 3


@pytest.mark.parametrize(
    "params",
    [
        {"source": "x"},
        {"task_type": "x"},
        {"arena": "models", "source": "openrouter"},
        {"max_results": 0},
    ],
)
def test_benchmark_parameters_out_of_bounds_are_refused(market, params):
    """Each gets a 400."""
    assert market.get("/benchmarks", **params).status_code == 400


def test_benchmarks_name_models_by_id(market):
    """Their `model_permaslug` is the undated id, which is a trap for joins."""
    ids = {entry["id"] for entry in market.get("/models").json()["data"]}
    assert {row["model_permaslug"] for row in market.get("/benchmarks").json()["data"]} <= ids


def test_task_shares_sum_to_one(market):
    """Over all tags, and over the tags of each macro category; there is no meta block."""
    response = market.get("/classifications/task", window="7d")
    assert set(response.json()) == {"data"}
    assert response.headers["cache-control"] == "private, max-age=60, stale-while-revalidate=300"
    data = response.json()["data"]
    assert data["as_of"] == "2026-11-20"
    for share in ("usage_share", "token_share"):
        assert sum(row[share] for row in data["classifications"]) == pytest.approx(1)
        for macro in data["macro_categories"]:
            within = [
                row for row in data["classifications"] if row["macro_category"] == macro["key"]
            ]
            assert sum(row[share] for row in within) == pytest.approx(macro[share])
            assert sum(row[f"category_{share}"] for row in within) == pytest.approx(1)
    assert all(
        sum(model["tag_token_share"] for model in row["models"]) < 1
        for row in data["classifications"]
    )
    assert market.get("/classifications/task", window="30d").status_code == 400
