"""Assembly of an engine from a configuration: device, network, cache blocks, runner and drafter."""

import platform
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version

import torch

from models.architectures.loader import ModelLoader, torch_dtype
from models.checkpoint import open_tensors, read_model_config, read_tokenizer
from models.config import Dtype, EngineConfig, ModelConfig
from models.device import DeviceMonitor, choose_device
from models.engine.block_manager import BlockManager
from models.engine.engine import Engine, EngineParts
from models.engine.memory import keep_freed_memory
from models.engine.model_runner import LocalRunner
from models.engine.scheduler import Scheduler
from models.errors import BadConfig
from models.expert_parallel.runner import EpRunner, check_expert_ranks
from models.kv_offload.block_copier import BlockCopier
from models.kv_offload.disk_tier import DiskTier
from models.kv_offload.fingerprint import fingerprint_of
from models.kv_offload.host_tier import HostTier
from models.kv_offload.kv_offload import KvOffload
from models.ops.kv_cache import block_bytes, cache_dtype
from models.ops.registry import chosen_ops
from models.protocol import EngineInfo
from models.spec_decode.proposer import make_drafter

DEFAULT_CACHE_TOKENS = 16 * 1024
BLOCK_TOKENS = 16
NPU_BLOCK_TOKENS = 128
GIB = 2**30


def build_engine(config: EngineConfig) -> Engine:
    """Build the engine of a configuration. Raise a TierError that names what cannot be built."""
    keep_freed_memory()
    torch.set_num_threads(config.threads)
    device = choose_device(config.device)
    config = fill_defaults(config, device.type)
    model = read_model_config(config.model)
    _check(config, model, device.type)
    tokenizer = read_tokenizer(config.model, model)
    context = _context_tokens(config, model)
    dtype = torch_dtype(config.dtype)
    blocks = _cache_blocks(config, model, context, dtype)
    ops = chosen_ops(device, dtype, config, model)
    if config.expert_schedule == "fused":
        ops.check_exchange(config, model)
    loader = ModelLoader(model, ops, device, dtype, context, config.quantisation)
    runner = make_runner(config, loader, blocks)
    info = _engine_info(config, loader, runner, blocks)
    block_manager = BlockManager(blocks, config.block_tokens, config.prefix_caching)
    offload = make_offload(config, BlockCopier(runner.caches), info.stack)
    limits = (config.max_sequences, config.max_batch_tokens)
    scheduler = Scheduler(block_manager, *limits, offload)
    drafter = make_drafter(config, loader, blocks * config.block_tokens)
    monitor = DeviceMonitor(device, config.rated_watts)
    draw = getattr(ops, "draw", None)
    return Engine(EngineParts(info, tokenizer, scheduler, runner, drafter, monitor, draw, offload))


def fill_defaults(config: EngineConfig, device: str) -> EngineConfig:
    """Fill in the settings that depend on the device."""
    dtype: Dtype = "float32" if device == "cpu" else "bfloat16"
    block_tokens = NPU_BLOCK_TOKENS if device == "npu" else BLOCK_TOKENS
    return replace(
        config,
        dtype=dtype if config.dtype == "auto" else config.dtype,
        block_tokens=config.block_tokens or block_tokens,
    )


def make_runner(config: EngineConfig, loader: ModelLoader, blocks: int) -> LocalRunner:
    """Make a runner: the whole network here, or its experts on several ranks."""
    if config.expert_ranks > 1:
        return EpRunner(config, loader, blocks)
    with open_tensors(config.model) as tensors:
        network = loader.load(tensors)
        sequences = config.max_sequences if config.graphs == "auto" else 0
        size = (blocks, config.block_tokens, config.kv_cache_dtype)
        return LocalRunner(network, *size, graph_sequences=sequences)


def make_offload(
    config: EngineConfig, copier: BlockCopier, stack: dict[str, str]
) -> KvOffload | None:
    """Make the configured tiers of the prefix cache, or None if there are none."""
    host = disk = None
    if config.host_cache_gib:
        blocks = int(config.host_cache_gib * GIB // copier.block_bytes)
        if not blocks:
            raise BadConfig(
                f"host_cache_gib is {config.host_cache_gib}, less than one block of "
                f"{copier.block_bytes} bytes. Raise it."
            )
        host = HostTier(blocks, copier.block_bytes)
    if config.disk_cache:
        # What changes the bits of keys and values; Python does not.
        facts = {name: value for name, value in stack.items() if name != "python"}
        facts |= {"quantisation": config.quantisation, "block_tokens": str(config.block_tokens)}
        fingerprint = fingerprint_of(config.model, facts | {"layout": copier.layout})
        most = int(config.disk_cache_gib * GIB)
        disk = DiskTier(config.disk_cache, most, fingerprint, copier.block_bytes)
    return KvOffload(copier, host, disk) if host or disk else None


def _check(config: EngineConfig, model: ModelConfig, device: str) -> None:
    check_expert_ranks(config, model)
    if device == "npu":
        from models.ops.npu_ops import check_npu_limits

        check_npu_limits(config, model)


def _context_tokens(config: EngineConfig, model: ModelConfig) -> int:
    longest = model.max_position_embeddings
    context = config.context_tokens or longest
    if context > longest:
        raise BadConfig(
            f"context_tokens is {context}, but the model's maximum is {longest}. Set at most that."
        )
    return context


def _cache_blocks(
    config: EngineConfig, model: ModelConfig, context: int, dtype: torch.dtype
) -> int:
    each = block_bytes(model, config.block_tokens, cache_dtype(config.kv_cache_dtype, dtype))
    if config.kv_cache_memory_bytes is not None:
        name, given = "kv_cache_memory_bytes", config.kv_cache_memory_bytes
        blocks = given // each
    else:
        # The last block of a default may be a part of one too much.
        least = -(-context // config.block_tokens) * config.block_tokens
        name, given = "cache_tokens", config.cache_tokens or max(DEFAULT_CACHE_TOKENS, least)
        blocks = given // config.block_tokens
    if blocks * config.block_tokens < context:
        raise BadConfig(
            f"{name} is {given}, too few for one whole context of {context}. "
            f"Raise {name} or lower context_tokens."
        )
    return blocks


def _engine_info(
    config: EngineConfig, loader: ModelLoader, runner: LocalRunner, blocks: int
) -> EngineInfo:
    model = loader.config
    kept = cache_dtype(config.kv_cache_dtype, loader.dtype)
    kernels = loader.ops.kernels + (" with graphs" if runner.has_graphs else "")
    return EngineInfo(
        device=str(loader.device),
        context_tokens=loader.context_tokens,
        vocab_size=model.vocab_size,
        eos_token_ids=model.eos_token_ids,
        cache_blocks=blocks,
        block_tokens=config.block_tokens,
        active_parameters=model.active_parameters,
        weight_bytes=runner.weight_bytes,
        quantisation=config.quantisation,
        stack={**_versions(), "dtype": config.dtype, "kernels": kernels},
        expert_ranks=config.expert_ranks,
        parameters=model.parameters,
        kv_cache_dtype=str(kept).removeprefix("torch."),
        cache_bytes=blocks * block_bytes(model, config.block_tokens, kept),
    )


def _versions() -> dict[str, str]:
    """Return the versions that a measured figure depends on."""
    versions = {"python": platform.python_version()}
    for name in ("tokentide", "torch", "torch_npu"):
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions
