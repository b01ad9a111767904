"""Two servers on one machine and a simulated clock: hours of a pilot in milliseconds.

The machine is not steady, as real ones are not: its speed drifts, other work comes in bursts, and
requests that run together slow each other down. One server may be slower by a known factor.
"""

import math
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from random import Random
from typing import Any

from support.inference.load_tests import completed

from models.loadgen.arrivals import Arrival
from models.loadgen.records import RequestRecord
from models.loadgen.replay import LoadTest
from models.loadgen.report import Objectives
from models.pilot.blocks import SIDES, Block, Side, draw_arrivals, plan_blocks
from models.pilot.columns import DeviceTerms
from models.pilot.differences import PairedDifference, compute_differences
from models.pilot.run import EnergyReading, PilotRun, run_blocks

TTFT_S, TPOT_S = 0.08, 0.02
DRIFT_SECONDS = 60.0  # after which the machine has half forgotten how fast it was
OBJECTIVES = Objectives(ttft_s=0.15, tpot_s=0.03)
TERMS = DeviceTerms(usd_per_second=2 / 3600, usd_per_joule=0.1 / 3.6e6, rated_watts=100.0)


class SimulatedMachine:
    """A machine with both servers. `factors` are how much slower than usual each of them is."""

    def __init__(
        self, seed: int, factors: Mapping[Side, float], failing: Mapping[Side, float] | None = None
    ) -> None:
        self._random = Random(seed)
        self._factors, self._failing = factors, failing or {"a": 0.01, "b": 0.01}
        self.clock = 0.0
        self._slowness = self._random.gauss(0, 0.15)
        self._burst_until = 0.0

    async def replay_block(self, side: Side, block: Block) -> LoadTest:
        """Answer a block's requests and move the clock to the last end."""
        records: list[RequestRecord] = []
        for number, arrival in enumerate(block.arrivals, block.first_request):
            running = sum(each.end_s > arrival.at_s for each in records)
            records.append(self._answer(side, number, arrival, running))
        elapsed_s = max(each.end_s for each in records)
        self._pass_time(elapsed_s)
        return LoadTest(len(records), elapsed_s=elapsed_s, cpu_s=0.01 * elapsed_s, records=records)

    @asynccontextmanager
    async def measure(self) -> AsyncIterator[EnergyReading]:
        """Measure the energy of both servers' device."""
        reading, start = EnergyReading(), self.clock
        yield reading
        reading.joules = (self.clock - start) * self._random.gauss(100, 3)

    def _answer(self, side: Side, number: int, arrival: Arrival, running: int) -> RequestRecord:
        slowness = math.exp(self._slowness) * (1.5 if self.clock < self._burst_until else 1.0)
        noise = math.exp(self._random.gauss(0, 0.1))
        slow = slowness * noise * (1 + 0.05 * running) * self._factors[side]
        ttft_s = TTFT_S * slow * math.exp(self._random.expovariate(5))
        e2e_s = ttft_s + (arrival.output_tokens - 1) * TPOT_S * slow
        changes: dict[str, Any] = {}
        if self._random.random() < self._failing[side]:
            changes = {"error": "http", "status": 500, "first_s": None, "output_tokens": None}
        return completed(number, arrival.at_s, ttft_s, arrival.output_tokens, e2e_s, **changes)

    def _pass_time(self, seconds: float) -> None:
        self.clock += seconds
        kept = 0.5 ** (seconds / DRIFT_SECONDS)
        self._slowness = kept * self._slowness + self._random.gauss(0, 0.15 * (1 - kept**2) ** 0.5)
        if self._random.random() < seconds / 300:
            self._burst_until = self.clock + self._random.expovariate(1 / 20)


async def simulate_pilot(
    seed: int,
    factor: float = 1.0,
    blocks: int = 20,
    failing: Mapping[Side, float] | None = None,
) -> list[PairedDifference]:
    """Run a pilot of ten minutes on the simulated clock; B is slower by `factor`."""
    machine = SimulatedMachine(seed, {"a": 1.0, "b": factor}, failing)
    arrivals = draw_arrivals(1.0, 5.0, 100, 30, seed)
    planned = plan_blocks(arrivals, blocks, seed)
    run = PilotRun(len(planned))
    await run_blocks(run, planned, machine.replay_block, dict.fromkeys(SIDES, machine))
    return compute_differences(run, OBJECTIVES, dict.fromkeys(SIDES, TERMS), seed=seed)
