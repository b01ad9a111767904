"""Differences of servers on a simulated clock, where the truth is known."""

import asyncio
from collections.abc import Sequence

import pytest
from support.inference.load_tests import completed, load_test
from support.inference.simulated_servers import TERMS, simulate_pilot

from models.loadgen.arrivals import Arrival
from models.loadgen.records import RequestRecord
from models.loadgen.report import Objectives
from models.pilot.blocks import Block
from models.pilot.columns import UNKNOWN_TERMS
from models.pilot.differences import PairedDifference, compute_differences
from models.pilot.run import BlockRun, PilotRun

LATENCIES = ("ttft_ms", "tpot_ms", "e2e_ms")


def holds_zero(differences: Sequence[PairedDifference]) -> bool:
    """Tell whether 0 lies within every interval at once."""
    assert all(each.low is not None and each.high is not None for each in differences)
    return not any(each.is_distinct for each in differences)


def by_name(differences: Sequence[PairedDifference]) -> dict[str, PairedDifference]:
    return {each.metric: each for each in differences}


def pilot_of(*pairs: tuple[Sequence[RequestRecord], Sequence[RequestRecord]]) -> PilotRun:
    """Make a pilot whose blocks have these records of A and B."""
    run = PilotRun(len(pairs))
    for number, (a, b) in enumerate(pairs):
        block = Block(number, 0, (Arrival(0, 5, 11),) * len(a), ("a", "b"))
        run.blocks.append(
            BlockRun(block, {"a": load_test(*a), "b": load_test(*b)}, {"a": 100.0, "b": 150.0})
        )
    return run


def test_a_server_beside_itself_shows_no_difference() -> None:
    """0 lies within all eight intervals at once, in at least 19 of 20 pilots."""
    assert sum(holds_zero(asyncio.run(simulate_pilot(seed))) for seed in range(20)) >= 19


@pytest.mark.long
def test_a_server_beside_itself_shows_no_difference_in_95_of_100_pilots() -> None:
    """All eight intervals at once, whether there are few blocks or many."""
    for blocks in (8, 20, 60):
        held = [holds_zero(asyncio.run(simulate_pilot(seed, blocks=blocks))) for seed in range(100)]
        assert sum(held) >= 95, blocks


@pytest.mark.parametrize("factor", [1.05, 1.5, 3.0])
def test_a_known_factor_lies_within_the_interval_of_ratios(factor: float) -> None:
    """Of all three latencies at once, in at least 9 of 10 pilots."""
    held = 0
    for seed in range(10):
        found = by_name(asyncio.run(simulate_pilot(seed, factor)))
        bounds = [(found[name].ratio_low, found[name].ratio_high) for name in LATENCIES]
        held += all(low and high and low <= factor <= high for low, high in bounds)
    assert held >= 9


@pytest.mark.long
def test_a_known_factor_lies_within_the_interval_in_95_of_100_pilots() -> None:
    held = 0
    for seed in range(100):
        found = by_name(asyncio.run(simulate_pilot(seed, 1.3)))
        bounds = [(found[name].ratio_low, found[name].ratio_high) for name in LATENCIES]
        held += all(low and high and low <= 1.3 <= high for low, high in bounds)
    assert held >= 95


def test_a_slower_server_is_found() -> None:
    """Intervals that hold everything would be of no use."""
    found = by_name(asyncio.run(simulate_pilot(1, 1.5)))
    assert all(found[name].is_distinct for name in (*LATENCIES, "goodput_per_second"))


def test_failures_of_half_of_the_requests_are_seen() -> None:
    """Latencies are those of requests that both completed."""
    found = by_name(asyncio.run(simulate_pilot(2, failing={"a": 0.0, "b": 0.5})))
    share = found["completed_share"]
    assert (share.a, share.is_distinct) == (1.0, True)
    assert share.b == pytest.approx(0.5, abs=0.1)
    assert found["e2e_ms"].pairs < share.pairs
    assert not found["e2e_ms"].is_distinct


