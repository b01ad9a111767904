"""Dispatch and combine in one fused kernel each, as NPUs have them.

The other schedules of `models.expert_parallel` cut a layer into waves and send each with
`dist.all_to_all_single`. These two kernels fuse sorting, sending and counting without a host in
between: fewer launches, no counts to wait for, but nothing to overlap from outside.

All ranks send equally many rows, as many as a step may have: only then may some rows be switched
off, as all those of a rank without tokens are. The rows lie in buffers that all layers share.
"""

import os
from collections.abc import Container
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import torch
import torch.distributed as dist
import torch_npu
from torch import Tensor

from models.config import EngineConfig, ModelConfig
from models.errors import BadConfig
from models.ops.ops import DispatchedRows

FIRST_A3 = 250  # torch_npu's number of the first product after Atlas A2
MAX_CHOICES = 16
MIB = 2**20
BUFFER = "HCCL_BUFFSIZE"  # MiB of a communicator's buffer; the kernels take it from here alone
DEFAULT_BUFFER = 200


@dataclass(frozen=True)
class ExchangeProduct:
    """Limits that CANN documents of the kernels on one generation of devices."""

    name: str
    max_tokens: int  # of a rank in a step
    hidden: Container[int]
    ranks: Container[int]
    max_experts: int
    sends_weights: bool  # the rows' weights go with them


A2 = ExchangeProduct(
    "Atlas A2",
    256,
    range(32, 7168 + 1, 32),
    {*range(2, 9), 16, 32, 64, 128, 256},
    512,
    sends_weights=True,
)
A3 = ExchangeProduct(
    "Atlas A3", 512, range(1024, 8192 + 1), range(2, 768 + 1), 1024, sends_weights=False
)


def product_here() -> ExchangeProduct:
    """Return the generation of this machine's devices. The 950 has the rules of Atlas A3."""
    return A2 if torch_npu.npu.get_soc_version() < FIRST_A3 else A3


def check_exchange_limits(
    config: EngineConfig, model: ModelConfig, product: ExchangeProduct
) -> None:
    """Raise BadConfig for what the kernels would refuse during a step."""
    subject = f"The fused exchange on {product.name}"
    if config.expert_ranks not in product.ranks:
        raise BadConfig(
            f"{subject} does not join {config.expert_ranks} ranks. Choose --expert-ranks 2, 4 or 8."
        )
    if config.max_batch_tokens > product.max_tokens:
        raise BadConfig(
            f"{subject} takes at most {product.max_tokens} tokens a step, not "
            f"{config.max_batch_tokens}. Choose --max-batch-tokens {product.max_tokens}."
        )
    for what, size, is_taken in (
        ("a hidden size of", model.hidden_size, model.hidden_size in product.hidden),
        ("a number of experts of", model.num_experts, model.num_experts <= product.max_experts),
        ("experts per token of", model.num_experts_per_tok, _may_choose(model)),
    ):
        if not is_taken:
            raise BadConfig(
                f"{subject} does not take {what} {size}. Choose --expert-schedule waves."
            )
    needed = buffer_mib(config, model, product)
    given = os.environ.get(BUFFER, str(needed))
    if not given.isdecimal() or int(given) < needed:
        raise BadConfig(
            f"{subject} needs buffers of {needed} MiB, and {BUFFER} is {given}. "
            f"Unset {BUFFER}, or lower --max-batch-tokens."
        )


def _may_choose(model: ModelConfig) -> bool:
    return 0 < model.num_experts_per_tok <= min(MAX_CHOICES, model.num_experts)


