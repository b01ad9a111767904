"""A mixture-of-experts layer on several ranks, in schedules that give the same outputs.

serial  dispatch, linear 1, linear 2, combine, one after another
comet   dispatch overlaps linear 1, then combine overlaps linear 2
waves   a wave of experts is computed once its tokens are here, while later tokens arrive and
        finished results return (DeepSeek V4 report, 3.1)
fused   dispatch and combine in one kernel each, without a host between them

A wave holds whole experts, so in the first three each expert multiplies the same rows in the same
order, and outputs are equal to the bit.
"""

import time
from dataclasses import dataclass

import torch
import torch.distributed as dist

from models.config import Schedule
from models.errors import BadConfig
from models.expert_parallel.transport import PendingTransfer, Transport
from models.layers.experts import Experts
from models.ops.ops import ExpertExchange


@dataclass
class MoeTiming:
    """Seconds of one layer call on one rank.

    dispatch and combine last from the first send to the last observed arrival, so in comet and
    waves they overlap compute. exposed_wait is idle time. compute includes packing rows. All are
    times of the host: an accelerator works on while the host goes ahead, so there they tell when
    work was launched, and only a profiler tells the rest.
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
        """Seconds in both linear layers and in packing."""
        return self.linear_1 + self.linear_2 + self.packing


@dataclass(frozen=True)
class RoutingPlan:
    """Destinations of rows. `order` [n*k] sorts them by (wave, rank, local expert)."""

    order: torch.Tensor
    send: torch.Tensor  # [wave, rank, local expert]: rows that leave
    recv: torch.Tensor  # [rank, wave, local expert]: rows that arrive
    experts_per_wave: int

    def sent_rows(self, wave: int) -> list[int]:
        """Count the rows to each rank."""
        return [int(rows) for rows in self.send[wave].sum(-1)]

    def received_rows(self, wave: int) -> list[int]:
        """Count the rows from each rank."""
        return [int(rows) for rows in self.recv[:, wave].sum(-1)]

    def span(self, wave: int) -> slice:
        """Return this wave's slice of the sorted rows."""
        start = int(self.send[:wave].sum())
        return slice(start, start + int(self.send[wave].sum()))

    def experts(self, wave: int) -> range:
        """Return this wave's local experts."""
        return range(wave * self.experts_per_wave, (wave + 1) * self.experts_per_wave)


def experts_per_rank(total: int, ranks: int) -> int:
    """Divide the experts among ranks. Raise if there is a remainder."""
    if total % ranks:
        raise BadConfig(
            f"{total} experts cannot be shared evenly by {ranks} ranks. "
            f"Start a number of ranks that divides {total}."
        )
    return total // ranks


