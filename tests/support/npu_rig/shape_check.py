"""Comparison of the rig's kernels with torch_npu's own shape functions."""

from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map


class ShapeCheck(TorchDispatchMode):
    """Mode that also calls each NPU operation's Meta kernel, and keeps the differences."""

    def __init__(self) -> None:
        super().__init__()
        self.checked: set[str] = set()
        self.differences: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        results = func(*args, **(kwargs or {}))
        if func.namespace == "npu" and torch._C._dispatch_has_kernel_for_dispatch_key(
            func.name(), "Meta"
        ):
            inferred = func(*move_to_meta(args), **move_to_meta(kwargs or {}))
            if describe(results) != describe(inferred):
                self.differences.append(
                    f"{func}: {describe(results)} here, {describe(inferred)} by torch_npu"
                )
            self.checked.add(func.name().removeprefix("npu::"))
        return results


def move_to_meta(arguments: Any) -> Any:
    """Move all tensors to the meta device."""
    return tree_map(lambda each: each.to("meta") if isinstance(each, Tensor) else each, arguments)


def describe(results: Any) -> Any:
    """Replace all tensors by their shape and dtype."""
    return tree_map(
        lambda each: (tuple(each.shape), each.dtype) if isinstance(each, Tensor) else each, results
    )