def buffer_mib(config: EngineConfig, model: ModelConfig, product: ExchangeProduct) -> int:
    """Compute the MiB of a communicator's buffer by CANN's formula for the product."""
    tokens, ranks, size = config.max_batch_tokens, config.expert_ranks, 2 * model.hidden_size
    local, choices = model.num_experts // ranks, model.num_experts_per_tok
    if product.sends_weights:
        needed = 2 * (tokens * ranks * min(local, choices) * size + 2 * MIB)
    else:
        arriving = local * tokens * ranks * _align(_align(size, 32) + 64, 512)
        needed = 2 * (arriving + (choices + 1) * tokens * _align(size, 512))
    return max(-(-needed // MIB), DEFAULT_BUFFER)


def _align(size: int, step: int) -> int:
    return -(-size // step) * step


@dataclass(frozen=True)
class ExpertGroup:
    """Ranks that share a layer's experts evenly: rank r has those from r * experts / ranks on."""

    name: str  # of the HCCL communicator, which no other operation may use
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

    @property
    def arguments(self) -> dict[str, Any]:
        """Arguments that both kernels take, equal in all layers."""
        return {
            "group_ep": self.name,
            "ep_world_size": self.ranks,
            "ep_rank_id": self.rank,
            "moe_expert_num": self.experts,
            "global_bs": self.max_tokens * self.ranks,
        }


class DispatchRecord(NamedTuple):
    """The kernel's records of a dispatch, and this rank's part in it."""

    tokens: int
    origins: Tensor  # of the rows' owners
    received: Tensor  # of rows by sender
    shards: Tensor  # of ranks that share one expert; there are none
    weights: Tensor  # of the rows, on products that send them


class FusedExchange:
    """Fused exchange of one rank, with the rows that it sends."""

    def __init__(
        self,
        group: ExpertGroup,
        model: ModelConfig,
        product: ExchangeProduct,
        dtype: torch.dtype,
        device: torch.device,
    ) -> None:
        tokens, choices = group.max_tokens, model.num_experts_per_tok
        self._group, self._sends_weights = group, product.sends_weights
        self._x = torch.zeros(tokens, model.hidden_size, dtype=dtype, device=device)
        # A row that is switched off chooses different experts too, as the kernels demand of rows.
        self._chosen = torch.arange(choices, dtype=torch.int32).repeat(tokens, 1).to(device)
        self._weights = torch.zeros(tokens, choices, device=device)
        # Line T switches on the first T rows: [tokens + 1, tokens]
        self._active = torch.ones(tokens + 1, tokens, dtype=torch.bool).tril(-1).to(device)

    def dispatch(self, x: Tensor, chosen: Tensor, weights: Tensor) -> DispatchedRows:
        """Send each token x [T, H] to its experts [T, k]. All ranks of the group call this."""
        if tokens := len(x):
            self._x[:tokens].copy_(x)
            self._chosen[:tokens].copy_(chosen)
            self._weights[:tokens].copy_(weights)
        rows, _, origins, counts, received, shards, scales = (
            torch_npu.npu_moe_distribute_dispatch_v2(
                self._x,
                self._chosen,
                x_active_mask=self._active[tokens],
                expert_scales=self._weights if self._sends_weights else None,
                expert_token_nums_type=1,  # counts, not their running sum
                **self._group.arguments,
            )
        )
        record = DispatchRecord(tokens, origins, received, shards, scales)
        return DispatchedRows(rows, counts, record)

    def combine(self, rows: Tensor, sent: DispatchedRows) -> Tensor:
        """Send the experts' outputs back and sum each token's by its weights -> [T, H]."""
        record: DispatchRecord = sent.record
        summed: Tensor = torch_npu.npu_moe_distribute_combine_v2(
            rows,
            self._chosen,
            record.origins,
            record.received,
            self._weights,
            tp_send_counts=None if self._sends_weights else record.shards,
            x_active_mask=self._active[record.tokens],
            expand_scales=record.weights if self._sends_weights else None,
            **self._group.arguments,
        )
        return summed[: record.tokens]


def join(config: EngineConfig, model: ModelConfig, device: torch.device) -> FusedExchange:
    """Make the communicator of the fused kernels. All ranks of the process group call it at once.

    HCCL reads its buffer's size from the environment when the communicator is made.
    """
    product = product_here()
    os.environ.setdefault(BUFFER, str(buffer_mib(config, model, product)))
    torch.accelerator.set_device_index(device.index or 0)
    group: Any = dist.new_group(backend="hccl")
    shared = ExpertGroup.of(group, device, model.num_experts, config.max_batch_tokens)
    return FusedExchange(shared, model, product, torch.bfloat16, device)
