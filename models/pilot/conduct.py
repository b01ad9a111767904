"""One pilot from the first token to the last block."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from models.loadgen.prompts import RequestOptions
from models.loadgen.replay import Print
from models.pilot.blocks import Block, Side
from models.pilot.prepare import FirstToken, Preparation, prepare, request_options
from models.pilot.run import (
    EnergyMeter,
    OnBlock,
    PilotRun,
    PilotServer,
    replay_with,
    run_blocks,
    warm_up,
)


@dataclass
class Pilot:
    """A pilot as far as it came."""

    run: PilotRun
    found: Preparation | None = None  # None until both servers are checked
    meters: Mapping[Side, EnergyMeter] = field(default_factory=dict)


async def conduct(
    pilot: Pilot,
    servers: Mapping[Side, PilotServer],
    blocks: Sequence[Block],
    base: RequestOptions,
    first_tokens: Mapping[Side, FirstToken],
    on_step: Print = lambda text: None,
    on_block: OnBlock = lambda text, done, planned: None,
    print_progress: Print | None = None,
) -> None:
    """Check both servers, warm them up, replay all blocks; `pilot` holds what was observed.

    `base` has what both servers' requests share; its model does not count.
    """
    pilot.found = await prepare(servers, base.endpoint, base.seed, first_tokens, on_step)
    options = request_options(servers, base, pilot.found)
    replay_block = replay_with(servers, options, print_progress)
    on_step("warm-up of both, which does not count")
    await warm_up(blocks[0], replay_block)
    await run_blocks(pilot.run, blocks, replay_block, pilot.meters, on_block)
