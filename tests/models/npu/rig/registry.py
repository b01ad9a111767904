"""Registers kernels for torch_npu's operations on a CPU, and says what the documentation rules out."""

from collections.abc import Callable
from typing import Any

from torch import Tensor, bfloat16, float16
from torch.library import Library

LIBRARY = Library("npu", "IMPL")
HALF = (float16, bfloat16)
known: set[str] = set()


class RuledOut(ValueError):
    """The documentation of an operation excludes these arguments; an NPU would refuse them or compute something else."""


def must(holds: bool, sentence: str) -> None:
    """A rule of an operation's documentation."""
    if not holds:
        raise RuledOut(sentence)


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Stands in for the operation of the same name, on a CPU."""
    LIBRARY.impl(function.__name__, function, "CPU")
    known.add(function.__name__)
    return function


def contiguous(**tensors: Tensor) -> None:
    """These must lie in memory as their shapes say."""
    for name, tensor in tensors.items():
        must(tensor.is_contiguous(), f"{name} must be contiguous")
