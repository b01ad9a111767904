"""What is asked of the engine and what it answers: plain values that travel between processes."""

from dataclasses import dataclass, field
from typing import Literal

from models.device import DeviceReading

FinishReason = Literal["stop", "length", "abort", "error"]


@dataclass(frozen=True)
class SamplingParams:
    """How the next token is chosen and when to stop."""

    max_tokens: int
    temperature: float = 1.0  # 0: greedy
    top_p: float = 1.0
    top_k: int = 0  # 0: all
    seed: int | None = None  # the same seed gives the same tokens, however the request is batched
    stop: tuple[str, ...] = ()
    stop_token_ids: tuple[int, ...] = ()
    ignore_eos: bool = False
    logprobs: int | None = (
        None  # how many of the likeliest tokens to report beside each one; None: report nothing
    )


@dataclass(frozen=True)
class EngineRequest:
    """One prompt to complete."""

    request_id: str
    prompt: list[int]
    sampling: SamplingParams


@dataclass(frozen=True)
class TokenLogprobs:
    """Natural logarithms of probabilities after temperature 1, before top-k and top-p, as vLLM's `raw_logprobs`."""

    chosen: float
    top: dict[int, float]  # the likeliest tokens, likeliest first


@dataclass(frozen=True)
class RequestOutput:
    """What one step gave one request."""

    request_id: str
    token_ids: list[int]
    logprobs: list[TokenLogprobs]  # one a token where they were asked for, else none
    finish_reason: FinishReason | None = None
    stop_string: str | None = None  # the one that ended it
    error: str | None = None  # what went wrong, with finish reason `error`
    # So far, of the whole request:
    cached_tokens: int = 0  # of the prompt, found in the cache at first admission
    draft_tokens: int = 0
    accepted_tokens: int = 0
    preemptions: int = 0
    scheduled_at: float | None = None  # when it was first admitted to run, in seconds since 1970


@dataclass(frozen=True)
class StepStats:
    """What one step did, and how the engine stands after it. Tokens are of this step, not sums."""

    seconds: float
    running: int
    waiting: int
    cache_usage: float  # 0..1
    batch_tokens: int  # tokens computed, drafts included
    prefill_tokens: int  # of them, prompt tokens and tokens computed again after a preemption
    prefix_queries: int = 0  # prompt tokens looked up in the cache
    prefix_hits: int = 0
    preemptions: int = 0
    drafts: int = 0  # sequences for which a draft was checked
    draft_tokens: int = 0
    accepted_per_position: list[int] = field(default_factory=list)
    expert_tokens: list[list[int]] = field(
        default_factory=list
    )  # [layers with experts][experts] rows each expert got
    layer_times: "LayerTimes | None" = None
    device: DeviceReading | None = None  # now and then


@dataclass(frozen=True)
class LayerTimes:
    """Expert parallelism, summed over the layers of a step, on rank 0, in seconds."""

    layers: int
    compute: float
    dispatch: float  # on the link
    combine: float
    exposed_wait: float  # waiting for the link with nothing to compute
    total: float
    schedule: str = "serial"  # of this step: now and then one runs without overlap, as a baseline
    rows: int = 0  # tokens times experts a token, over the layers


@dataclass(frozen=True)
class StepOutput:
    """One step of the engine."""

    progress: list[RequestOutput]
    stats: StepStats


@dataclass(frozen=True)
class EngineInfo:
    """What the engine says of itself once it can serve."""

    device: str  # as torch names it: cpu, npu:0
    context_tokens: int
    vocab_size: int
    eos_token_ids: tuple[int, ...]
    cache_blocks: int
    block_tokens: int
    active_parameters: int
    weight_bytes: int
    quantisation: str
    stack: dict[
        str, str
    ]  # what figures depend on: dtype, and the versions of tokentide, torch, torch_npu, python
    expert_ranks: int = 1  # devices that share the work
