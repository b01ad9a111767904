"""Rows that each expert computed, counted on the device and read when they are asked for."""

import torch
from torch import Tensor

from models.architectures.qwen3 import Qwen3


class ExpertRows:
    """Counters [sparse layers * experts] of one network."""

    def __init__(self, network: Qwen3) -> None:
        self._sparse, device = network.sparse_layers, network.embedding.device
        experts = network.config.num_experts
        numbered = range(len(self._sparse) * experts)
        self._rows = torch.zeros(len(numbered), dtype=torch.long, device=device)
        # The experts of layer l are numbered from l * E.
        firsts = torch.tensor(numbered[:: max(experts, 1)], device=device)
        self._first_experts = firsts.unsqueeze(1)

    def count(self, is_real: Tensor | None = None) -> None:
        """Count the experts that the last step chose, of the rows of `is_real` [T] or of all.

        All layers are counted at once, and nothing is read from the device.
        """
        chosen = [layer.chosen for layer in self._sparse if layer.chosen is not None]
        if not chosen:
            return
        numbered = torch.stack(chosen).flatten(1).long() + self._first_experts
        if is_real is None:
            is_real = torch.ones((), dtype=torch.bool, device=numbered.device)
        each = is_real.long().view(1, -1, 1)
        ones = each.expand(len(chosen), len(chosen[0]), chosen[0].shape[1])
        self._rows.scatter_add_(0, numbered.flatten(), ones.reshape(-1))

    def take(self) -> list[list[int]]:
        """Return rows by [sparse layer][expert] since the last call."""
        if not self._sparse:
            return []
        tallies = torch.stack([layer.tally for layer in self._sparse])
        rows: list[list[int]] = (self._rows.cpu().view_as(tallies) + tallies).tolist()
        self._rows.zero_()
        for layer in self._sparse:
            layer.tally.zero_()
        return rows
