"""Registration of CPU kernels for torch_npu's operations, and the rules of its documentation."""

from collections.abc import Callable
from typing import Any

from torch import Tensor, bfloat16, float16
from torch.library import Library

LIBRARY = Library("npu", "IMPL")
HALF = (float16, bfloat16)
known: set[str] = set()


class RuledOut(ValueError):
    """Arguments that the documentation excludes. An NPU would refuse or misinterpret them."""


def must(is_met: bool, sentence: str) -> None:
    """Enforce a rule of an operation's documentation."""
    if not is_met:
        raise RuledOut(sentence)


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Register a kernel for the operation of the same name on a CPU."""
    LIBRARY.impl(function.__name__, function, "CPU")
    known.add(function.__name__)
    return function


def part_of_capture(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a kernel for an operation that torch_npu itself calls during a capture."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        LIBRARY.impl(name, function, "CPU")
        return function

    return register


def must_be_contiguous(**tensors: Tensor) -> None:
    """Require tensors that lie in memory as their shapes say."""
    for name, tensor in tensors.items():
        must(tensor.is_contiguous(), f"{name} must be contiguous")
