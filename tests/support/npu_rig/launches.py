"""Counting of what a step starts on an NPU, on the meta device, where no value can be read."""

from collections import Counter
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

META = torch.device("meta")


class Launches(TorchDispatchMode):
    """Mode that counts operations on the device, and copies to it."""

    def __init__(self) -> None:
        super().__init__()
        self.operations: Counter[str] = Counter()
        self.copies = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        results = func(*args, **(kwargs or {}))
        name = func.name().partition("::")[2].partition(".")[0]
        given = [each for each in tree_leaves((args, kwargs)) if isinstance(each, Tensor)]
        made = [each for each in tree_leaves(results) if isinstance(each, Tensor)]
        if any(each.device == META for each in made or given):
            if any(each.device != META for each in given):
                self.copies += 1
            elif name.endswith("_") or not is_view(made, given):
                self.operations[name] += 1
        return results


def is_view(made: list[Tensor], given: list[Tensor]) -> bool:
    """Tell whether all results lie in memory that was there before."""
    known = {each.untyped_storage()._cdata for each in given}
    return bool(made) and all(each.untyped_storage()._cdata in known for each in made)
