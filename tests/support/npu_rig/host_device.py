"""The device of the rig: operations on its tensors are computed on a CPU, in the same memory.

torch_npu is the real one: its tensors, its allocator with pools for graphs, pinned memory, streams
and `NPUGraph` with the calls it lists and updates. Only the runtime below is runtime.c, and the
kernels are this mode. While a graph is captured it computes results for nothing but their shapes
and keeps each call with the addresses it reads and writes. A replay does all calls again on these
addresses, so what was freed, moved, read by the host or fixed at the capture gives wrong numbers.
"""

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map, tree_unflatten

NPU = torch.device("npu", 0)
# Operations that torch_npu itself does without a kernel: memory, copies from and to the host.
NATIVE = {
    "aten::empty.memory_format",
    "aten::empty_strided",
    "aten::empty_like",
    "aten::new_empty",
    "aten::new_empty_strided",
    "aten::_pin_memory",
    "aten::is_pinned",
}
# Operations that copy between the device and the host, where these are in two places.
CROSSING = {"aten::_to_copy", "aten::copy_", "aten::_local_scalar_dense"}


class CannotCapture(RuntimeError):
    """A call that a device refuses while a graph is captured."""


@dataclass(eq=False)
class Task:
    """A call as the device keeps it: with addresses, in place of tensors."""

    call: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    results: list[Tensor]  # where they are written
    is_updated: bool = False  # by the host, before each replay
    is_due: bool = False  # for an update


class HostDevice(TorchDispatchMode):
    """Mode in which tensors of the NPU are computed. One at a time, for the whole process."""

    def __init__(self) -> None:
        super().__init__()
        self.graphs: dict[int, list[Task]] = {}
        self.launches: list[str] = []  # since they were last cleared
        self.failures: list[Exception] = []  # of replays, which nobody else would hear of
        self._updated: dict[int, Task] = {}
        self._runtime = ctypes.CDLL("libascendcl.so")
        self._execute = ctypes.CFUNCTYPE(None, ctypes.c_int)(self._replay)
        pointer = ctypes.c_void_p.in_dll(self._runtime, "rig_execute")
        pointer.value = ctypes.cast(self._execute, ctypes.c_void_p).value
        torch.npu.init()

    def state(self, name: str) -> int:
        """Read a number of the runtime."""
        return ctypes.c_int.in_dll(self._runtime, f"rig_{name}").value

    def refuse_captures(self, is_refusing: bool) -> None:
        """Let captures fail, or succeed again."""
        ctypes.c_int.in_dll(self._runtime, "rig_refuse").value = is_refusing

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        leaves, _ = tree_flatten((args, kwargs))
        places = {
            each.device
            for each in leaves
            if isinstance(each, Tensor) and (each.ndim or each.device == NPU)
        }
        target = torch.device(kwargs.get("device") or "cpu")
        name = func.name()
        is_here = NPU in places or target.type == "npu"
        if not is_here or name in NATIVE:
            return func(*args, **kwargs)
        with self:
            if (result := func.decompose(*args, **kwargs)) is not NotImplemented:
                return result
        if func.is_view:
            return func(*args, **kwargs)
        if name == "aten::_to_copy" and kwargs.get("device"):
            places.add(NPU if target.type == "npu" else target)
        if name in CROSSING and (len(places) > 1 or name == "aten::_local_scalar_dense"):
            return self._cross(name, func, args, kwargs)
        if len(places) > 1:
            raise RuntimeError(f"{name} got tensors of the device and of the host")
        return self._launch(name, func, args, kwargs)

    def _cross(self, name: str, func: Any, args: Any, kwargs: Any) -> Any:
        self.launches.append(f"{name} (crosses)")
        if self.state("capturing"):
            raise CannotCapture(f"{name} cannot be captured")
        return func(*args, **kwargs)

    def _launch(self, name: str, func: Any, args: Any, kwargs: Any) -> Any:
        """Compute, or in a capture keep, a call on the device."""
        places = self._places((args, kwargs))
        if task := self._updated.get(self.state("updating")):
            task.args, task.kwargs, task.is_due = *places, False
            return tuple(kwargs["out"])
        self.launches.append(name)
        if not (graph := self.state("capturing")):
            return self._wrap(func(*places[0], **places[1]), places, (args, kwargs))[0]
        # Nothing is computed now: what a call writes into its arguments is written into copies.
        spare = tree_map(lambda each: each.clone() if isinstance(each, Tensor) else each, places)
        made = func(*spare[0], **spare[1])
        results, new = self._wrap(made, spare, (args, kwargs))
        task = Task(func, *places, new)
        self.graphs.setdefault(graph, []).append(task)
        if group := self.state("group"):
            self._updated[group] = task
            task.is_updated = task.is_due = True
        return results

    def _wrap(self, made: Any, places: Any, given: Any) -> tuple[Any, list[Tensor]]:
        """Put results on the device. Those that are arguments stay what they are."""
        known = {
            id(place): tensor
            for place, tensor in zip(tree_flatten(places)[0], tree_flatten(given)[0], strict=True)
            if isinstance(tensor, Tensor)
        }
        new: list[Tensor] = []

        def on_device(each: Any) -> Any:
            if not isinstance(each, Tensor):
                return each
            if id(each) in known:
                return known[id(each)]
            tensor = torch.empty_strided(each.shape, each.stride(), dtype=each.dtype, device=NPU)
            new.append(place_of(tensor))
            new[-1].copy_(each)
            return tensor

        return tree_map(on_device, made), new

    def _places(self, arguments: Any) -> Any:
        leaves, shape = tree_flatten(arguments)
        return tree_unflatten([self._place(each) for each in leaves], shape)

    def _place(self, each: Any) -> Any:
        if isinstance(each, Tensor) and each.device == NPU:
            return place_of(each)
        return torch.device("cpu") if isinstance(each, torch.device) else each

    def _replay(self, graph: int) -> None:
        try:
            with torch.inference_mode():
                for task in self.graphs[graph]:
                    repeat(task)
        except (AssertionError, RuntimeError, ValueError) as failure:
            self.failures.append(failure)


def repeat(task: Task) -> None:
    """Do a call again on the addresses that it had, as the device would."""
    assert not task.is_due, f"{task.call} waits for an update that does not come"
    task.is_due = task.is_updated
    given = {id(each) for each in tree_flatten((task.args, task.kwargs))[0]}
    made = tree_flatten(task.call(*task.args, **task.kwargs))[0]
    found = [each for each in made if isinstance(each, Tensor) and id(each) not in given]
    for place, result in zip(task.results, found, strict=True):
        place.copy_(result)


def place_of(tensor: Tensor) -> Tensor:
    """Return a tensor of the CPU at the address of one of the NPU. It keeps nothing alive."""
    if not tensor.numel():
        return torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype)
    extent = 1 + sum(
        (size - 1) * stride for size, stride in zip(tensor.shape, tensor.stride(), strict=True)
    )
    memory = (ctypes.c_char * (extent * tensor.itemsize)).from_address(tensor.data_ptr())
    flat = torch.frombuffer(memory, dtype=tensor.dtype)
    return flat.as_strided(tensor.shape, tensor.stride())
