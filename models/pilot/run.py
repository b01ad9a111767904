"""Run of a pilot: each block is replayed against both servers, one after the other.

What is measured is kept block by block, so that a pilot that is stopped has the blocks until then.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Protocol

from models.loadgen.prompts import RequestOptions
from models.loadgen.records import RequestRecord
from models.loadgen.replay import LoadTest, Print, replay
from models.loadgen.target import LoadTarget
from models.pilot.blocks import SIDES, Block, Side

# Prompts of the warm-up are no others' prompts, so that no cache knows those that count.
WARM_UP_NUMBER = 10_000_000

ReplayBlock = Callable[[Side, Block], Awaitable[LoadTest]]
"""Sends a block's requests to one server and returns what was observed."""
OnBlock = Callable[[str, int, int], None]
"""Takes what was just done, how many replays are done, and how many there are."""


@dataclass(frozen=True)
class PilotServer:
    """One of the two servers, and the model that it is asked for."""

    side: Side
    target: LoadTarget
    model: str


@dataclass
class EnergyReading:
    """Energy of a server's devices while a block ran, known at its end."""

    joules: float | None = None


class EnergyMeter(Protocol):
    """Meter of the devices of one server."""

    def measure(self) -> AbstractAsyncContextManager[EnergyReading]:
        """Measure while the `async with` lasts; the reading is complete at its end."""


@dataclass
class BlockRun:
    """One block as both servers ran it."""

    block: Block
    tests: dict[Side, LoadTest] = field(default_factory=dict)
    joules: dict[Side, float | None] = field(default_factory=dict)

    def records(self, side: Side) -> list[RequestRecord]:
        """Return the requests of one server, in the order of their numbers."""
        return sorted(self.tests[side].records, key=lambda each: each.number)


@dataclass
class PilotRun:
    """Blocks that both servers ran so far."""

    planned: int
    blocks: list[BlockRun] = field(default_factory=list)
    was_stopped: bool = False

    def records(self, side: Side) -> list[RequestRecord]:
        """Return all requests of one server."""
        return [record for each in self.blocks for record in each.records(side)]


async def run_blocks(
    run: PilotRun,
    blocks: Sequence[Block],
    replay_block: ReplayBlock,
    meters: Mapping[Side, EnergyMeter],
    on_block: OnBlock = lambda text, done, planned: None,
) -> None:
    """Replay all blocks and add each to `run` once both servers have run it."""
    done, planned = 0, 2 * len(blocks)
    for block in blocks:
        both = BlockRun(block)
        for side in block.order:
            meter = meters.get(side)
            measured = meter.measure() if meter else nullcontext(EnergyReading())
            async with measured as reading:
                both.tests[side] = await replay_block(side, block)
            both.joules[side] = reading.joules
            done += 1
            on_block(_describe(both.tests[side], side, block), done, planned)
        run.blocks.append(both)


def replay_with(
    servers: Mapping[Side, PilotServer],
    options: Mapping[Side, RequestOptions],
    print_progress: Print | None = None,
) -> ReplayBlock:
    """Return the function that replays a block with the load generator."""

    async def replay_block(side: Side, block: Block) -> LoadTest:
        test = LoadTest(len(block.arrivals))
        await replay(
            test,
            block.arrivals,
            servers[side].target,
            options[side],
            print_progress=print_progress,
            first_number=block.first_request,
        )
        return test

    return replay_block


async def warm_up(block: Block, replay_block: ReplayBlock) -> None:
    """Send the arrivals of a block to both servers with other prompts, and drop what is seen."""
    other = Block(-1, WARM_UP_NUMBER, block.arrivals, block.order)
    for side in SIDES:
        await replay_block(side, other)


def _describe(test: LoadTest, side: Side, block: Block) -> str:
    failed = sum(each.error is not None for each in test.records)
    failures = f", {failed} failed" if failed else ""
    return f"block {block.number + 1}, {side.upper()}: {len(test.records)} requests{failures}"
