"""Reports of scripts become rows of one form, each beside its aim."""

from typing import Any

import pytest

from benchmarks.reporting import rows
from benchmarks.reporting.result_file import ResultRow


def found(name: str, report: Any) -> dict[tuple[str, str | None, str], ResultRow]:
    """Return the rows of a report by their key, which is theirs alone."""
    made = list(rows.ROWS[name](report))
    by_key = {each.key: each for each in made}
    assert len(by_key) == len(made)
    return by_key


def test_ingest_has_figures_limits_and_ratios() -> None:
    spread = {"least": 1.0, "most": 3.0, "median": 2.0}
    made = found(
        "ingest",
        {
            "rankings": "recorded, 422 days, 21522 rows, 9 tokens",
            "figures": [{"what": "  of which load", "unit": "s", **spread}],
            "limits": [{"what": "rebuild", "unit": "s", "limit": 1.5, **spread}],
            "ratios": [{"what": "the same dicts", "aim": 10.0, **spread}],
        },
    )
    load = made["recorded, 422 days", "time and memory", "of which load"]
    assert (load.value, load.low, load.high, load.is_met) == (2.0, 1.0, 3.0, None)
    assert made["recorded, 422 days", "time and memory", "rebuild"].is_met is False
    assert made["recorded, 422 days", "ratio", "the same dicts"].is_met is False


def test_reads_that_failed_miss_their_aim() -> None:
    report = {
        "publishes": 10,
        "readers": [{}, {}],
        "reads": 821,
        "failed reads": 1,
        "mixed reads": 0,
        "strayed connections": 0,
        "generations seen": 10,
        "milliseconds a read, median": 105.0,
        "milliseconds a read, 99 of 100": 262.0,
    }
    made = found("publish_readers", report)
    setting = "10 publishes, 2 readers"
    assert made[setting, None, "failed reads"].is_met is False
    assert made[setting, None, "mixed reads"].is_met is True
    assert made[setting, None, "a read, median"].unit == "ms"


def test_news_has_sums_and_ratios_of_the_oldest_home() -> None:
    steps = {"an hour: load": 2.0, "an hour: publish": 1.0, "a market day: load": 3.5}
    made = found("news", {"12": steps, "90": {name: 2 * spent for name, spent in steps.items()}})
    assert made["12 days", None, "an hour: in all"].value == 3.0
    assert made["90 days", None, "a market day: in all"].is_met is False
    assert made["12 days", None, "a market day: in all"].aim is None
    assert made["90 days over 12 days", None, "an hour: load"].value == 2.0


def test_minutes_are_compared_at_both_ends() -> None:
    minute = {"samples": 400_000, "cpu_seconds": 2.0, "megabytes": 900}
    made = found("minutes", [minute, minute, minute, *[minute | {"cpu_seconds": 3.0}] * 2])
    setting = "400,000 samples a minute"
    assert made[setting, "minutes 3 and 4", "CPU"].value == 3.0
    assert made[setting, "ratio", "CPU"].value == 1.5


def test_idle_parts_are_summed_without_dagster_and_with_it() -> None:
    part = {"processes": 1, "percent": 1.5, "megabytes": 300.0}
    report = {
        "tier": False,
        "parts": {"dashboard": part, "Dagster: daemon": part},
        "aims": {"without Dagster": [2.0, 500.0], "all of it": [2.3, 523.5]},
    }
    made = found("idle", report)
    setting = "simulated market, no tier"
    assert made[setting, "without Dagster", "CPU"].is_met is True
    assert made[setting, "all of it", "memory"].value == 600.0
    assert made[setting, "all of it", "memory"].is_met is False


def test_a_verb_that_failed_and_other_rows_are_no_result() -> None:
    verb = {"verb": "build", "peak_mb": 551, "failed": False, "said": ""}
    report = {"home": "a home", "most_mb": 2000.0, "verbs": [verb]}
    assert found("verbs", report)["a home", "build", "peak memory"].is_met is True
    with pytest.raises(ValueError, match="build failed: no space"):
        found("verbs", report | {"verbs": [verb | {"failed": True, "said": "no space"}]})
    with pytest.raises(ValueError, match="other rows than the peer's: a question"):
        found("marts", {"different": ["a question"]})


def test_marts_have_tables_and_questions() -> None:
    question = {"ms": 5.0, "first_ms": 250.0, "rows": 3, "ratio": 2.0}
    report = {
        "home": "a home",
        "aims": {"build_seconds": 5.0, "question_ms": 200.0},
        "tables": {"models": 6.0},
        "questions": {"tokens by day": question},
        "different": [],
    }
    made = found("marts", report)
    assert made["a home", "models", "build"].is_met is False
    assert made["a home", "tokens by day", "a question, the first time"].is_met is False
    assert made["a home", "tokens by day", "chDB over ours"].value == 2.0


def test_the_dashboard_has_waits_memory_and_failures() -> None:
    chart = {"ours": {"median": 2.0}, "theirs": {"median": 2.5}}
    report = {
        "setting": "20 viewers",
        "aims": {
            "first_page_seconds": 0.8,
            "change_seconds": 0.15,
            "server_mb": 400.0,
            "chart_ratio": 1.5,
        },
        "first_page": {"median": 0.7, "least": 0.6, "most": 0.9, "values": [0.9, 0.6, 0.7]},
        "change_p95": 0.14,
        "change_median": 0.03,
        "server_mib": 400.0,
        "failures": ["503"],
        "mixed": 0,
        "chart": chart,
        "peer_mib": 135.0,
    }
    made = {figure: each for (_, _, figure), each in found("dashboard", report).items()}
    assert made["first page, empty cache, median of 3"].is_met is True
    assert made["the very first page"].is_met is False
    assert made["memory of the server at most"].value == 419.4
    assert made["failed responses"].is_met is False
    assert made["the same chart drawn, Streamlit over ours"].is_met is False
    assert "the same chart changed, ours" not in made


def test_the_other_reports_have_their_settings() -> None:
    daily = {
        "daily runs": 30,
        "answers": 1110,
        "seconds to load them": 29.0,
        "milliseconds an answer": 26.0,
        "seconds to rebuild everything": 47.0,
    }
    assert found("daily_runs", daily)["30 daily runs", None, "answers"].value == 1110
    load = {"rows": 390_000, "seconds": 21.0, "cpu_seconds": 11.4, "peak_mib": 283.0}
    shares = {"rows": 25, "seconds": 0.8, "slowest_seconds": 1.5, "cpu_seconds": 0.25}
    downloads = found("downloads", {"load": load, "shares": shares})
    assert downloads["390,000 rows", None, "CPU"].is_met is False
    assert downloads["25 author-days", None, "wall, slowest"].is_met is False
    loading = found("loading", [{"answers": 1000, "new": 0.2, "idle": 0.01}])
    assert loading["1,000 answers in the home", None, "a call with none"].value == 0.01
    home = {
        "days of market": 692,
        "days of telemetry": 90,
        "targets": 64,
        "seconds to make it": 158.0,
        "seconds to build and audit": 133.0,
        "seconds to publish": 6.0,
        "warehouse MB": 2600,
        "published MB": 225,
    }
    setting = "692 days of market, 90 days of 64 targets"
    assert found("large_home", home)[setting, None, "published"].unit == "MB"
