"""Our speed among hosts: a seeded rank is found again, and a gap costs only coverage."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.marts.compiled_sql import Marts, Row

pytestmark = pytest.mark.slow

START = datetime(2026, 6, 18, tzinfo=UTC)
HALF_HOUR = timedelta(minutes=30)
LATENCY = """
    hour_at timestamptz, target varchar, model_name varchar, metric varchar, method varchar,
    p50_seconds double,
    p50_lower_bound_seconds double"""
SERVED = """
    target varchar, model_name varchar, model_family varchar, model_permaslug varchar,
    canonical_slug varchar,
    weights_quantization varchar, reason varchar"""
SPEED = """
    captured_at timestamptz, window_at timestamptz, model_permaslug varchar, model_id varchar,
    provider_name varchar, tag varchar, quantization varchar,
    ttft_ms_p50 double, throughput_tps_p50 double, is_unit_suspect boolean"""
ALL_DAY = frozenset(range(48))
HOURS = frozenset(range(24))
# What the time of day does to everybody's speed: a factor for each hour.
STEADY = (1.0,) * 24


def host(
    name: str,
    ttft_ms: float,
    tps: float,
    quantization: str = "fp8",
    windows: frozenset[int] = ALL_DAY,
    *,
    model_id: str = "lab/m",
    pace: tuple[float, ...] = STEADY,
    day: int = 0,
) -> list[Row]:
    """Return a host that is sampled at the end of these half hours of the day."""
    return [
        {
            "window_at": (window_at := START + timedelta(days=day) + window * HALF_HOUR),
            "captured_at": window_at + timedelta(minutes=29),
            "model_permaslug": "lab/m-1",
            "model_id": model_id,
            "provider_name": name,
            "tag": f"{name}/{quantization}",
            "quantization": quantization,
            "ttft_ms_p50": ttft_ms / pace[window // 2],
            "throughput_tps_p50": tps * pace[window // 2],
            "is_unit_suspect": False,
        }
        for window in sorted(windows)
    ]


def ours(
    ttft: float | None = 0.3,
    tpot: float | None = 0.02,
    hours: frozenset[int] = HOURS,
    method: str = "histogram",
    *,
    bound: float | None = None,
    pace: tuple[float, ...] = STEADY,
) -> list[Row]:
    """Our hours; without a median the last bucket ends at `bound` seconds."""
    return [
        {
            "hour_at": START + timedelta(hours=hour),
            "target": "ours",
            "model_name": "m",
            "metric": metric,
            "method": method,
            "p50_seconds": None if p50 is None else p50 / pace[hour],
            "p50_lower_bound_seconds": bound if p50 is None else None,
        }
        for hour in sorted(hours)
        for metric, p50 in (("ttft", ttft), ("tpot", tpot))
    ]


def parity(
    compiled: Marts, mart: str, latency: list[Row], hosts: list[Row], **served: Any
) -> list[Row]:
    model = {
        "target": "ours",
        "model_name": "m",
        "model_family": "lab/m",
        "model_permaslug": "lab/m-1",
        "canonical_slug": "lab/m-1",
        "weights_quantization": "fp8",
        "reason": None,
        **served,
    }
    tables = {
        "marts.served_latency_hourly": (LATENCY, latency),
        "marts.served_models": (SERVED, [model]),
        "staging.stg_openrouter__endpoints": (SPEED, hosts),
        "intermediate.target_services_daily": ("target varchar, day date, service varchar", []),
    }
    before = ["request_speeds_hourly", "host_speeds_half_hourly", "hosts_of_week_daily"]
    if mart == "speed_parity_daily":
        before.append("speed_parity_hosts_daily")
    return compiled.rows(mart, tables, before)


def placed(compiled: Marts, latency: list[Row], hosts: list[Row], **served: Any) -> dict[str, Row]:
    """Return the first day's rank by metric."""
    found = parity(compiled, "speed_parity_daily", latency, hosts, **served)
    return {row["metric"]: row for row in found if row["date"] == START.date()}


HOSTS = [*host("slow", 900, 20), *host("middle", 400, 40), *host("fast", 100, 200)]


