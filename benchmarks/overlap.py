"""Gain of overlapping the transfers of a mixture-of-experts layer with its computation.

    python benchmarks/overlap.py --rounds 15 --ratios 0.25 0.5 1 2

Measured beside predicted. Two ranks with one thread each on this machine. The link is emulated: a
real gloo transfer over loopback, delayed until it would have arrived at a speed that makes
communication / computation each ratio, given the measured computation. Predictions use the stages
measured in the serial schedule, and no overhead per wave.
"""

import argparse
import json
import os
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from rich.console import Console
from rich.table import Table
from torch import multiprocessing

from models.config import Schedule
from models.expert_parallel.predictor import (
    StageTimes,
    attainment,
    overlap_efficiency,
)
from models.expert_parallel.schedules import MoeTiming, experts_per_rank, moe_layer
from models.expert_parallel.transport import Transport
from models.layers.experts import Experts, FullExperts
from models.ops.cpu_ops import CpuOps

RANKS = 2
LATENCY = 20e-6
SCHEDULES: list[tuple[Schedule, int]] = [
    ("serial", 1),
    ("comet", 4),
    ("waves", 2),
    ("waves", 4),
    ("waves", 8),
]
WARM_UPS = 2


@dataclass(frozen=True)
class Case:
    """One rank's share of the layer."""

    tokens: torch.Tensor
    choices: torch.Tensor
    weights: torch.Tensor
    experts: Experts

    def leaving_bytes(self, rank: int) -> int:
        """Return the bytes that leave this rank in dispatch; as many come back in combine."""
        return (
            int((self.choices // self.experts.count != rank).sum())
            * self.tokens.shape[1]
            * self.tokens.element_size()
        )


def make_case(rank: int, options: argparse.Namespace) -> Case:
    """Make random fp32 weights and routing; the same experts whichever rank makes them."""
    seed = torch.Generator().manual_seed(0)
    local = experts_per_rank(options.experts, RANKS)
    own = slice(rank * local, (rank + 1) * local)
    linear_1 = (
        torch.randn(options.experts, options.hidden, 2 * options.width, generator=seed)
        / options.hidden**0.5
    )
    linear_2 = (
        torch.randn(options.experts, options.width, options.hidden, generator=seed)
        / options.width**0.5
    )
    tokens = torch.randn(RANKS, options.tokens, options.hidden, generator=seed)[rank]
    scores = torch.rand(RANKS, options.tokens, options.experts, generator=seed)[rank]
    weights, choices = scores.softmax(-1).topk(2)
    return Case(
        tokens,
        choices,
        weights,
        FullExperts(CpuOps(), linear_1[own].clone(), linear_2[own].clone()),
    )


def slowest(timing: MoeTiming) -> MoeTiming:
    """Return each figure of the slowest rank: a layer ends when its last rank does."""
    names = list(vars(timing))
    figures = torch.tensor([vars(timing)[name] for name in names], dtype=torch.double)
    dist.all_reduce(figures, dist.ReduceOp.MAX)
    return MoeTiming(**dict(zip(names, figures.tolist(), strict=True)))


def measure(
    case: Case, link: Transport, rounds: int
) -> dict[tuple[Schedule, int], list[MoeTiming]]:
    """Run every schedule in turn, round by round, so that other work slows all alike."""
    found: dict[tuple[Schedule, int], list[MoeTiming]] = {each: [] for each in SCHEDULES}
    for turn in range(WARM_UPS + rounds):
        for schedule, waves in SCHEDULES:
            dist.barrier()
            _, timing = moe_layer(
                case.tokens, case.choices, case.weights, case.experts, schedule, waves, link
            )
            if turn >= WARM_UPS:
                found[schedule, waves].append(slowest(timing))
    return found


def median(timings: list[MoeTiming]) -> MoeTiming:
    """Return the median of each figure."""
    return MoeTiming(
        **{
            name: statistics.median(vars(timing)[name] for timing in timings)
            for name in vars(timings[0])
        }
    )


def add_rows(
    table: Table, case: Case, asked: float, computation: float, leaving: int, rounds: int
) -> list[dict[str, Any]]:
    """Measure every schedule at one ratio beside its prediction; gains are medians over rounds.

    The link is set for the ratio that is asked for; what it comes to is measured.
    Returns the figures of each schedule but the serial one.
    """
    figures = []
    speed = 2 * leaving / (asked * computation)
    found = measure(case, Transport(speed, LATENCY), rounds)
    serial, moved = median(found["serial", 1]), leaving / speed
    times = StageTimes(moved, serial.linear_1, serial.linear_2, moved, LATENCY)
    for schedule, waves in SCHEDULES:
        timing = median(found[schedule, waves])
        gains = [
            a.total / b.total
            for a, b in zip(found["serial", 1], found[schedule, waves], strict=True)
        ]
        gain = statistics.median(gains)
        predicted = times.predict("serial") / times.predict(schedule, waves)
        efficiency = overlap_efficiency(
            gain * timing.total, timing.total, times.communication, times.computation
        )
        attained = attainment(gain, times.ratio)
        marks = [f"{each:.2f}" for each in (gain, predicted, efficiency, attained)]
        spread = {"gain": gain, "least_gain": min(gains), "most_gain": max(gains)}
        found_here = {**spread, "predicted": predicted, "efficiency": efficiency}
        named = {"asked": asked, "ratio": times.ratio, "schedule": schedule, "waves": waves}
        figures.append({**named, **found_here, "attained": attained})
        first = (f"{times.ratio:.2f}", f"{speed / 1e6:.0f}") if schedule == "serial" else ("", "")
        table.add_row(
            *first,
            f"{schedule}-{waves}",
            *columns(timing),
            *(marks if schedule != "serial" else ("1.00", "1.00", "", "")),
        )
    table.add_section()
    return [each for each in figures if each["schedule"] != "serial"]


def columns(timing: MoeTiming) -> tuple[str, ...]:
    """Return the milliseconds of a row of the table."""
    seconds = (timing.compute, timing.dispatch, timing.combine, timing.exposed_wait, timing.total)
    return tuple(f"{1e3 * figure:.1f}" for figure in seconds)


def run_rank(rank: int, store: str, options: argparse.Namespace) -> None:
    """Measure on one rank; the first prints."""
    torch.set_num_threads(1)
    if hasattr(os, "sched_setaffinity") and (os.cpu_count() or 1) >= RANKS:
        os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[rank]})
    dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=RANKS)
    case = make_case(rank, options)
    alone = median(measure(case, Transport(), options.rounds)["serial", 1])
    leaving = torch.tensor(case.leaving_bytes(rank))
    dist.all_reduce(leaving, dist.ReduceOp.MAX)
    table = Table(
        title=f"{options.tokens} tokens a rank, medians of {options.rounds}; "
        "times in ms, the slower rank's"
    )
    for name in (
        "rho",
        "MB/s",
        "schedule",
        "compute",
        "dispatch",
        "combine",
        "exposed",
        "total",
        "gain",
        "predicted",
        "eff.",
        "attained",
    ):
        table.add_column(name, justify="left" if name == "schedule" else "right")
    computation = alone.linear_1 + alone.linear_2
    figures = [
        each
        for ratio in options.ratios
        for each in add_rows(table, case, ratio, computation, int(leaving), options.rounds)
    ]
    if rank == 0:
        Console(width=120).print(table)
        if options.json:
            options.json.write_text(json.dumps(figures))
    dist.barrier()
    dist.destroy_process_group()


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the options; the default shape takes about 40 ms of computation on a small machine."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--rounds",
        type=int,
        default=15,
        help="rounds of each schedule, of which the median is printed",
    )
    parser.add_argument(
        "--ratios",
        type=float,
        nargs="+",
        default=[0.25, 0.5, 1.0, 2.0],
        help="communication / computation",
    )
    parser.add_argument("--tokens", type=int, default=512, help="tokens a rank")
    parser.add_argument("--hidden", type=int, default=512)
    parser.add_argument("--width", type=int, default=1024, help="the experts' intermediate width")
    parser.add_argument("--experts", type=int, default=16, help="over both ranks; a multiple of 16")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    return parser.parse_args(arguments)


def main() -> None:
    """Start the ranks and wait for them."""
    options = parse()
    with tempfile.TemporaryDirectory() as folder:
        multiprocessing.spawn(run_rank, (f"{folder}/store", options), nprocs=RANKS)


if __name__ == "__main__":
    main()
