"""What overlapping a mixture-of-experts layer's transfers with its computation gains, measured beside predicted.

    python benchmarks/overlap.py --rounds 15 --ratios 0.25 0.5 1 2

Two ranks with one thread each on this machine. The link is emulated: a real gloo transfer over loopback, held until it would
have arrived at a speed chosen so that communication / computation comes to each ratio, given the measured computation.
Predictions use the stages measured in the serial schedule, and no overhead per wave.
"""

import argparse
import os
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.distributed as dist
from rich.console import Console
from rich.table import Table
from torch import multiprocessing

from models.config import Schedule
from models.network.cpu_ops import CpuOps
from models.network.experts import Experts, FullExperts
from models.parallel.link import Link
from models.parallel.predictor import StageTimes, attainment, overlap_efficiency
from models.parallel.schedules import Timing, local_experts, moe_layer

RANKS = 2
LATENCY = 20e-6
OVERLAPPED: list[tuple[Schedule, int]] = [("comet", 4), ("waves", 2), ("waves", 4), ("waves", 8)]
WARM_UPS = 2


@dataclass(frozen=True)
class Case:
    """One rank's share of the layer."""

    tokens: torch.Tensor
    choices: torch.Tensor
    weights: torch.Tensor
    experts: Experts

    def leaving_bytes(self, rank: int) -> int:
        """Bytes that leave this rank in dispatch, and as many come back in combine."""
        return int((self.choices // self.experts.count != rank).sum()) * self.tokens.shape[1] * self.tokens.element_size()


def make_case(rank: int, options: argparse.Namespace) -> Case:
    """Random fp32 weights and routing; the same experts whichever rank makes them."""
    seed = torch.Generator().manual_seed(0)
    local = local_experts(options.experts, RANKS)
    own = slice(rank * local, (rank + 1) * local)
    linear_1 = torch.randn(options.experts, options.hidden, 2 * options.width, generator=seed) / options.hidden**0.5
    linear_2 = torch.randn(options.experts, options.width, options.hidden, generator=seed) / options.width**0.5
    tokens = torch.randn(RANKS, options.tokens, options.hidden, generator=seed)[rank]
    scores = torch.rand(RANKS, options.tokens, options.experts, generator=seed)[rank]
    weights, choices = scores.softmax(-1).topk(2)
    return Case(tokens, choices, weights, FullExperts(CpuOps(), linear_1[own].clone(), linear_2[own].clone()))


def slowest(timing: Timing) -> Timing:
    """Each figure of the rank that took longest for it: a layer ends when its last rank does."""
    names = list(vars(timing))
    figures = torch.tensor([vars(timing)[name] for name in names], dtype=torch.double)
    dist.all_reduce(figures, dist.ReduceOp.MAX)
    return Timing(**dict(zip(names, figures.tolist(), strict=True)))


def measure(case: Case, schedule: Schedule, waves: int, link: Link, rounds: int) -> Timing:
    """The median of each figure over the rounds."""
    timings = []
    for _ in range(WARM_UPS + rounds):
        dist.barrier()
        _, timing = moe_layer(case.tokens, case.choices, case.weights, case.experts, schedule, waves, link)
        timings.append(slowest(timing))
    kept = timings[WARM_UPS:]
    return Timing(**{name: statistics.median(vars(timing)[name] for timing in kept) for name in vars(kept[0])})


def add_rows(table: Table, case: Case, ratio: float, computation: float, leaving: int, rounds: int) -> None:
    """Measure every schedule at one ratio and set it beside its prediction."""
    speed = 2 * leaving / (ratio * computation)
    serial = measure(case, "serial", 1, Link(speed, LATENCY), rounds)
    moved = leaving / speed
    times = StageTimes(moved, serial.linear_1, serial.linear_2, moved, LATENCY)
    table.add_row(f"{times.ratio:.2f}", f"{speed / 1e6:.0f}", "serial", *columns(serial), "1.00", "1.00", "", "")
    for schedule, waves in OVERLAPPED:
        timing = measure(case, schedule, waves, Link(speed, LATENCY), rounds)
        gain = serial.total / timing.total
        predicted = times.predict("serial") / times.predict(schedule, waves)
        efficiency = overlap_efficiency(serial.total, timing.total, times.communication, times.computation)
        marks = (f"{gain:.2f}", f"{predicted:.2f}", f"{efficiency:.2f}", f"{attainment(gain, times.ratio):.2f}")
        table.add_row("", "", f"{schedule}-{waves}", *columns(timing), *marks)
    table.add_section()


def columns(timing: Timing) -> tuple[str, ...]:
    """Milliseconds as they stand in the table."""
    seconds = (timing.compute, timing.dispatch, timing.combine, timing.exposed_wait, timing.total)
    return tuple(f"{1e3 * figure:.1f}" for figure in seconds)


def run_rank(rank: int, store: str, options: argparse.Namespace) -> None:
    """Measure on one rank; the first prints."""
    torch.set_num_threads(1)
    if hasattr(os, "sched_setaffinity") and (os.cpu_count() or 1) >= RANKS:
        os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[rank]})
    dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=RANKS)
    case = make_case(rank, options)
    alone = measure(case, "serial", 1, Link(), options.rounds)
    leaving = torch.tensor(case.leaving_bytes(rank))
    dist.all_reduce(leaving, dist.ReduceOp.MAX)
    table = Table(title=f"{options.tokens} tokens a rank, medians of {options.rounds}; times in ms, the slower rank's")
    for name in ("rho", "MB/s", "schedule", "compute", "dispatch", "combine", "exposed", "total", "gain", "predicted", "eff.", "attained"):
        table.add_column(name, justify="left" if name == "schedule" else "right")
    for ratio in options.ratios:
        add_rows(table, case, ratio, alone.linear_1 + alone.linear_2, int(leaving), options.rounds)
    if rank == 0:
        Console(width=120).print(table)
    dist.barrier()
    dist.destroy_process_group()


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The options; the shape's defaults take about 40 ms of computation on a small machine."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15, help="rounds of each schedule, of which the median is printed")
    parser.add_argument("--ratios", type=float, nargs="+", default=[0.25, 0.5, 1.0, 2.0], help="communication / computation")
    parser.add_argument("--tokens", type=int, default=512, help="tokens a rank")
    parser.add_argument("--hidden", type=int, default=512)
    parser.add_argument("--width", type=int, default=1024, help="the experts' intermediate width")
    parser.add_argument("--experts", type=int, default=16, help="over both ranks; a multiple of 16")
    return parser.parse_args(arguments)


def main() -> None:
    """Start the ranks and wait for them."""
    options = parse()
    with tempfile.TemporaryDirectory() as folder:
        multiprocessing.spawn(run_rank, (f"{folder}/store", options), nprocs=RANKS)


if __name__ == "__main__":
    main()
