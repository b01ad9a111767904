"""Settings of the engine (EngineConfig) and sizes of a network (ModelConfig)."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, Self

from models.errors import BadCheckpoint, BadConfig

DeviceKind = Literal["auto", "cpu", "cuda", "npu"]
Dtype = Literal["auto", "float32", "bfloat16"]
Quantisation = Literal["none", "w8a16", "w4a16", "w8a8"]
KvCacheDtype = Literal["auto", "int8"]
Kernels = Literal["auto", "stock", "avx512_bf16", "avx512", "avx2", "neon"]
Graphs = Literal["auto", "off"]
Speculation = Literal["none", "ngram", "draft", "async-draft"]
Schedule = Literal["serial", "comet", "waves", "fused"]

CHECKPOINTS = Path(__file__).parent / "checkpoints"
SHIPPED_MODEL = CHECKPOINTS / "tiny-qwen3-moe"
SHIPPED_DRAFT = CHECKPOINTS / "tiny-qwen3-draft"
# Maximum of draft tokens by method, where none is stated: from drafts of fixed lengths on a CPU, 1,
# 8 and 32 greedy requests at once, as geometric means over no speculation, in a run of
# 2026-11-30 of benchmarks/speculation.py. N-grams gained most with 6 (1.16). In turn 1 to 3 were
# within 3 % (0.97 to 0.94), 6 far below (0.83). The asynchronous process computes each further
# token for every likely outcome of a step: 1.00 with 2 and with 3, 0.88 with 4, 0.83 with 6; at
# random 2 lost less than 3. Confidence makes drafts shorter than this, never longer.
MAX_DRAFT_TOKENS: dict[Speculation, int] = {"ngram": 6, "draft": 3, "async-draft": 2}
POSITIVE = (
    "threads",
    "max_sequences",
    "max_batch_tokens",
    "expert_ranks",
    "expert_waves",
)


@dataclass(frozen=True)
class EngineConfig:
    """All settings of the engine. It reads no others."""

    model: Path = SHIPPED_MODEL
    device: DeviceKind = "auto"
    dtype: Dtype = "auto"  # float32 on a CPU, bfloat16 elsewhere
    # Threads of torch. More than the cores that the server leaves free cost twice what they gain.
    threads: int = 1
    context_tokens: int | None = None  # None: the model's maximum
    max_sequences: int = 64  # running at once
    max_batch_tokens: int = 512  # per step; longer prompts are computed in chunks
    # Tokens per cache block. 0: 128 on an NPU, whose attention requires it, else 16.
    block_tokens: int = 0
    cache_tokens: int | None = None  # None: 16 Ki tokens, at least one whole context
    kv_cache_memory_bytes: int | None = None  # in place of cache_tokens; the blocks that fit
    kv_cache_dtype: KvCacheDtype = "auto"  # dtype; int8: with a scale for each token and head
    prefix_caching: bool = True
    # Tiers of the prefix cache beyond the device's, each bounded.
    host_cache_gib: float = 0
    disk_cache: Path | None = None  # a folder; one server at a time uses it
    disk_cache_gib: float = 8
    quantisation: Quantisation = "none"
    kernels: Kernels = "auto"  # the fastest that this device runs; a name: these or an error
    graphs: Graphs = "auto"  # auto: steps of decoding are replayed where the device can capture
    speculation: Speculation = "none"
    draft_tokens: int | None = None  # None: the method's of MAX_DRAFT_TOKENS
    # A draft ends before the token with which the chance that all of it is accepted falls below
    # this; less with few sequences. 0: every draft has the maximum.
    draft_confidence_threshold: float = 0.4
    draft_model: Path = SHIPPED_DRAFT
    expert_ranks: int = 1
    expert_schedule: Schedule = "waves"
    expert_waves: int = 2
    # Rated power of the device, reported as rated where power cannot be measured.
    rated_watts: float | None = None

    def __post_init__(self) -> None:
        for name in POSITIVE:
            if getattr(self, name) < 1:
                raise BadConfig(f"{name} must be at least 1, not {getattr(self, name)}.")
        if not 0 <= self.draft_confidence_threshold < 1:
            raise BadConfig(
                "draft_confidence_threshold must be at least 0 and below 1, not "
                f"{self.draft_confidence_threshold}."
            )
        if self.block_tokens < 0:
            raise BadConfig(
                f"block_tokens must be at least 1, or 0 for the device's default, "
                f"not {self.block_tokens}."
            )
        self._check_tiers()
        for name in ("draft_tokens", "context_tokens", "cache_tokens", "kv_cache_memory_bytes"):
            if (value := getattr(self, name)) is not None and value < 1:
                raise BadConfig(f"{name} must be at least 1, not {value}.")
        if self.cache_tokens is not None and self.kv_cache_memory_bytes is not None:
            raise BadConfig(
                "cache_tokens and kv_cache_memory_bytes both state the cache's size. Leave one out."
            )

    @property
    def max_draft_tokens(self) -> int:
        """Maximum of draft tokens per step and request; 0 without speculation."""
        if self.speculation == "none":
            return 0
        return self.draft_tokens or MAX_DRAFT_TOKENS[self.speculation]

    def _check_tiers(self) -> None:
        if not self.host_cache_gib >= 0 or not self.disk_cache_gib > 0:
            raise BadConfig(
                f"host_cache_gib is {self.host_cache_gib} and disk_cache_gib {self.disk_cache_gib};"
                " neither may be negative, and the disk's must be above 0."
            )
        if (self.host_cache_gib or self.disk_cache) and not self.prefix_caching:
            raise BadConfig(
                "host_cache_gib and disk_cache keep prefixes, which prefix_caching turns off. "
                "Leave out one of them."
            )


@dataclass(frozen=True)
class ModelConfig:
    """Sizes of a Qwen3 or Qwen3-MoE network, named as in its `config.json`."""

    hidden_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    head_dim: int
    vocab_size: int
    max_position_embeddings: int
    rms_norm_eps: float
    rope_theta: float
    tie_word_embeddings: bool
    intermediate_size: int
    num_experts: int  # 0: every layer is dense
    num_experts_per_tok: int
    moe_intermediate_size: int
    norm_topk_prob: bool
    dense_layers: frozenset[int]  # layers without experts
    eos_token_ids: tuple[int, ...]

    @classmethod
    def parse(cls, config: dict[str, Any], source: Path) -> Self:
        """Parse `config.json`. Errors name `source`."""
        _check_architecture(config, source)
        _check_sizes(config, source)
        experts = _expert_count(config) if config["model_type"] == "qwen3_moe" else 0
        rope = config.get("rope_parameters") or {}
        derived = {
            "head_dim": config.get("head_dim")
            or config["hidden_size"] // config["num_attention_heads"],
            "rope_theta": float(rope.get("rope_theta", config.get("rope_theta", 10000.0))),
            "tie_word_embeddings": config.get("tie_word_embeddings", False),
            "num_experts": experts,
            "num_experts_per_tok": config.get("num_experts_per_tok", 0) if experts else 0,
            "moe_intermediate_size": config.get("moe_intermediate_size", 0) if experts else 0,
            "norm_topk_prob": config.get("norm_topk_prob", False),
            "dense_layers": _dense_layers(config, experts),
            "eos_token_ids": _token_ids(config.get("eos_token_id")),
        }
        plain: dict[str, Any] = {
            field.name: config.get(field.name) for field in fields(cls) if field.name not in derived
        }
        _check_present(plain, source)
        return cls(**plain, **derived)

    @property
    def sparse_layers(self) -> list[int]:
        """Numbers of the layers that have experts."""
        return [each for each in range(self.num_hidden_layers) if each not in self.dense_layers]

    @property
    def active_parameters(self) -> int:
        """Weights that one token is multiplied with: 2 FLOP each, attention scores excluded."""
        heads = 2 * self.num_attention_heads + 2 * self.num_key_value_heads
        attention = self.hidden_size * self.head_dim * heads
        dense = 3 * self.hidden_size * self.intermediate_size
        experts = 3 * self.hidden_size * self.moe_intermediate_size * self.num_experts_per_tok
        sparse = experts + self.hidden_size * self.num_experts
        layers = (
            self.num_hidden_layers * attention
            + len(self.dense_layers) * dense
            + len(self.sparse_layers) * sparse
        )
        return layers + self.vocab_size * self.hidden_size

    @property
    def parameters(self) -> int:
        """All weights, those of experts that a token does not use among them."""
        idle = self.num_experts - self.num_experts_per_tok
        experts = 3 * self.hidden_size * self.moe_intermediate_size * idle
        norms = (2 * self.num_hidden_layers + 1) * self.hidden_size
        norms += 2 * self.num_hidden_layers * self.head_dim
        embedding = 0 if self.tie_word_embeddings else self.vocab_size * self.hidden_size
        return self.active_parameters + len(self.sparse_layers) * experts + norms + embedding


def _check_architecture(config: dict[str, Any], source: Path) -> None:
    kind = config.get("model_type")
    if kind not in ("qwen3", "qwen3_moe"):
        raise BadCheckpoint(
            f"{source} is a {kind!r} model; this engine runs qwen3 and qwen3_moe. "
            "Use vLLM for others."
        )
    rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
    if rope.get("rope_type", rope.get("type", "default")) != "default":
        raise BadCheckpoint(
            f"{source} scales its rotary positions ({rope}), which this engine does not support. "
            "Use vLLM for it."
        )
    if config.get("attention_bias") or config.get("use_sliding_window"):
        raise BadCheckpoint(
            f"{source} needs an attention bias or a sliding window, which this engine does not "
            "support. Use vLLM for it."
        )


def _check_sizes(config: dict[str, Any], source: Path) -> None:
    """Require whole numbers above 0, and no more experts per token than there are experts."""
    needed = {field.name for field in fields(ModelConfig) if field.type is int} - {
        "head_dim",
        "num_experts",
        "num_experts_per_tok",
    }
    if config["model_type"] == "qwen3":
        sizes = needed - {"moe_intermediate_size"}
    else:
        sizes = needed | {"num_experts_per_tok"}
    _check_present({name: config.get(name) for name in sizes}, source)
    for name in sorted(sizes | ({"head_dim"} if config.get("head_dim") is not None else set())):
        if type(config[name]) is not int or config[name] < 1:
            raise BadCheckpoint(
                f"{source}: {name} is {config[name]!r}, not a whole number above 0. "
                "Download the checkpoint again."
            )
    experts = _expert_count(config)
    if config["model_type"] == "qwen3_moe" and (
        type(experts) is not int or config["num_experts_per_tok"] > experts
    ):
        raise BadCheckpoint(
            f"{source} gives each token more experts than there are ({experts!r}). "
            "Download the checkpoint again."
        )


def _check_present(values: dict[str, Any], source: Path) -> None:
    if missing := sorted(name for name, value in values.items() if value is None):
        raise BadCheckpoint(
            f"{source} does not state {', '.join(missing)}. Download the whole checkpoint again."
        )


def _expert_count(config: dict[str, Any]) -> Any:
    return config.get("num_experts", config.get("num_local_experts", 0))


def _dense_layers(config: dict[str, Any], experts: int) -> frozenset[int]:
    """Return the layers without experts.

    In Qwen3-MoE a layer has experts if its number + 1 is a multiple of `decoder_sparse_step` and
    it is not listed in `mlp_only_layers`.
    """
    layers = range(config.get("num_hidden_layers") or 0)
    if not experts:
        return frozenset(layers)
    step, only_dense = config.get("decoder_sparse_step", 1), config.get("mlp_only_layers") or []
    return frozenset(layer for layer in layers if layer in only_dense or (layer + 1) % step)


def _token_ids(ids: int | list[int] | None) -> tuple[int, ...]:
    if ids is None:
        return ()
    return (ids,) if isinstance(ids, int) else tuple(ids)
