"""Dispatch and combine between ranks that are threads of one process.

The ranks exchange tensors through a table that they all see.
"""

from dataclasses import dataclass, field
from threading import Barrier, Lock

import torch
from support.npu_rig.registry import HALF, kernel, must
from torch import Tensor


@dataclass
class Communicator:
    """Exchange between the ranks of one group, as HCCL would carry it."""

    ranks: int
    table: dict[int, tuple[Tensor, ...]] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self.barrier = Barrier(self.ranks)

    def exchange(self, rank: int, *sent: Tensor) -> list[tuple[Tensor, ...]]:
        """Return what every rank sent, in the order of ranks."""
        with self.lock:
            self.table[rank] = sent
        self.barrier.wait(20)
        received = [self.table[each] for each in range(self.ranks)]
        self.barrier.wait(20)
        return received


communicators: dict[str, Communicator] = {}


A2_RANKS = {2, 3, 4, 5, 6, 7, 8, 16, 32, 64, 128, 256}
UNDEFINED = torch.nan  # in rows that the kernels do not write


@kernel
def npu_moe_distribute_dispatch_v2(
    x: Tensor,
    expert_ids: Tensor,
    group_ep: str,
    ep_world_size: int,
    ep_rank_id: int,
    moe_expert_num: int,
    *,
    x_active_mask: Tensor | None = None,
    expert_scales: Tensor | None = None,
    global_bs: int = 0,
    expert_token_nums_type: int = 1,
) -> tuple[Tensor, ...]:
    """Return the rows for this rank's experts, by expert, then by rank, then by token.

    Their origins are [expert, rank, token, choice]. Weights go along on Atlas A2 alone, so they
    tell whose rules hold.
    """
    _check_sizes(x, expert_ids, ep_world_size, is_a2=expert_scales is not None)
    must(expert_token_nums_type == 1, "this kernel gives counts")
    _check_ids(expert_ids, moe_expert_num, ep_world_size)
    shared = torch.tensor([ep_world_size, moe_expert_num, global_bs])
    mine = moe_expert_num // ep_world_size
    mask = _check_mask(x_active_mask, len(x))
    everyone = communicators[group_ep].exchange(ep_rank_id, x, expert_ids, mask, shared)
    must(all(torch.equal(each[3], shared) for each in everyone), "all ranks pass the same numbers")
    _check_tokens([len(each[0]) for each in everyone], [each[2] for each in everyone], global_bs)
    bound = (global_bs or len(x) * ep_world_size) * min(mine, expert_ids.shape[1])
    rows = x.new_full((bound, x.shape[1]), UNDEFINED)
    experts = range(ep_rank_id * mine, (ep_rank_id + 1) * mine)
    origins: list[tuple[int, int, int, int]] = []
    for expert in experts:
        for rank, (_, chosen, active, _) in enumerate(everyone):
            sent = (chosen == expert) & active.unsqueeze(1)
            origins += [(expert, rank, token, choice) for token, choice in sent.nonzero().tolist()]
    for place, (_, rank, token, _) in enumerate(origins):
        rows[place] = everyone[rank][0][token]
    received = [
        [sum(each[:2] == (expert, rank) for each in origins) for rank in range(ep_world_size)]
        for expert in experts
    ]
    assist = torch.full((len(rows) * 128,), -1, dtype=torch.int32)
    assist[: len(origins) * 4] = torch.tensor(origins, dtype=torch.int32).flatten()
    table = torch.tensor(received)
    # On Atlas A2 more numbers follow for each host of eight.
    hosts = torch.zeros(2 * global_bs * expert_ids.shape[1] * (ep_world_size // 8))
    return (
        rows,
        torch.empty(len(rows)),
        assist,
        table.sum(1),
        torch.cat([table.flatten(), hosts if expert_scales is not None else hosts[:0]]).int(),
        torch.empty(0, dtype=torch.int32),
        torch.empty(0 if expert_scales is None else len(rows)),
    )


def _check_sizes(x: Tensor, ids: Tensor, ranks: int, is_a2: bool) -> None:
    (tokens, hidden), choices = x.shape, ids.shape[1]
    must(x.dtype in HALF and ids.dtype == torch.int32, "x is of 16 bits, expert_ids are INT32")
    must(len(ids) == tokens and 0 < choices <= 16, "a row of at most 16 experts for each token")
    if is_a2:
        must(0 < tokens <= 256, "A2: 1 to 256 tokens")
        must(0 < hidden <= 7168 and hidden % 32 == 0, "A2: rows of 32, 64 .. 7168")
        must(ranks in A2_RANKS, "A2: 2 to 8 ranks, or a power of 2 up to 256")
    else:
        must(0 < tokens <= 512, "A3: 1 to 512 tokens")
        must(1024 <= hidden <= 8192, "A3: rows of 1024 to 8192")
        must(2 <= ranks <= 768, "A3: 2 to 768 ranks")


def _check_ids(ids: Tensor, experts: int, ranks: int) -> None:
    must(experts % ranks == 0, "ranks share the experts evenly")
    must(bool(((ids >= 0) & (ids < experts)).all()), "expert_ids are numbers of experts")
    must(all(len(set(each)) == len(each) for each in ids.tolist()), "a token's experts differ")


def _check_mask(mask: Tensor | None, tokens: int) -> Tensor:
    """Return which tokens take part: all without a mask."""
    if mask is None:
        return torch.ones(tokens, dtype=torch.bool)
    must(mask.dtype == torch.bool and mask.shape == (tokens,), "x_active_mask is BOOL, [tokens]")
    must(mask.tolist() == sorted(mask.tolist(), reverse=True), "true stands before false")
    return mask


def _check_tokens(tokens: list[int], masks: list[Tensor], global_bs: int) -> None:
    if len(set(tokens)) > 1:
        must(all(bool(each.all()) for each in masks), "with unequally many tokens all are active")
        must(global_bs == max(tokens) * len(tokens), "global_bs is the ranks times the most tokens")
    else:
        must(global_bs in (0, sum(tokens)), "global_bs is 0 or all tokens, also inactive ones")


@kernel
def npu_moe_distribute_combine_v2(
    expand_x: Tensor,
    expert_ids: Tensor,
    assist_info_for_combine: Tensor,
    ep_send_counts: Tensor,
    expert_scales: Tensor,
    group_ep: str,
    ep_world_size: int,
    ep_rank_id: int,
    moe_expert_num: int,
    *,
    tp_send_counts: Tensor | None = None,
    x_active_mask: Tensor | None = None,
    expand_scales: Tensor | None = None,
    global_bs: int = 0,
) -> Tensor:
    """Sum each token's rows, from whatever rank, times its scales."""
    must(
        expert_scales.dtype == torch.float32 and expert_scales.shape == expert_ids.shape,
        "expert_scales are FLOAT32, one a choice",
    )
    must(
        expert_ids.dtype == torch.int32 and expand_x.dtype in HALF,
        "the ids are INT32, and rows of 16 bits",
    )
    must(
        (tp_send_counts is None) != (expand_scales is None),
        "A2 wants the weights of the dispatch back, A3 the record of shards",
    )
    mask = _check_mask(x_active_mask, len(expert_ids))
    received = ep_send_counts[:moe_expert_num].sum()  # A2 has more behind them
    origins = assist_info_for_combine[: int(received) * 4].view(-1, 4)
    must(bool((origins >= 0).all()), "the record of the dispatch is handed back unchanged")
    out = torch.zeros(len(expert_ids), expand_x.shape[1], dtype=torch.double)
    out[~mask] = UNDEFINED
    for rows, theirs in communicators[group_ep].exchange(ep_rank_id, expand_x, origins):
        for place, (_, rank, token, choice) in enumerate(theirs.tolist()):
            if rank == ep_rank_id:
                out[token] += expert_scales[token, choice].double() * rows[place].double()
    return out.to(expand_x.dtype)