def test_a_planted_place_is_found_again(compiled: Marts) -> None:
    """300 ms are faster than two of three hosts.

    0.02 s a token are 50 a second, faster than two as well.
    """
    found = placed(compiled, ours(), HOSTS)
    assert {
        metric: row["percentile_among_hosts"] for metric, row in found.items()
    } == pytest.approx({"ttft": 2 / 3, "throughput": 2 / 3})
    assert {metric: row["local_p50"] for metric, row in found.items()} == pytest.approx(
        {"ttft": 300, "throughput": 50}
    )
    assert {row["best_host"] for row in found.values()} == {"fast"}
    assert {row["coverage"] for row in found.values()} == {1.0}
    assert found["ttft"]["hosts_p50"] == 400
    assert found["ttft"]["times_as_fast"] == pytest.approx(400 / 300)
    assert found["ttft"]["reason"] is None


def test_each_host_is_beside_us(compiled: Marts) -> None:
    """Both medians, and how many times as fast we were."""
    rows = parity(compiled, "speed_parity_hosts_daily", ours(), HOSTS)
    beside = {
        row["provider_name"]: (row["p50"], row["local_p50"], row["times_as_fast"])
        for row in rows
        if row["metric"] == "throughput"
    }
    assert beside == {"slow": (20, 50, 2.5), "middle": (40, 50, 1.25), "fast": (200, 50, 0.25)}


def test_as_fast_as_a_host_is_half_a_place(compiled: Marts) -> None:
    """Neither before nor behind."""
    assert (
        placed(compiled, ours(), host("same", 300, 50))["throughput"]["percentile_among_hosts"]
        == 0.5
    )


def test_the_nearest_weights_are_compared(compiled: Marts) -> None:
    """Hosts of 8 bits for weights of 8, whatever they call them; without one those of 4.

    Who does not say is last.
    """
    hosts = [
        *host("four", 1, 500, "nvfp4"),
        *host("silent", 1, 500, "unknown"),
        *host("sixteen", 900, 10, "bf16"),
    ]
    assert placed(compiled, ours(), [*hosts, *HOSTS])["ttft"]["quantization_hosts"] == "fp8"
    assert placed(compiled, ours(), hosts)["ttft"]["quantization_hosts"] == "nvfp4"
    assert (
        placed(compiled, ours(), hosts, weights_quantization="bf16")["ttft"]["quantization_hosts"]
        == "bf16"
    )


def test_unknown_weights_are_compared_with_all_and_it_is_said(compiled: Marts) -> None:
    """Ours, or all of theirs; one that states none is listed as unknown."""
    silent = [{**row, "quantization": None} for row in host("silent", 400, 40)]
    of_ours = placed(compiled, ours(), [*HOSTS, *silent], weights_quantization=None)["ttft"]
    assert (of_ours["hosts"], of_ours["quantization_hosts"]) == (4, "fp8, unknown")
    assert of_ours["reason"] == "nothing says how our weights are quantised: all hosts are compared"
    of_theirs = placed(compiled, ours(), silent)["ttft"]
    assert of_theirs["reason"] == "no host says how its weights are quantised: all are compared"


def test_our_log_speaks_for_the_hours_that_it_knows(compiled: Marts) -> None:
    """It is exact; one hour of it does not silence the histograms of the other 23."""
    row = placed(compiled, [*ours(), *ours(ttft=0.05, method="events")], HOSTS)["ttft"]
    assert (row["local_method"], row["local_hours"], row["percentile_among_hosts"]) == (
        "events",
        24,
        1.0,
    )
    row = placed(
        compiled, [*ours(), *ours(ttft=0.05, method="events", hours=frozenset({3}))], HOSTS
    )["ttft"]
    assert (row["local_method"], row["local_hours"], row["coverage"]) == ("both", 24, 1.0)
    assert row["percentile_among_hosts"] == pytest.approx(2 / 3)


def test_a_median_beyond_the_last_bucket_is_no_reason_to_look_fast(compiled: Marts) -> None:
    """Most hours took longer than 0.5 s, by an unknown amount: the bounds are wide."""
    slow_hours = frozenset(range(20))
    row = placed(
        compiled,
        [*ours(hours=HOURS - slow_hours), *ours(ttft=None, hours=slow_hours, bound=0.5)],
        HOSTS,
    )["ttft"]
    assert (row["local_hours"], row["local_bounded_hours"], row["local_p50"]) == (24, 20, 500)
    assert row["percentile_among_hosts"] == pytest.approx(1 / 3)
    assert (row["percentile_low"], row["percentile_high"]) == (0, pytest.approx(1 / 3))


