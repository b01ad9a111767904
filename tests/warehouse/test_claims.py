"""Claims on real and synthetic history: verdicts, and a claim that is added."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from support.simulator import KEY, ingest_rankings, simulated_market, unmarked_market

from pipelines.claims.verdicts import published_rows
from pipelines.cli.claims_view import as_json, find_claim
from pipelines.errors import UnknownClaim
from pipelines.publish import query
from pipelines.publish.generations import publish
from pipelines.settings import Settings
from pipelines.transform.build import build

pytestmark = pytest.mark.slow

LISTED = {
    "cann-100-fused-kernels",
    "cann-1500-operators",
    "cann-3000-developers",
    "cann-65-projects",
    "cann-70-models",
    "cann-90-projects-integrated",
    "cann-every-three-days",
    "coding-use",
    "deep-cache",
    "downloads",
    "efficiency",
    "energy-per-token",
    "ep-speedup",
    "ep-vs-a100",
    "few-bits-lead",
    "first-weeks",
    "five-weeks",
    "growth-100b-140t",
    "price",
    "price-tenth",
    "r1-most-liked",
    "reasoning-use",
    "quality-gap-march",
    "quality-lead-traded",
    "speculation",
    "supernode-8192",
    "tokens-140t",
    "top-liked-countries",
    "top-six-april",
    "top-two-march-9",
    "v4-12b",
    "v4-gpt35",
    "weekly-growth",
    "weekly-tokens",
}
# What each claim of March and April 2026 needs, and the recorded history up to February does not
# have.
LACKING = {
    "tokens-140t": {"2026-03-01..2026-03-31"},
    "first-weeks": {"2026-03-02..2026-04-26"},
    "five-weeks": {"2026-03-02..2026-04-05"},
    "top-two-march-9": {"2026-03-01..2026-03-15", "2026-03-09..2026-03-15"},
    "top-six-april": {"2026-03-30..2026-04-05", "2026-04-06..2026-04-12"},
}
JUDGED = {"supported", "contradicted", "wrong_population", "wrong_baseline"}
VERDICTS = JUDGED | {"unverifiable"}

Rows = list[dict[str, Any]]


def built(settings: Settings) -> Path:
    build(settings)
    return publish(settings).path


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory, recordings: Path) -> Path:
    """Publish the recorded history up to 2026-02-28."""
    with simulated_market(
        mode="replay", recordings=recordings, now=datetime(2026, 8, 22, 8, tzinfo=UTC)
    ) as market:
        settings = Settings(
            home=tmp_path_factory.mktemp("recorded"), openrouter_url=market.url, openrouter_key=KEY
        )
        assert ingest_rankings(settings, date(2025, 12, 1), date(2026, 2, 28)).is_complete
    return built(settings)


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Publish a synthetic market up to 2026-03-31, and the same home three weeks later.

    It passes for a real one, or nothing would be judged.
    """
    with unmarked_market(datetime(2026, 6, 20, 8, tzinfo=UTC)) as market:
        settings = Settings(
            home=tmp_path_factory.mktemp("synthetic"), openrouter_url=market.url, openrouter_key=KEY
        )
        ingest_rankings(settings, date(2026, 2, 14), date(2026, 3, 31))
        before = built(settings)
        ingest_rankings(settings, date(2026, 4, 1), date(2026, 4, 26))
    return before, built(settings)


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Publish the same market up to 2026-04-26 as what it is: simulated."""
    with simulated_market(now=datetime(2026, 6, 20, 8, tzinfo=UTC)) as market:
        settings = Settings(
            home=tmp_path_factory.mktemp("simulated"), openrouter_url=market.url, openrouter_key=KEY
        )
        ingest_rankings(settings, date(2026, 2, 14), date(2026, 4, 26))
    return built(settings)


def by_basis(path: Path, claim_id: str) -> dict[str, dict[str, Any]]:
    return {row["basis"]: row for row in find_claim(published_rows(path), claim_id)}


def verdicts(path: Path, claim_id: str) -> dict[str, str]:
    return {basis: row["verdict"] for basis, row in by_basis(path, claim_id).items()}


def test_statements_on_months_that_are_not_loaded_name_the_days(recorded: Path) -> None:
    """On every basis, with no figure, and with the days in a list and in words."""
    rows = published_rows(recorded)
    assert {row["claim_id"] for row in rows} == LISTED
    for claim_id, days in LACKING.items():
        found = find_claim(rows, claim_id)
        assert {row["verdict"] for row in found} == {"unverifiable"}, claim_id
        assert {span for row in found for span in row["missing_days"]} == days
        assert all(span in row["reason"] for row in found for span in row["missing_days"])
        assert all(row["measured"] is None for row in found)


def test_what_rests_on_a_document_or_a_measurement_of_ours_needs_no_market(recorded: Path) -> None:
    """The document is named, and what nobody counts for us stays open."""
    assert verdicts(recorded, "ep-vs-a100") == {
        "all": "wrong_baseline",
        "pilot": "unverifiable",
        "report": "wrong_baseline",
    }
    sizes = {
        basis: row["measured"]
        for basis, row in by_basis(recorded, "v4-12b").items()
        if basis != "all"
    }
    assert sizes == {"pro_total": 1600, "pro_active": 49, "flash_total": 284, "flash_active": 13}
    assert verdicts(recorded, "v4-12b")["all"] == "contradicted"
    assert verdicts(recorded, "growth-100b-140t")["national"] == "wrong_baseline"
    assert set(verdicts(recorded, "downloads").values()) == {"unverifiable"}
    assert "download" in by_basis(recorded, "downloads")["all"]["reason"].lower()
    saved = {
        basis: round(row["measured"], 2)
        for basis, row in by_basis(recorded, "efficiency").items()
        if basis != "all"
    }
    assert saved == {
        "w8a8": 0.36,
        "w8a16": 0.45,
        "w4a16": 0.63,
        "w8a8_and_full_cache": -0.78,
        "w8a16_and_full_cache": 0.07,
        "w4a16_and_full_cache": 0.1,
        "w8a8_and_cache_in_8_bits": 0.44,
        "w8a16_and_cache_in_8_bits": 0.46,
        "w4a16_and_cache_in_8_bits": 0.49,
    }
    assert verdicts(recorded, "efficiency")["all"] == "depends_on_basis"
    assert (
        "perplexity 24.60 after 24.51" in by_basis(recorded, "efficiency")["w4a16"]["measured_text"]
    )
    speculation = by_basis(recorded, "speculation")
    gains = {basis: row for basis, row in speculation.items() if basis.startswith("benchmark_")}
    assert {"benchmark_8_requests", "benchmark_8_requests_by_confidence"} < gains.keys()
    for row in gains.values():
        assert row["verdict"] == ("supported" if row["measured"] > 1 else "contradicted")
    assert "tokentide serve" in speculation["tier"]["reason"]


@pytest.mark.long
def test_more_history_through_the_same_pipeline_decides(synthetic: tuple[Path, Path]) -> None:
    """With March alone, April is open.

    With April in, every basis has its verdict, and they differ.
    """
    before, after = synthetic
    assert verdicts(before, "tokens-140t") == dict.fromkeys(
        ("all", "mean_day", "highest_day"), "wrong_population"
    )
    assert by_basis(before, "five-weeks")["top9"]["missing_days"] == ["2026-04-01..2026-04-05"]
    assert set(verdicts(before, "five-weeks").values()) == {"unverifiable"}
    assert verdicts(after, "five-weeks") == {
        "all": "depends_on_basis",
        "platform": "unverifiable",
        "top50": "contradicted",
        "top50_cloaked_later": "contradicted",
        "top50_without_free": "contradicted",
        "top9": "supported",
    }
    assert by_basis(after, "five-weeks")["top9"]["measured"] == 5
    assert "beyond the top 50" in by_basis(after, "five-weeks")["platform"]["reason"]
    assert {row["missing_days"] for row in published_rows(after) if row["claim_id"] in LACKING} == {
        None
    }
    assert verdicts(after, "top-six-april")["all"] == "contradicted"


def test_every_query_of_evidence_runs_as_it_is(
    recorded: Path, synthetic: tuple[Path, Path]
) -> None:
    """On the published file, also where the window is not loaded, each returns rows."""
    for path in (recorded, *synthetic):
        for row in published_rows(path):
            assert query.frame(path, row["evidence_sql"]).height > 0, row["claim_id"]


def test_the_sum_of_a_claim_follows_from_its_bases(
    recorded: Path, synthetic: tuple[Path, Path]
) -> None:
    """Verdicts that could be reached decide.

    Where it holds on some bases alone, the statement depends on its basis; where it holds on none,
    it is contradicted. Every row says why.
    """
    for path in (recorded, *synthetic):
        rows = published_rows(path)
        assert all(
            row["reason"] and row["verdict"] in VERDICTS for row in rows if row["basis"] != "all"
        )
        for claim_id in LISTED:
            overall, *bases = find_claim(rows, claim_id)
            judged = {row["verdict"] for row in bases} - {"unverifiable"}
            several = "depends_on_basis" if "supported" in judged else "contradicted"
            assert overall["verdict"] == (
                several if len(judged) > 1 else min(judged, default="unverifiable")
            )


def test_false_on_every_basis_is_contradicted_with_the_ways(synthetic: tuple[Path, Path]) -> None:
    """A wrong baseline on one basis and a wrong population on the other leave nothing true."""
    rows = by_basis(synthetic[1], "growth-100b-140t")
    assert {basis: row["verdict"] for basis, row in rows.items()} == {
        "all": "contradicted",
        "national": "wrong_baseline",
        "platform": "wrong_population",
    }
    reason = rows["all"]["reason"]
    assert "national wrong_baseline, platform wrong_population" in reason
    assert all(rows[basis]["reason"] in reason for basis in ("national", "platform"))


def test_a_simulated_market_judges_no_real_statement(simulated: Path) -> None:
    """All days are there, yet none of its figures stands beside what somebody said.

    What rests on a document or on a measurement of ours is judged as ever.
    """
    rows = published_rows(simulated)
    about_market = [*LACKING, "price"]
    for row in (row for name in about_market for row in find_claim(rows, name)):
        assert row["verdict"] == "not_judged", (row["claim_id"], row["basis"])
        assert (row["measured"], row["missing_days"], row["as_of"]) == (None, None, None)
        assert row["reason"].startswith("Not judged: simulated market.")
    assert verdicts(simulated, "growth-100b-140t") == {
        "all": "wrong_baseline",
        "national": "wrong_baseline",
        "platform": "not_judged",
    }
    assert verdicts(simulated, "v4-12b")["all"] == "contradicted"
    assert verdicts(simulated, "efficiency")["w4a16"] == "supported"


def test_a_claim_for_a_program_has_its_evidence_with_rows(synthetic: tuple[Path, Path]) -> None:
    """The statement once, its verdicts, and each query once with what it finds."""
    path = synthetic[1]
    found = as_json(path, find_claim(published_rows(path), "tokens-140t"))
    assert (found["claim_id"], found["unit"]) == ("tokens-140t", "tokens a day")
    assert [row["basis"] for row in found["verdicts"]] == ["all", "highest_day", "mean_day"]
    [evidence] = found["evidence"]
    assert evidence["rows"][0]["days"] == 31


def test_an_unknown_claim_is_an_error_with_its_neighbours(recorded: Path) -> None:
    """A near miss gets suggestions, any other name the command that lists claims."""
    with pytest.raises(UnknownClaim, match="five-weeks"):
        find_claim(published_rows(recorded), "five_weks")
    with pytest.raises(UnknownClaim, match="tokentide claims"):
        find_claim(published_rows(recorded), "zzz")
