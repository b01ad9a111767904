"""From a configuration to an engine's parts: device, network, cache, drafter."""

import platform
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version

import torch
from tokenizers import Tokenizer

from models.architectures.loader import ModelLoader, torch_dtype
from models.checkpoint import open_tensors, read_model_config, read_tokenizer
from models.config import Dtype, EngineConfig, ModelConfig
from models.device import DeviceMonitor, choose_device
from models.engine.block_manager import BlockManager
from models.engine.memory import keep_freed_memory
from models.engine.model_runner import LocalRunner, ModelRunner
from models.errors import BadConfig
from models.expert_parallel.runner import EpRunner, check_expert_ranks
from models.ops.cpu_ops import CpuOps
from models.ops.ops import Ops
from models.protocol import EngineInfo
from models.spec_decode.proposer import Drafter, make_drafter

DEFAULT_CACHE_TOKENS = 16 * 1024
BLOCK_TOKENS = 16
NPU_BLOCK_TOKENS = 128


@dataclass(frozen=True)
class EngineParts:
    """All that an engine is made of."""

    ready: EngineInfo
    tokenizer: Tokenizer
    pool: BlockManager
    runner: ModelRunner
    drafter: Drafter
    device: DeviceMonitor


def build_parts(config: EngineConfig) -> EngineParts:
    """Everything that the configuration asks for, or an error that says what cannot be had."""
    keep_freed_memory()
    torch.set_num_threads(config.threads)
    device = choose_device(config.device)
    config = fill_defaults(config, device.type)
    shape = read_model_config(config.model)
    _judge(config, shape, device.type)
    tokenizer = read_tokenizer(config.model, shape)
    context = _context(config, shape)
    blocks = _blocks(config, context)
    build = ModelLoader(
        shape, ops_for(device), device, torch_dtype(config.dtype), context, config.quantisation
    )
    runner = make_runner(config, build, blocks)
    ready = _ready(config, shape, runner.weight_bytes, str(device), context, blocks)
    pool = BlockManager(blocks, config.block_tokens, config.prefix_caching)
    drafter = make_drafter(config, build, blocks * config.block_tokens)
    return EngineParts(ready, tokenizer, pool, runner, drafter, DeviceMonitor(device, config.rated_watts))


def fill_defaults(config: EngineConfig, device: str) -> EngineConfig:
    """The configuration with what it leaves to the device."""
    dtype: Dtype = "float32" if device == "cpu" else "bfloat16"
    block_tokens = NPU_BLOCK_TOKENS if device == "npu" else BLOCK_TOKENS
    return replace(
        config,
        dtype=dtype if config.dtype == "auto" else config.dtype,
        block_tokens=config.block_tokens or block_tokens,
    )


def _judge(config: EngineConfig, shape: ModelConfig, device: str) -> None:
    check_expert_ranks(config, shape)
    if device == "npu":
        from models.ops.npu_ops import check_npu_limits

        check_npu_limits(config, shape)


def make_runner(config: EngineConfig, build: ModelLoader, blocks: int) -> ModelRunner:
    """The whole network here, or its experts over several processes."""
    if config.expert_ranks > 1:
        return EpRunner(config, build, blocks)
    with open_tensors(config.model) as tensors:
        return LocalRunner(build.network(tensors), blocks, config.block_tokens)


def ops_for(device: torch.device) -> Ops:
    """The column of the table of operations for this kind of device; CUDA runs the stock torch column."""
    if device.type == "npu":
        from models.ops.npu_ops import NpuOps

        return NpuOps()
    return CpuOps()


def _context(config: EngineConfig, shape: ModelConfig) -> int:
    wanted = config.context_tokens or shape.max_position_embeddings
    if wanted > shape.max_position_embeddings:
        raise BadConfig(
            f"context_tokens is {wanted}, but the model was made for {shape.max_position_embeddings}. Ask for at most that."
        )
    return wanted


def _blocks(config: EngineConfig, context: int) -> int:
    tokens = config.cache_tokens or max(DEFAULT_CACHE_TOKENS, context)
    blocks = tokens // config.block_tokens
    if blocks * config.block_tokens < context:
        raise BadConfig(
            f"cache_tokens is {tokens}, too few for one whole context of {context}. Raise cache_tokens or lower context_tokens."
        )
    return blocks


def _ready(
    config: EngineConfig, shape: ModelConfig, weight_bytes: int, device: str, context: int, blocks: int
) -> EngineInfo:
    return EngineInfo(
        device=device,
        context_tokens=context,
        vocab_size=shape.vocab_size,
        eos_token_ids=shape.eos_token_ids,
        cache_blocks=blocks,
        block_tokens=config.block_tokens,
        active_parameters=shape.active_parameters,
        weight_bytes=weight_bytes,
        quantisation=config.quantisation,
        stack={**_stack(), "dtype": config.dtype},
        expert_ranks=config.expert_ranks,
    )


def _stack() -> dict[str, str]:
    """The versions that a figure depends on."""
    found = {"python": platform.python_version()}
    for name in ("tokentide", "torch", "torch_npu"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
