"""Steps of decoding in graphs: torch_npu's own capture, update and replay, on the rig's device."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
import torch
from support.npu_rig import kernels
from support.npu_rig.host_device import NPU, CannotCapture, HostDevice
from support.npu_rig.steps import BLOCK, batches
from support.tier import tiny_checkpoint
from torch import Tensor
from torch.utils._python_dispatch import _get_current_dispatch_mode_stack
from torch_npu.npu._npugraph_handlers.npugraph_handler import _NPU_GRAPH_OP_HANDLERS

from models.architectures.loader import ModelLoader
from models.assemble import build_engine
from models.checkpoint import open_tensors, read_model_config
from models.config import EngineConfig, Graphs
from models.engine.engine import Engine
from models.engine.model_runner import LocalRunner
from models.ops.npu_graph import CONTEXT_TOKENS, NpuGraphPool
from models.ops.npu_ops import NpuOps
from models.protocol import EngineRequest, SamplingParams

assert kernels
LAYERS = 2
DECODING = batches()[-1]
GREEDY, RANDOM = SamplingParams(9, temperature=0, logprobs=2), SamplingParams(6, seed=7, logprobs=2)
# Prompts with their start step: two share blocks, they end in turn, and four run at most.
REQUESTS = {
    "long": (0, list(range(5, 145)), GREEDY),
    "short": (0, [9, 8, 7], RANDOM),
    "same": (3, list(range(5, 143)), RANDOM),
    "one": (4, [11], GREEDY),
    "late": (7, list(range(40, 60)), GREEDY),
}


@pytest.fixture(autouse=True)
def device() -> Iterator[HostDevice]:
    """Put the rig's device in. No replay may fail, and stream and modes end as they began."""
    with HostDevice() as device:
        yield device
        assert device.failures == []
        assert torch.npu.current_stream() == torch.npu.default_stream()
        assert _get_current_dispatch_mode_stack() == [device]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a model with experts whose heads rotate together."""
    folder = tmp_path_factory.mktemp("model")
    return tiny_checkpoint(folder, head_dim=64, num_hidden_layers=LAYERS)


def engine_of(checkpoint: Path, graphs: Graphs) -> Engine:
    """Build an engine on the device, for at most four sequences."""
    return build_engine(
        EngineConfig(
            checkpoint,
            device="npu",
            context_tokens=256,
            cache_tokens=1024,
            max_sequences=4,
            graphs=graphs,
        )
    )


def answers(
    engine: Engine, names: Iterable[str] = REQUESTS
) -> tuple[dict[str, list[object]], Tensor, int]:
    """Serve requests -> tokens and chances of each, rows of experts, hits in the cache."""
    found: dict[str, list[object]] = {name: [] for name in names}
    rows, hits, step = torch.zeros(LAYERS, 4, dtype=torch.long), 0, 0
    while engine.has_work or step == 0:
        for name in found:
            start, prompt, sampling = REQUESTS[name]
            if start == step:
                engine.add(EngineRequest(name, prompt, sampling))
        output = engine.step()
        for each in output.outputs:
            found[each.request_id] += [*each.token_ids, *each.logprobs]
        if output.stats.expert_tokens:
            rows += torch.tensor(output.stats.expert_tokens)
        hits += output.stats.prefix_hits
        step += 1
    return found, rows, hits


def test_an_engine_answers_the_same_with_graphs(checkpoint: Path, device: HostDevice) -> None:
    """Tokens, chances to the last bit, experts' rows and prefixes, twice over."""
    eager, replayed = (engine_of(checkpoint, graphs) for graphs in ("off", "auto"))
    assert replayed.info.stack["kernels"] == "torch_npu with graphs"
    assert eager.info.stack["kernels"] == "torch_npu"
    for _ in range(2):  # the second time prompts are in the cache
        found, expected = answers(replayed), answers(eager)
        assert found[0] == expected[0]
        assert torch.equal(found[1], expected[1])
        assert found[2] == expected[2] > 0
    assert len(device.graphs) == 3  # of 1, 2 and 4 sequences, captured once each
    assert replayed.info.cache_blocks == eager.info.cache_blocks == 8


def runner_of(checkpoint: Path, graph_sequences: int) -> LocalRunner:
    """Make a runner on the device."""
    with open_tensors(checkpoint) as tensors:
        config = read_model_config(checkpoint)
        network = ModelLoader(config, NpuOps(), NPU, torch.bfloat16, 256).load(tensors)
    return LocalRunner(network, 5, BLOCK, graph_sequences=graph_sequences)