def test_free_listings_and_other_models_are_no_hosts(compiled: Marts) -> None:
    """A free one shares the model's permaslug, and has another queue.

    A re-dated model has another permaslug.
    """
    free = host("free", 5000, 1, model_id="lab/m:free")
    another = [{**row, "model_permaslug": "lab/m-2"} for row in host("another", 5000, 1)]
    assert placed(compiled, ours(), [*HOSTS, *free, *another])["ttft"]["hosts"] == 3


def test_without_a_place_there_is_a_reason(compiled: Marts) -> None:
    """Models that the market does not know, nobody hosted, or that were never sampled with ours."""
    unknown = placed(
        compiled,
        ours(),
        HOSTS,
        model_family=None,
        model_permaslug=None,
        canonical_slug=None,
        reason="no such model",
    )["ttft"]
    assert (unknown["hosts"], unknown["reason"]) == (0, "no such model")
    alone = placed(compiled, ours(), [])["ttft"]
    assert (alone["percentile_among_hosts"], alone["reason"]) == (
        None,
        "no host of this model was seen in the week up to this day",
    )
    apart = placed(
        compiled, ours(hours=frozenset({1})), host("late", 100, 200, windows=frozenset({40}))
    )["ttft"]
    assert (apart["hosts"], apart["hosts_unsampled"], apart["coverage"]) == (0, 1, 0)
    assert (apart["percentile_high"], apart["reason"]) == (
        None,
        "no half hour of this day has a sample of both sides",
    )


def test_a_host_that_is_missing_all_day_widens_the_bounds(compiled: Marts) -> None:
    """A host of the day before: our rank is among the others, and its bounds include that host."""
    rows = parity(
        compiled,
        "speed_parity_daily",
        [*ours(), *[{**row, "hour_at": row["hour_at"] + timedelta(days=1)} for row in ours()]],
        [*HOSTS, *host("slow", 900, 20, day=1), *host("middle", 400, 40, day=1)],
    )
    _, row = (each for each in rows if each["metric"] == "ttft")
    assert (row["hosts"], row["hosts_unsampled"], row["percentile_among_hosts"]) == (2, 1, 1)
    assert (row["percentile_low"], row["percentile_high"]) == pytest.approx((2 / 3, 1))
    assert row["coverage"] == pytest.approx(2 / 3)


windows = st.frozensets(st.integers(0, 47), min_size=1)
paces = st.tuples(*[st.sampled_from([0.25, 0.5, 1.0, 2.0, 4.0])] * 24)


@settings(max_examples=25, deadline=None)
@given(
    kept=st.tuples(windows, windows, windows),
    hours=st.frozensets(st.integers(0, 23), min_size=1),
    pace=paces,
)
def test_a_gap_lowers_the_coverage_and_moves_no_percentile(
    compiled: Marts,
    kept: tuple[frozenset[int], ...],
    hours: frozenset[int],
    pace: tuple[float, ...],
) -> None:
    """For any slow hours of a day, and any hours without samples of a host or of ours.

    A host that shares no half hour with us widens the bounds; the place without gaps stays inside.
    """
    speeds = {"slow": (900, 20), "middle": (400, 40), "fast": (100, 200)}
    hosts = [
        row
        for (name, speed), there in zip(speeds.items(), kept, strict=True)
        for row in host(name, *speed, windows=there, pace=pace)
    ]
    both = [sum(1 for window in there if window // 2 in hours) for there in kept]
    slower = [1.0, 1.0, 0.0]
    sampled = [place for place, count in zip(slower, both, strict=True) if count]
    for row in placed(compiled, ours(hours=hours, pace=pace), hosts).values():
        assert row["coverage"] == pytest.approx(sum(both) / 3 / 48)
        assert (row["hosts"], row["hosts_unsampled"]) == (len(sampled), 3 - len(sampled))
        if sampled:
            assert row["percentile_among_hosts"] == pytest.approx(sum(sampled) / len(sampled))
            assert row["percentile_low"] <= 2 / 3 <= row["percentile_high"]
