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


@kernel
def npu_moe_distribute_dispatch_v2(
    x: Tensor,
    expert_ids: Tensor,
    group_ep: str,
    ep_world_size: int,
    ep_rank_id: int,
    moe_expert_num: int,
    *,
    global_bs: int = 0,
    expert_token_nums_type: int = 1,
) -> tuple[Tensor, ...]:
    """Return the rows for this rank's experts, by expert, then by rank, then by token.

    Their origins are [expert, rank, token, choice].
    """
    must(
        x.dtype in HALF and expert_ids.dtype == torch.int32 and x.numel() > 0,
        "x is of 16 bits and not empty, expert_ids are INT32",
    )
    must(moe_expert_num % ep_world_size == 0, "ranks share the experts evenly")
    must(
        global_bs % ep_world_size == 0 and global_bs // ep_world_size >= len(x),
        "global_bs is the ranks times the most tokens of any",
    )
    must(expert_token_nums_type == 1, "this kernel gives counts")
    mine = moe_expert_num // ep_world_size
    everyone = communicators[group_ep].exchange(ep_rank_id, x, expert_ids)
    rows = x.new_full((global_bs * min(mine, expert_ids.shape[1]), x.shape[1]), torch.nan)
    origins: list[tuple[int, int, int, int]] = []
    for expert in range(ep_rank_id * mine, (ep_rank_id + 1) * mine):
        for rank, (_, chosen) in enumerate(everyone):
            origins += [
                (expert, rank, token, choice)
                for token, choice in (chosen == expert).nonzero().tolist()
            ]
    for place, (_, rank, token, _) in enumerate(origins):
        rows[place] = everyone[rank][0][token]
    experts = range(ep_rank_id * mine, (ep_rank_id + 1) * mine)
    received = [
        [sum(each[:2] == (expert, rank) for each in origins) for rank in range(ep_world_size)]
        for expert in experts
    ]
    assist = torch.full((len(rows) * 128,), -1, dtype=torch.int32)
    assist[: len(origins) * 4] = torch.tensor(origins, dtype=torch.int32).flatten()
    table = torch.tensor(received, dtype=torch.int32)
    return (
        rows,
        torch.empty(len(rows)),
        assist,
        table.sum(1),
        table.flatten(),
        torch.empty(0, dtype=torch.int32),
        torch.empty(0),
    )


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
    global_bs: int = 0,
) -> Tensor:
    """Sum each token's rows, from whatever rank, times its scales."""
    must(
        expert_scales.dtype == torch.float32 and expert_scales.shape == expert_ids.shape,
        "expert_scales are FLOAT32, one a choice",
    )
    must(
        expert_ids.dtype == torch.int32 and tp_send_counts is not None,
        "the ids and the record of the dispatch are handed back",
    )
    origins = assist_info_for_combine[: int(ep_send_counts.sum()) * 4].view(-1, 4)
    must(bool((origins >= 0).all()), "the record of the dispatch is handed back unchanged")
    out = torch.zeros(len(expert_ids), expand_x.shape[1], dtype=torch.double)
    for rows, theirs in communicators[group_ep].exchange(ep_rank_id, expand_x, origins):
        for place, (_, rank, token, choice) in enumerate(theirs.tolist()):
            if rank == ep_rank_id:
                out[token] += expert_scales[token, choice].double() * rows[place].double()
    return out.to(expand_x.dtype)