def make_plan(choices: torch.Tensor, total: int, waves: int) -> RoutingPlan:
    """Exchange the routing of choices [n, k] (global expert numbers) with the other ranks."""
    ranks = dist.get_world_size()
    local = experts_per_rank(total, ranks)
    if waves < 1 or local % waves:
        raise BadConfig(
            f"{local} experts per rank cannot be cut into {waves} waves. "
            f"Choose a number of waves that divides {local}."
        )
    flat, per_wave = choices.flatten(), local // waves
    key = ((flat % local) // per_wave * ranks + flat // local) * local + flat % local
    send = torch.bincount(key, minlength=waves * ranks * local).view(waves, ranks, local)
    recv = send.new_empty(ranks, waves, local)
    dist.all_to_all_single(recv, send.transpose(0, 1).contiguous())
    return RoutingPlan(key.argsort(stable=True), send, recv, per_wave)


def group_by_expert(counts: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the order of rows by (expert, rank), and the rows of each expert.

    The rows arrived by (rank, expert), as many as counts [rank, expert].
    """
    experts = torch.arange(counts.shape[1], device=counts.device).repeat(counts.shape[0])
    order = experts.repeat_interleave(counts.flatten()).argsort(stable=True)
    return order, counts.sum(0)


class MoeCall:
    """One call of the layer. Every rank of the process group makes the same call."""

    def __init__(
        self, tokens: torch.Tensor, plan: RoutingPlan, experts: Experts, transport: Transport
    ) -> None:
        self.plan, self.experts, self.transport = plan, experts, transport
        self.timing = MoeTiming()
        self.waves = range(plan.send.shape[0])
        self.sorted_rows = tokens
        self.results = torch.empty_like(tokens)
        self.arrived: list[torch.Tensor] = []
        self.dispatches: list[PendingTransfer] = []
        self.combines: list[PendingTransfer] = []
        self._first_combine = 0.0
        self._first_dispatch = 0.0

    def run(self, schedule: Schedule) -> torch.Tensor:
        """Compute the results [n*k, h] in the plan's order."""
        self._start_dispatch()
        if schedule == "waves":
            self._run_waves()
        else:
            self._run_stages(is_overlapping=schedule == "comet")
        for transfer in self.combines:
            self._wait(transfer)
        self.timing.combine = time.perf_counter() - self._first_combine
        return self.results

    def _run_waves(self) -> None:
        for wave in self.waves:
            self._await_rows(wave)
            self._start_combine(wave, self._linear_2(wave, self._linear_1(wave)))

    def _run_stages(self, is_overlapping: bool) -> None:
        if not is_overlapping:
            for wave in self.waves:
                self._await_rows(wave)
        hidden = []
        for wave in self.waves:
            if is_overlapping:
                self._await_rows(wave)
            hidden.append(self._linear_1(wave))
        results = []
        for wave in self.waves:
            results.append(self._linear_2(wave, hidden[wave]))
            if is_overlapping:
                self._start_combine(wave, results[wave])
        if not is_overlapping:
            for wave in self.waves:
                self._start_combine(wave, results[wave])

    def _start_dispatch(self) -> None:
        """Start the transfers of all waves. The link serves them in order."""
        self._first_dispatch = time.perf_counter()
        for wave in self.waves:
            counts = self.plan.received_rows(wave)
            rows = self.sorted_rows.new_empty(sum(counts), self.sorted_rows.shape[1])
            sent = self.sorted_rows[self.plan.span(wave)]
            transfer = self.transport.exchange(rows, sent, counts, self.plan.sent_rows(wave))
            self.arrived.append(rows)
            self.dispatches.append(transfer)

    def _await_rows(self, wave: int) -> None:
        self._wait(self.dispatches[wave])
        self.timing.dispatch = time.perf_counter() - self._first_dispatch

    def _start_combine(self, wave: int, results: torch.Tensor) -> None:
        """Start sending results [m, h] back to the ranks that sent the rows."""
        self._first_combine = self._first_combine or time.perf_counter()
        out = self.results[self.plan.span(wave)]
        sent, received = self.plan.sent_rows(wave), self.plan.received_rows(wave)
        self.combines.append(self.transport.exchange(out, results, sent, received))

    def _wait(self, transfer: PendingTransfer) -> None:
        started = time.perf_counter()
        transfer.wait()
        self.timing.exposed_wait += time.perf_counter() - started

    def _group(self, wave: int) -> tuple[torch.Tensor, torch.Tensor]:
        experts = self.plan.experts(wave)
        return group_by_expert(self.plan.recv[:, wave, experts.start : experts.stop])

    def _linear_1(self, wave: int) -> torch.Tensor:
        """Apply linear 1 to a wave: rows [m, d] by expert."""
        started = time.perf_counter()
        order, counts = self._group(wave)
        rows = self.arrived[wave][order]
        hidden = self.experts.linear_1(rows, counts, self.plan.experts(wave).start)
        self.timing.linear_1 += time.perf_counter() - started
        return hidden

    def _linear_2(self, wave: int, hidden: torch.Tensor) -> torch.Tensor:
        """Apply linear 2 to a wave: results [m, h] in the order of arrival."""
        started = time.perf_counter()
        order, counts = self._group(wave)
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
    transport: Transport | None = None,
) -> tuple[torch.Tensor, MoeTiming]:
    """Compute the layer's output [n, h] and its timing. `experts` are this rank's.

    tokens [n, h], choices [n, k] and their weights [n, k].
    """
    started = time.perf_counter()
    plan = make_plan(choices, experts.count * dist.get_world_size(), waves)
    planned = time.perf_counter()
    rows = tokens[plan.order // choices.shape[1]]
    call = MoeCall(rows, plan, experts, transport or Transport())
    call.timing.packing = time.perf_counter() - planned
    returned = call.run(schedule)
    computed = time.perf_counter()
    results = torch.empty_like(returned)
    results[plan.order] = returned
    by_token = results.view(*choices.shape, results.shape[-1])
    out = (by_token * weights.to(results.dtype).unsqueeze(-1)).sum(1)
    ended = time.perf_counter()
    call.timing.packing += ended - computed
    call.timing.total = ended - started
    return out, call.timing


def fused_layer(
    tokens: torch.Tensor,
    choices: torch.Tensor,
    weights: torch.Tensor,
    experts: Experts,
    exchange: ExpertExchange,
) -> torch.Tensor:
    """Compute the layer's output [n, h] by the fused exchange. `experts` are this rank's.

    tokens [n, h], choices [n, k] and their weights [n, k]. Nothing is read from the device, so the
    host goes ahead of it, and no time of a layer is known here.
    """
    sent = exchange.dispatch(tokens, choices, weights)
    hidden = experts.linear_1(sent.rows, sent.counts)
    return exchange.combine(experts.linear_2(hidden, sent.counts), sent)