def test_figures_are_means_of_pairs_and_sums_over_blocks() -> None:
    """Written out: eight blocks of ten seconds, two requests each, B half as fast."""
    a = [completed(0, 0.0, 0.1, 11, 1.1), completed(1, 0.5, 0.3, 11, 1.3)]
    b = [completed(0, 0.0, 0.2, 11, 2.2), completed(1, 0.5, 0.6, 11, 2.6)]
    limits = Objectives(ttft_s=0.25)
    terms = {"a": TERMS, "b": TERMS}
    found = by_name(compute_differences(pilot_of(*[(a, b)] * 8), limits, terms))
    assert (found["ttft_ms"].a, found["ttft_ms"].b) == (pytest.approx(200), pytest.approx(400))
    assert (found["tpot_ms"].a, found["tpot_ms"].b) == (pytest.approx(100), pytest.approx(200))
    assert found["ttft_ms"].difference == pytest.approx(200)
    assert found["ttft_ms"].ratio == pytest.approx(2)
    assert (found["ttft_ms"].pairs, found["goodput_per_second"].pairs) == (16, 8)
    assert found["goodput_per_second"].a == pytest.approx(0.1)
    assert found["goodput_per_second"].b == pytest.approx(0.1)
    assert found["output_tokens_per_second"].a == pytest.approx(2.2)
    assert found["joules_per_token"].a == pytest.approx(100 / 22)
    assert found["joules_per_token"].b == pytest.approx(150 / 22)
    usd = 10 * 2 / 3600 + 100 * 0.1 / 3.6e6
    assert found["usd_per_mtok"].a == pytest.approx(usd / 32e-6)


def test_what_cannot_be_known_has_its_reason() -> None:
    """No figure is guessed: not from pieces of a stream, nor from a missing target."""
    a = [completed(0, 0.0)]
    b = [completed(0, 0.0, is_estimated=True)]
    terms = {"a": UNKNOWN_TERMS, "b": UNKNOWN_TERMS}
    found = by_name(compute_differences(pilot_of(*[(a, b)] * 8), Objectives(), terms))
    assert found["tpot_ms"].reason == "B does not report its token counts (`usage`)"
    assert found["output_tokens_per_second"].reason == found["tpot_ms"].reason
    assert "no target of a tier file" in (found["usd_per_mtok"].reason or "")
    assert (found["tpot_ms"].a, found["tpot_ms"].difference, found["tpot_ms"].low) == (None,) * 3
    assert found["ttft_ms"].low is not None


def test_without_objectives_every_completed_request_is_good() -> None:
    """A note says so; an objective in tokens needs their counts."""
    pair = ([completed(0, 0.0)], [completed(0, 0.0, is_estimated=True)])
    terms = {"a": UNKNOWN_TERMS, "b": UNKNOWN_TERMS}
    run = pilot_of(*[pair] * 8)
    found = by_name(compute_differences(run, Objectives(), terms))["goodput_per_second"]
    assert (found.a, found.difference) == (pytest.approx(0.1), 0)
    found = by_name(compute_differences(run, Objectives(tpot_s=1.0), terms))["goodput_per_second"]
    assert "token counts" in (found.reason or "")


def test_few_blocks_have_figures_and_no_interval() -> None:
    """A pilot that was stopped early says so."""
    pair = ([completed(0, 0.0)], [completed(0, 0.0)])
    terms = {"a": UNKNOWN_TERMS, "b": UNKNOWN_TERMS}
    found = by_name(compute_differences(pilot_of(pair, pair), Objectives(), terms))
    assert (found["e2e_ms"].a, found["e2e_ms"].low) == (pytest.approx(1100), None)
    assert "at least 6 blocks" in (found["e2e_ms"].reason or "")


def test_a_server_that_never_streams_has_no_first_token() -> None:
    pair = ([completed(0, 0.0, first_s=None)], [completed(0, 0.0, first_s=None)])
    terms = {"a": UNKNOWN_TERMS, "b": UNKNOWN_TERMS}
    limits = Objectives(ttft_s=1.0)
    run = pilot_of(*[pair] * 8)
    found = by_name(compute_differences(run, limits, terms, is_stream=False))
    assert "does not stream" in (found["ttft_ms"].reason or "")
    assert "does not stream" in (found["goodput_per_second"].reason or "")
    assert found["e2e_ms"].difference == pytest.approx(0)
