"""Graphs of steps on an Ascend NPU: capture and replay by torch_npu.

During a capture torch_npu lists the calls whose host arguments may change later, among them
attention with the lengths of its sequences. `update` calls each again with new lengths, on a
stream of torch_npu's; in the replay attention waits for that.
"""

from collections.abc import Callable

from torch import Tensor
from torch.utils._python_dispatch import _get_current_dispatch_mode_stack
from torch_npu import npu

CONTEXT_TOKENS = "actual_seq_lengths_kv"  # the argument of attention that changes


class NpuStepGraph:
    """A captured step."""

    def __init__(self, graph: npu.NPUGraph) -> None:
        self._graph = graph

    def update(self, context_tokens: list[int]) -> None:
        """Set the lengths of the sequences, B, in the attention of every layer."""
        # The stream that changes them does not wait for the last replay. After a step whose tokens
        # were read, neither does this.
        npu.current_stream().synchronize()
        self._graph.update(cpu_update_input=[{CONTEXT_TOKENS: context_tokens}])

    def replay(self) -> None:
        """Start the step on the current stream."""
        self._graph.replay()


class NpuGraphPool:
    """Memory that all graphs of a process share."""

    def __init__(self) -> None:
        self._handle = npu.graph_pool_handle()

    def capture(self, step: Callable[[], Tensor]) -> tuple[NpuStepGraph, Tensor]:
        """Record what a step starts -> its graph and its result. Raise what torch_npu raises."""
        graph = npu.NPUGraph()
        # Threads that copy blocks of the cache may allocate meanwhile.
        settings = {"auto_dispatch_capture": True, "capture_error_mode": "thread_local"}
        # The outer context puts the stream back where a failed capture leaves its own behind.
        with npu.stream(npu.current_stream()):
            try:
                with npu.graph(graph, pool=self._handle, **settings):
                    result = step()
            finally:
                mode = graph.graph_dispatch_mode
                if mode in _get_current_dispatch_mode_stack():
                    mode.__exit__(None, None, None)
        return NpuStepGraph(graph), result
