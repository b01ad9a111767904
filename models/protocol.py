"""Requests to the engine and its replies: plain values that travel between processes."""

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from models.device import DeviceReading

FinishReason = Literal["stop", "length", "abort", "error"]
KvTier = Literal["device", "host", "disk"]


@dataclass(frozen=True)
class SamplingParams:
    """Rules for choosing the next token and for stopping."""

    max_tokens: int
    temperature: float = 1.0  # 0: greedy
    top_p: float = 1.0
    top_k: int = 0  # 0: all
    seed: int | None = None  # equal seeds give equal tokens, however the request is batched
    stop: tuple[str, ...] = ()
    stop_token_ids: tuple[int, ...] = ()
    ignore_eos: bool = False
    logprobs: int | None = None  # likeliest tokens to report beside each one; None: no logprobs


@dataclass(frozen=True)
class EngineRequest:
    """One prompt to complete."""

    request_id: str
    prompt: list[int]
    sampling: SamplingParams


@dataclass(frozen=True)
class TokenLogprobs:
    """Logarithms of probabilities before temperature, top-k and top-p: vLLM's `raw_logprobs`."""

    chosen: float
    top: dict[int, float]  # the likeliest tokens, likeliest first


class RequestOutput(NamedTuple):
    """Output of one step for one request, and the request's sums so far.

    A tuple, because one is made, sent and read for each sequence of each step.
    """

    request_id: str
    token_ids: list[int]
    logprobs: list[TokenLogprobs]  # one a token if requested, else empty
    finish_reason: FinishReason | None = None
    stop_string: str | None = None  # the string that ended the request
    error: str | None = None  # message for finish reason `error`
    # Sums of the whole request:
    cached_tokens: int = 0  # prompt tokens found in the cache at first admission
    host_tokens: int = 0  # of these, from host memory
    disk_tokens: int = 0  # of these, from disk
    draft_tokens: int = 0
    accepted_tokens: int = 0
    preemptions: int = 0
    scheduled_at: float | None = None  # first admission, in seconds since 1970


@dataclass(frozen=True)
class StepStats:
    """Counts of one step and the engine's state after it. Tokens are those of the step."""

    seconds: float
    running: int
    waiting: int
    cache_usage: float  # 0..1
    batch_tokens: int  # computed tokens, draft tokens included
    prefix_queries: int = 0  # prompt tokens looked up on the device
    prefix_hits: int = 0
    kv_tiers: "list[KvTierStats]" = field(default_factory=list)  # empty without host and disk tier
    preemptions: int = 0
    drafts: int = 0  # sequences whose draft was verified
    draft_tokens: int = 0
    # By position in the draft; drafts of one step may differ in length.
    drafted_per_position: list[int] = field(default_factory=list)
    accepted_per_position: list[int] = field(default_factory=list)
    # [sparse layers][experts]: rows that each expert got
    expert_tokens: list[list[int]] = field(default_factory=list)
    layer_times: "LayerTimes | None" = None
    device: DeviceReading | None = None  # only in some steps


@dataclass(frozen=True)
class KvTierStats:
    """One tier of the prefix cache: tokens since the last step, its state after this one."""

    tier: KvTier
    queries: int  # prompt tokens that no faster tier had
    hits: int
    held_bytes: int
    max_bytes: int
    damaged_blocks: int = 0  # since the start; read, found damaged and removed
    dropped_blocks: int = 0  # since the start; not written, because the disk was full or too slow


@dataclass(frozen=True)
class LayerTimes:
    """Seconds of expert parallelism on rank 0, summed over the layers of a step.

    None: unknown. The schedule `fused` starts its layers without waiting for the device, and what
    its kernels send, wait for and overlap cannot be separated from outside.
    """

    layers: int
    compute: float | None
    dispatch: float | None  # transfer to the experts
    combine: float | None  # transfer back
    exposed_wait: float | None  # waiting for a transfer with nothing to compute
    total: float | None
    schedule: str = "serial"  # some steps run without overlap, as a baseline
    rows: int = 0  # tokens times experts per token, over the layers


@dataclass(frozen=True)
class StepOutput:
    """Result of one engine step."""

    outputs: list[RequestOutput]
    stats: StepStats


@dataclass(frozen=True)
class EngineInfo:
    """Facts about a started engine."""

    device: str  # torch's name: cpu, npu:0
    context_tokens: int
    vocab_size: int
    eos_token_ids: tuple[int, ...]
    cache_blocks: int
    block_tokens: int
    active_parameters: int
    weight_bytes: int
    quantisation: str
    stack: dict[str, str]  # dtype, kernels, and versions of tokentide, torch, torch_npu and python
    expert_ranks: int = 1  # devices that share the work
    parameters: int | None = None  # all of them, also those that a token does not use
    kv_cache_dtype: str = "float32"  # of the cache: float32, bfloat16 or int8
    cache_bytes: int | None = None  # memory of the cache, scales included
