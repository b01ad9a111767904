"""Dispatch and combine in one fused kernel each, as NPUs have them.

The schedules in `models.expert_parallel` cut a layer into waves and send each with
`dist.all_to_all_single`, on HCCL if the ranks are NPUs, so that the network and the experts overlap
as scheduled. The two kernels here fuse sorting, sending and counting without a host in between:
fewer launches, no counts to wait for, but nothing to overlap from outside. They are made for
decoding, where every rank has its own tokens, a few hundred at most. A layer is

    sent = dispatch(x, chosen, group)
    rows = experts.linear_2(experts.linear_1(sent.rows, sent.counts), sent.counts)
    out = combine(rows, sent, chosen, weights, group)
"""

from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import torch
import torch.distributed as dist
import torch_npu
from torch import Tensor

from models.errors import BadConfig


@dataclass(frozen=True)
class ExpertGroup:
    """Ranks that share a layer's experts evenly: rank r has those from r * experts / ranks on."""

    name: str  # of the HCCL communicator
    ranks: int
    rank: int
    experts: int  # of all ranks
    max_tokens: int  # of any rank in a step; equal on all ranks

    def __post_init__(self) -> None:
        if self.experts % self.ranks:
            raise BadConfig(
                f"{self.experts} experts cannot be shared evenly by {self.ranks} ranks. "
                "Choose a number of ranks that divides them."
            )

    @classmethod
    def of(
        cls, group: dist.ProcessGroup, device: torch.device, experts: int, max_tokens: int
    ) -> Self:
        """Describe the ranks of an HCCL process group. `device` is this rank's."""
        rank = dist.get_rank(group)
        hccl: Any = group._get_backend(device)
        return cls(
            hccl.get_hccl_comm_name(rank), dist.get_world_size(group), rank, experts, max_tokens
        )


class DispatchedRows(NamedTuple):
    """Rows that arrived at this rank, and the kernel's records, which `combine` needs again."""

    rows: Tensor  # [maximum, H], sorted by expert; undefined beyond the sum of `counts`
    counts: Tensor  # [experts of this rank]: rows of each, int64
    origins: Tensor  # the kernel's record of the rows' owners
    received: Tensor  # the kernel's record of rows by sender
    shards: Tensor  # the kernel's record of ranks that share one expert; there are none


def dispatch(x: Tensor, chosen: Tensor, group: ExpertGroup) -> DispatchedRows:
    """Send each token x [T, H] to its experts [T, k]. All ranks of the group call this at once."""
    rows, _, origins, counts, received, shards, _ = torch_npu.npu_moe_distribute_dispatch_v2(
        x,
        chosen.int(),
        group_ep=group.name,
        ep_world_size=group.ranks,
        ep_rank_id=group.rank,
        moe_expert_num=group.experts,
        global_bs=group.max_tokens * group.ranks,
        expert_token_nums_type=1,  # counts, not their running sum
    )
    return DispatchedRows(rows, counts, origins, received, shards)


def combine(
    rows: Tensor, sent: DispatchedRows, chosen: Tensor, weights: Tensor, group: ExpertGroup
) -> Tensor:
    """Send the experts' outputs back and sum them by each token's weights [T, k] -> [T, H]."""
    summed: Tensor = torch_npu.npu_moe_distribute_combine_v2(
        rows,
        chosen.int(),
        sent.origins,
        sent.received,
        weights.float(),
        group_ep=group.name,
        ep_world_size=group.ranks,
        ep_rank_id=group.rank,
        moe_expert_num=group.experts,
        tp_send_counts=sent.shards,
        global_bs=group.max_tokens * group.ranks,
    )
    return summed
