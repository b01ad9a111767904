"""Assembly of an engine: defaults of devices, sizes of the cache, and contradictions."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.inference.engine import complete, greedy, open_engine
from support.tier import tiny_checkpoint

from models.assemble import build_engine, fill_defaults
from models.config import Dtype, EngineConfig
from models.errors import BadConfig, TierError


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> EngineConfig:
    """Configure a tiny model on the CPU."""
    return EngineConfig(model=tiny_checkpoint(tmp_path_factory.mktemp("model")), device="cpu")


@pytest.mark.parametrize(
    ("device", "dtype", "block_tokens"),
    [("cpu", "float32", 16), ("cuda", "bfloat16", 16), ("npu", "bfloat16", 128)],
)
def test_defaults_depend_on_the_device(device: str, dtype: str, block_tokens: int) -> None:
    """An NPU's attention requires large blocks."""
    filled = fill_defaults(EngineConfig(), device)
    assert (filled.dtype, filled.block_tokens) == (dtype, block_tokens)


def test_given_settings_are_not_replaced() -> None:
    """Defaults fill only what is left open."""
    filled = fill_defaults(EngineConfig(dtype="bfloat16", block_tokens=8), "cpu")
    assert (filled.dtype, filled.block_tokens) == ("bfloat16", 8)


def test_an_engine_reports_its_sizes(config: EngineConfig) -> None:
    """The server and the metrics read them."""
    with open_engine(replace(config, context_tokens=64, cache_tokens=100)) as engine:
        info = engine.info
    assert (info.device, info.context_tokens, info.vocab_size) == ("cpu", 64, 384)
    assert (info.cache_blocks, info.block_tokens) == (6, 16)
    assert (info.eos_token_ids, info.quantisation, info.expert_ranks) == ((0,), "none", 1)
    assert info.stack["dtype"] == "float32"
    assert {"python", "torch"} <= info.stack.keys()


def test_the_default_cache_holds_a_context_and_16_ki_tokens(config: EngineConfig) -> None:
    """A short context leaves room for many requests."""
    with open_engine(config) as engine:
        assert engine.info.cache_blocks * engine.info.block_tokens == 16 * 1024


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_more_tokens_of_8_bits_fit_in_the_same_memory(config: EngineConfig, dtype: Dtype) -> None:
    """A head of 32 numbers takes 36 bytes with its scale, in place of 128 or 64."""
    given = replace(config, dtype=dtype, kv_cache_memory_bytes=1 << 20)
    with open_engine(given) as full, open_engine(replace(given, kv_cache_dtype="int8")) as narrow:
        bytes_of_a_head = 128 if dtype == "float32" else 64
        ratio = narrow.info.cache_blocks / full.info.cache_blocks
        assert ratio == pytest.approx(bytes_of_a_head / 36, rel=0.03)
        for engine in (full, narrow):
            assert (1 << 20) * 0.97 < (engine.info.cache_bytes or 0) <= 1 << 20
        assert (full.info.kv_cache_dtype, narrow.info.kv_cache_dtype) == (dtype, "int8")


CONTRADICTIONS: dict[str, tuple[dict[str, Any], str]] = {
    "long context": ({"context_tokens": 257}, "the model's maximum is 256"),
    "small cache": ({"cache_tokens": 200}, "too few for one whole context of 256"),
    "cache of a partial block": (
        {"context_tokens": 20, "cache_tokens": 20},
        "too few for one whole context of 20",
    ),
    "little memory": ({"kv_cache_memory_bytes": 10_000}, "Raise kv_cache_memory_bytes"),
    "too many ranks": ({"expert_ranks": 3}, "divides 4"),
}


@pytest.mark.parametrize(("changes", "words"), CONTRADICTIONS.values(), ids=CONTRADICTIONS.keys())
def test_contradictions_are_refused(
    config: EngineConfig, changes: dict[str, Any], words: str
) -> None:
    """Before the weights are read."""
    with pytest.raises(BadConfig, match=words):
        build_engine(replace(config, **changes))


def test_an_absent_device_is_refused(config: EngineConfig) -> None:
    """It is never replaced by another."""
    with pytest.raises(TierError, match="--device cpu"):
        build_engine(replace(config, device="cuda"))


def test_bfloat16_gives_the_same_number_of_tokens(config: EngineConfig, tmp_path: Path) -> None:
    """The option works on a CPU too."""
    with open_engine(replace(config, dtype="bfloat16")) as engine:
        assert engine.info.stack["dtype"] == "bfloat16"
        assert len(complete(engine, [greedy("one", [5, 6, 7], 5)]).tokens["one"]) == 5


@pytest.mark.parametrize(
    "changes",
    [
        {"host_cache_gib": 1e-9},
        {"host_cache_gib": -1},
        {"disk_cache_gib": 0},
        {"host_cache_gib": 1, "prefix_caching": False},
        {"disk_cache": Path("kept"), "prefix_caching": False},
    ],
    ids=str,
)
def test_tiers_that_could_hold_nothing_are_refused(
    config: EngineConfig, changes: dict[str, Any]
) -> None:
    """With the setting to change."""
    with pytest.raises(BadConfig, match="_cache"):
        build_engine(replace(config, **changes))


def test_a_default_cache_has_room_for_a_context_of_any_length(tmp_path: Path) -> None:
    """Its last block may be used in part."""
    model = tiny_checkpoint(tmp_path, max_position_embeddings=16389)
    with open_engine(EngineConfig(model=model, device="cpu")) as engine:
        assert engine.info.cache_blocks == 1025
