"""Our speed among hosts: a planted place is found again, the nearest weights are compared, and a gap only lowers the coverage."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from compiled_support import Marts, Row
from hypothesis import given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.slow

START = datetime(2026, 6, 18, tzinfo=UTC)
HALF_HOUR = timedelta(minutes=30)
LATENCY = "hour_at timestamptz, target varchar, model_name varchar, metric varchar, method varchar, p50_seconds double"
SERVED = "target varchar, model_name varchar, model_family varchar, weights_quantization varchar, reason varchar"
SPEED = """captured_at timestamptz, model_permaslug varchar, provider_name varchar, tag varchar, quantization varchar,
    ttft_ms_p50 double, throughput_tps_p50 double, is_unit_suspect boolean"""
KNOWN = "canonical_slug varchar, variant varchar, model_permaslug varchar, model_family varchar"
ALL_DAY = frozenset(range(48))


def host(name: str, ttft_ms: float, tps: float, quantization: str = "fp8", windows: frozenset[int] = ALL_DAY) -> list[Row]:
    """A host that is sampled at the end of these half hours of the day."""
    return [
        {"captured_at": START + (window + 1) * HALF_HOUR - timedelta(minutes=1), "model_permaslug": "lab/m-1", "provider_name": name,
         "tag": f"{name}/{quantization}", "quantization": quantization, "ttft_ms_p50": ttft_ms, "throughput_tps_p50": tps,
         "is_unit_suspect": False}
        for window in sorted(windows)
    ]  # fmt: skip


def ours(ttft: float = 0.3, tpot: float = 0.02, hours: frozenset[int] = frozenset(range(24)), method: str = "histogram") -> list[Row]:
    return [
        {"hour_at": START + timedelta(hours=hour), "target": "ours", "model_name": "m", "metric": metric, "method": method,
         "p50_seconds": p50}
        for hour in sorted(hours)
        for metric, p50 in (("ttft", ttft), ("tpot", tpot))
    ]  # fmt: skip


def placed(compiled: Marts, latency: list[Row], hosts: list[Row], **served: Any) -> dict[str, Row]:
    model = {"target": "ours", "model_name": "m", "model_family": "lab/m", "weights_quantization": "fp8", "reason": None, **served}
    known = {"canonical_slug": "lab/m-1", "variant": "standard", "model_permaslug": "lab/m-1", "model_family": "lab/m"}
    tables = {
        "marts.served_latency_hourly": (LATENCY, latency), "marts.served_models": (SERVED, [model]), "marts.endpoint_speed": (SPEED, hosts),
        "history.known_models": (KNOWN, [known]),
    }  # fmt: skip
    return {row["metric"]: row for row in compiled.rows("speed_parity_daily", tables, ["speed_parity_hosts_daily"])}


HOSTS = [*host("slow", 900, 20), *host("middle", 400, 40), *host("fast", 100, 200)]


def test_a_planted_place_is_found_again(compiled: Marts) -> None:
    """300 ms are faster than two of three hosts; 0.02 s a token are 50 a second, faster than two as well."""
    found = placed(compiled, ours(), HOSTS)
    assert {metric: row["percentile_among_hosts"] for metric, row in found.items()} == pytest.approx({"ttft": 2 / 3, "throughput": 2 / 3})
    assert {metric: row["local_p50"] for metric, row in found.items()} == pytest.approx({"ttft": 300, "throughput": 50})
    assert {row["best_host"] for row in found.values()} == {"fast"}
    assert {row["coverage"] for row in found.values()} == {1.0}
    assert found["ttft"]["hosts_p50"] == 400


def test_the_nearest_weights_are_compared(compiled: Marts) -> None:
    """Hosts of 8 bits for weights of 8; without one those of 4 before those of 16 only if nearer; who does not say is last."""
    hosts = [*host("four", 1, 500, "int4"), *host("silent", 1, 500, "unknown"), *host("sixteen", 900, 10, "bf16")]
    assert placed(compiled, ours(), [*hosts, *HOSTS])["ttft"]["quantization_hosts"] == "fp8"
    assert placed(compiled, ours(), hosts)["ttft"]["quantization_hosts"] == "int4"
    assert placed(compiled, ours(), hosts, weights_quantization="bf16")["ttft"]["quantization_hosts"] == "bf16"


def test_our_log_speaks_before_the_histograms(compiled: Marts) -> None:
    """It is exact; the method stands beside the figure."""
    row = placed(compiled, [*ours(), *ours(ttft=0.05, method="events")], HOSTS)["ttft"]
    assert (row["local_method"], row["percentile_among_hosts"]) == ("events", 1.0)


def test_without_a_place_there_is_a_reason(compiled: Marts) -> None:
    """A model that the market does not know, and one that nobody hosted that day."""
    unknown = placed(compiled, ours(), HOSTS, model_family=None, reason="the market knows no model of this name")["ttft"]
    assert (unknown["hosts"], unknown["reason"]) == (0, "the market knows no model of this name")
    alone = placed(compiled, ours(), [])["ttft"]
    assert (alone["percentile_among_hosts"], alone["reason"]) == (None, "no host of this model was sampled on this day")


windows = st.frozensets(st.integers(0, 47), min_size=1)


@settings(max_examples=15, deadline=None)
@given(kept=windows, hours=st.frozensets(st.integers(0, 23), min_size=1))
def test_a_gap_lowers_the_coverage_and_moves_no_percentile(compiled: Marts, kept: frozenset[int], hours: frozenset[int]) -> None:
    """Speeds that do not change over the day are the same whichever windows were sampled; coverage counts those that both sides have."""
    hosts = [*host("slow", 900, 20, windows=kept), *host("fast", 100, 200, windows=kept)]
    found = placed(compiled, ours(hours=hours), hosts)
    both = sum(1 for window in kept if window // 2 in hours)
    for row in found.values():
        assert row["percentile_among_hosts"] == 0.5
        assert row["coverage"] == pytest.approx(both / 48)
