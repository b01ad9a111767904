"""A mixture-of-experts layer over several ranks under three schedules, with bit-identical outputs.

serial  dispatch, linear 1, linear 2, combine, one after another
comet   dispatch beneath linear 1, then combine beneath linear 2
waves   a wave of experts is computed as soon as its tokens are here, while later tokens come and
        finished results return (DeepSeek V4 report, 3.1)

A wave holds whole experts, so each expert multiplies the same rows in the same order whatever the schedule.
"""

import time
from dataclasses import dataclass

import torch
import torch.distributed as dist

from models.config import Schedule
from models.errors import BadConfig
from models.expert_parallel.transport import Transport, PendingTransfer
from models.layers.experts import Experts


@dataclass
class MoeTiming:
    """Seconds of one layer call on one rank.

    dispatch and combine run from the first issue to the last arrival that was noticed, so they overlap compute
    in comet and waves; exposed_wait is what the rank stood still for; compute includes packing rows. All by the host's clock: on an
    accelerator, which works on while the host goes ahead, they say when work was launched, and a profiler must say the rest.
    """

    linear_1: float = 0.0
    linear_2: float = 0.0
    packing: float = 0.0
    dispatch: float = 0.0
    combine: float = 0.0
    exposed_wait: float = 0.0
    total: float = 0.0

    @property
    def compute(self) -> float:
        """Both linears and the packing around them."""
        return self.linear_1 + self.linear_2 + self.packing


@dataclass(frozen=True)
class RoutingPlan:
    """Where rows go: order [n*k] sorts them by (wave, rank, local expert).

    send [wave, rank, local expert] counts rows that leave, recv [rank, wave, local expert] rows that come.
    """

    order: torch.Tensor
    send: torch.Tensor
    recv: torch.Tensor
    per_wave: int

    def sent_rows(self, wave: int) -> list[int]:
        """Rows to each rank."""
        return [int(rows) for rows in self.send[wave].sum(-1)]

    def received_rows(self, wave: int) -> list[int]:
        """Rows from each rank."""
        return [int(rows) for rows in self.recv[:, wave].sum(-1)]

    def span(self, wave: int) -> slice:
        """This wave's rows among the sorted ones."""
        start = int(self.send[:wave].sum())
        return slice(start, start + int(self.send[wave].sum()))

    def experts(self, wave: int) -> range:
        """This wave's local experts."""
        return range(wave * self.per_wave, (wave + 1) * self.per_wave)


def experts_per_rank(total: int, ranks: int) -> int:
    """How many experts each rank holds."""
    if total % ranks:
        raise BadConfig(
            f"{total} experts cannot be shared evenly by {ranks} ranks; start a number of ranks that divides {total}"
        )
    return total // ranks


