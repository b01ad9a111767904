"""Compares what stand-in kernels return with what torch_npu's own shape functions infer."""

from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map


class ShapeCheck(TorchDispatchMode):
    """Sends each NPU operation's arguments through its Meta kernel as well, and keeps where the answers differ."""

    def __init__(self) -> None:
        super().__init__()
        self.checked: set[str] = set()
        self.differences: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        found = func(*args, **(kwargs or {}))
        if func.namespace == "npu" and torch._C._dispatch_has_kernel_for_dispatch_key(
            func.name(), "Meta"
        ):
            inferred = func(*on_meta(args), **on_meta(kwargs or {}))
            if described(found) != described(inferred):
                self.differences.append(
                    f"{func}: {described(found)} here, {described(inferred)} by torch_npu"
                )
            self.checked.add(func.name().removeprefix("npu::"))
        return found


def on_meta(arguments: Any) -> Any:
    return tree_map(lambda each: each.to("meta") if isinstance(each, Tensor) else each, arguments)


def described(results: Any) -> Any:
    return tree_map(
        lambda each: (tuple(each.shape), each.dtype) if isinstance(each, Tensor) else each, results
    )