def test_a_replayed_step_is_one_copy(checkpoint: Path, device: HostDevice) -> None:
    """Nothing is started for a layer, and nothing is read."""
    runner = runner_of(checkpoint, 8)
    first = runner.forward(DECODING).cpu()
    device.launches.clear()
    replayed = runner.forward(DECODING)
    assert Counter(device.launches) == {"aten::copy_ (crosses)": 1}
    assert torch.equal(replayed.cpu(), first)


def test_other_steps_are_no_graphs(checkpoint: Path, device: HostDevice) -> None:
    """Prompts, chunks and drafts, and more sequences than a graph may have."""
    runner = runner_of(checkpoint, 2)
    graphs = len(device.graphs)
    for batch in batches():
        device.launches.clear()
        runner.forward(batch)
        assert Counter(device.launches)["npu::npu_fused_infer_attention_score"] == LAYERS
    assert len(device.graphs) == graphs == 1


def test_lengths_reach_attention_by_what_torch_npu_lists(checkpoint: Path) -> None:
    """The real handler updates the argument, in a record for each layer."""
    handler = _NPU_GRAPH_OP_HANDLERS["npu_fused_infer_attention_score.out"]
    specs = handler.get_update_specs("npu_fused_infer_attention_score.out")
    assert CONTEXT_TOKENS in {name for _, _, name in specs}
    runner = runner_of(checkpoint, 4)
    for _ in range(2):
        runner.forward(DECODING)
    assert runner._graphs
    graph = runner._graphs._captured[4].graph
    records = graph._graph.graph_dispatch_mode.graph_dispatch_records  # type: ignore[attr-defined]
    lengths = [*DECODING.context_tokens, 1]
    assert [each.kwargs[CONTEXT_TOKENS] for each in records] == [lengths] * LAYERS
    assert [each.kwargs["actual_seq_lengths"] for each in records] == [[1, 2, 3, 4]] * LAYERS


def test_a_device_that_cannot_capture_goes_on_without(
    checkpoint: Path, device: HostDevice, caplog: pytest.LogCaptureFixture
) -> None:
    """At the start for good, later for larger steps; a line has the reason."""
    names = ("short", "one")
    expected = answers(engine_of(checkpoint, "off"), names)[0]
    device.refuse_captures(True)
    with caplog.at_level(logging.WARNING):
        engine = engine_of(checkpoint, "auto")
    device.refuse_captures(False)
    assert "graphs: no more than 0, because" in caplog.text
    assert engine.info.stack["kernels"] == "torch_npu"
    assert answers(engine, names)[0] == expected
    engine = engine_of(checkpoint, "auto")
    device.refuse_captures(True)
    assert answers(engine, names)[0] == expected
    device.refuse_captures(False)
    assert "graphs: no more than 1, because" in caplog.text


FORBIDDEN: dict[str, Callable[[Tensor], Tensor]] = {
    "a read": lambda x: x * x.sum().item(),
    "a copy to the host": lambda x: x.cpu(),
    "a copy from the host": lambda x: x + torch.ones(3).to(NPU),
}


@pytest.mark.parametrize("step", FORBIDDEN.values(), ids=FORBIDDEN)
def test_the_rig_refuses_what_a_capture_forbids(step: Callable[[Tensor], Tensor]) -> None:
    """And goes on afterwards."""
    x = torch.ones(3, device=NPU)
    with torch.inference_mode(), pytest.raises(CannotCapture):
        NpuGraphPool().capture(lambda: step(x))
    assert (x + 1).tolist() == [2, 2, 2]


@torch.inference_mode()
def test_a_refused_capture_leaves_nothing_behind(device: HostDevice) -> None:
    """A context of torch_npu that fails to begin does not end either."""
    x = torch.ones(3, device=NPU)
    device.refuse_captures(True)
    with pytest.raises(RuntimeError):
        NpuGraphPool().capture(lambda: x + 1)
    device.refuse_captures(False)
    graph, result = NpuGraphPool().capture(lambda: x + 1)
    graph.replay()
    assert result.tolist() == [2, 2, 2]


@torch.inference_mode()
def test_the_rig_replays_on_the_same_addresses() -> None:
    """A moved input and a number of the host stay what they were; nothing runs at the capture."""
    x, counter, factor = torch.ones(3, device=NPU), torch.zeros(3, device=NPU), [2]
    graph, result = NpuGraphPool().capture(lambda: counter.add_(x) * factor[0])
    assert counter.tolist() == [0, 0, 0]
    factor[0] = 5
    graph.replay()
    x.fill_(3)
    graph.replay()
    x = torch.zeros(3, device=NPU)
    graph.replay()
    assert counter.tolist() == [7, 7, 7]
    assert result.tolist() == [14, 14, 14]