def make_plan(choices: torch.Tensor, total: int, waves: int) -> RoutingPlan:
    """Exchange the routing of choices [n, k] (global expert numbers) with the other ranks."""
    ranks = dist.get_world_size()
    local = experts_per_rank(total, ranks)
    if waves < 1 or local % waves:
        raise BadConfig(
            f"{local} experts a rank cannot be cut into {waves} waves; choose a number of waves that divides {local}"
        )
    flat, per_wave = choices.flatten(), local // waves
    key = ((flat % local) // per_wave * ranks + flat // local) * local + flat % local
    send = torch.bincount(key, minlength=waves * ranks * local).view(waves, ranks, local)
    recv = send.new_empty(ranks, waves, local)
    dist.all_to_all_single(recv, send.transpose(0, 1).contiguous())
    return RoutingPlan(key.argsort(stable=True), send, recv, per_wave)


def group_by_expert(counts: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """For rows that came by (rank, expert), counts [rank, expert]: their order by (expert, rank), and rows per expert."""
    experts = (
        torch.arange(counts.shape[1], device=counts.device)
        .repeat(counts.shape[0])
        .repeat_interleave(counts.flatten())
    )
    return experts.argsort(stable=True), counts.sum(0)


class MoeCall:
    """One call of the layer; every rank of the process group makes the same call."""

    def __init__(self, tokens: torch.Tensor, plan: RoutingPlan, experts: Experts, link: Transport) -> None:
        self.plan, self.experts, self.link = plan, experts, link
        self.timing = MoeTiming()
        self.waves = range(plan.send.shape[0])
        self.sorted = tokens
        self.returned = torch.empty_like(tokens)
        self.arrived: list[torch.Tensor] = []
        self.coming: list[PendingTransfer] = []
        self.going: list[PendingTransfer] = []
        self._first_combine = 0.0
        self._first_dispatch = 0.0

    def run(self, schedule: Schedule) -> torch.Tensor:
        """The results [n*k, h] in the plan's order."""
        self._dispatch()
        if schedule == "waves":
            self._waves()
        else:
            self._stages(overlap=schedule == "comet")
        for transfer in self.going:
            self._wait(transfer)
        self.timing.combine = time.perf_counter() - self._first_combine
        return self.returned

    def _waves(self) -> None:
        for wave in self.waves:
            self._arrive(wave)
            self._combine(wave, self._second(wave, self._first(wave)))

    def _stages(self, overlap: bool) -> None:
        if not overlap:
            for wave in self.waves:
                self._arrive(wave)
        hidden = []
        for wave in self.waves:
            if overlap:
                self._arrive(wave)
            hidden.append(self._first(wave))
        results = []
        for wave in self.waves:
            results.append(self._second(wave, hidden[wave]))
            if overlap:
                self._combine(wave, results[wave])
        if not overlap:
            for wave in self.waves:
                self._combine(wave, results[wave])

    def _dispatch(self) -> None:
        """Start every wave's transfer; the link serves them in order."""
        self._first_dispatch = time.perf_counter()
        for wave in self.waves:
            rows = self.plan.received_rows(wave)
            self.arrived.append(self.sorted.new_empty(sum(rows), self.sorted.shape[1]))
            sent = self.sorted[self.plan.span(wave)]
            self.coming.append(
                self.link.exchange(self.arrived[wave], sent, rows, self.plan.sent_rows(wave))
            )

    def _arrive(self, wave: int) -> None:
        self._wait(self.coming[wave])
        self.timing.dispatch = time.perf_counter() - self._first_dispatch

    def _combine(self, wave: int, results: torch.Tensor) -> None:
        """Start sending results [m, h] back, by the rank that they came from."""
        self._first_combine = self._first_combine or time.perf_counter()
        out = self.returned[self.plan.span(wave)]
        self.going.append(
            self.link.exchange(
                out, results, self.plan.sent_rows(wave), self.plan.received_rows(wave)
            )
        )

    def _wait(self, transfer: PendingTransfer) -> None:
        started = time.perf_counter()
        transfer.wait()
        self.timing.exposed_wait += time.perf_counter() - started

    def _regroup(self, wave: int) -> tuple[torch.Tensor, torch.Tensor]:
        mine = self.plan.experts(wave)
        return group_by_expert(self.plan.recv[:, wave, mine.start : mine.stop])

    def _first(self, wave: int) -> torch.Tensor:
        """Linear 1 of a wave: rows [m, d] by expert."""
        started = time.perf_counter()
        order, counts = self._regroup(wave)
        hidden = self.experts.linear_1(
            self.arrived[wave][order], counts, self.plan.experts(wave).start
        )
        self.timing.linear_1 += time.perf_counter() - started
        return hidden

    def _second(self, wave: int, hidden: torch.Tensor) -> torch.Tensor:
        """Linear 2 of a wave: results [m, h] in the order in which the rows came."""
        started = time.perf_counter()
        order, counts = self._regroup(wave)
        results = torch.empty_like(self.arrived[wave])
        results[order] = self.experts.linear_2(hidden, counts, self.plan.experts(wave).start)
        self.timing.linear_2 += time.perf_counter() - started
        return results


def moe_layer(
    tokens: torch.Tensor,
    choices: torch.Tensor,
    weights: torch.Tensor,
    experts: Experts,
    schedule: Schedule,
    waves: int = 1,
    link: Transport | None = None,
) -> tuple[torch.Tensor, MoeTiming]:
    """tokens [n, h], choices [n, k] and their weights [n, k] -> the layer's output [n, h], and its seconds; `experts` are this rank's."""
    started = time.perf_counter()
    plan = make_plan(choices, experts.count * dist.get_world_size(), waves)
    packed = time.perf_counter()
    layer = MoeCall(tokens[plan.order // choices.shape[1]], plan, experts, link or Transport())
    layer.timing.packing = time.perf_counter() - packed
    returned = layer.run(schedule)
    packed = time.perf_counter()
    results = torch.empty_like(returned)
    results[plan.order] = returned
    out = (
        results.view(*choices.shape, results.shape[-1]) * weights.to(results.dtype).unsqueeze(-1)
    ).sum(1)
    ended = time.perf_counter()
    layer.timing.packing += ended - packed
    layer.timing.total = ended - started
    return out, layer.timing
