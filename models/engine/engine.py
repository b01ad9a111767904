"""The engine: it turns requests into tokens, one step at a time.

`models.assemble` builds its parts from a configuration; tests may hand in others.
"""

import random
from dataclasses import dataclass
from time import perf_counter
from typing import Protocol

from tokenizers import Tokenizer

from models.device import DeviceReading
from models.engine.drafter import Drafter
from models.engine.model_runner import ModelRunner, make_batch
from models.engine.sampler import Draw, SampledTokens, SamplingPosition, sample
from models.engine.scheduler import Scheduler, SchedulerCounts
from models.engine.sequence import ScheduledChunk, Sequence
from models.engine.stopping import StopStringMatcher, finish_reason_of
from models.errors import PromptTooLong, RequestRefused
from models.kv_offload.kv_offload import KvOffload
from models.protocol import (
    EngineInfo,
    EngineRequest,
    KvTierStats,
    RequestOutput,
    StepOutput,
    StepStats,
    TokenLogprobs,
)

SEED_BITS = 63
MAX_LOGPROBS = 20  # the limit of OpenAI and vLLM
# Interval of reports on experts and the device: counting is cheap, sending is not.
REPORT_SECONDS = 0.5


class ReadsDevice(Protocol):
    """Source of device readings."""

    def read(self) -> DeviceReading:
        """Take one reading."""


@dataclass(frozen=True)
class EngineParts:
    """Parts that an engine joins."""

    info: EngineInfo
    tokenizer: Tokenizer
    scheduler: Scheduler
    runner: ModelRunner
    drafter: Drafter
    device: ReadsDevice
    draw: Draw | None = None  # kernel of random choices; None: stock torch
    offload: KvOffload | None = None  # the scheduler's; None: the prefix cache is the device's


class Engine:
    """Server of one model in one process.

    Not thread-safe: its owner calls `add`, `abort` and `step` in turn.
    """

    def __init__(self, parts: EngineParts) -> None:
        self.info = parts.info
        self._tokenizer = parts.tokenizer
        self._scheduler = parts.scheduler
        self._runner = parts.runner
        self._drafter = parts.drafter
        self._device = parts.device
        self._draw = parts.draw
        self._offload = parts.offload
        self._sequences: dict[str, Sequence] = {}
        self._stop_strings: dict[str, StopStringMatcher] = {}
        self._aborted: list[str] = []
        self._eos = frozenset(parts.info.eos_token_ids)
        self._reported_at = perf_counter()
        self._drafted_per_position: list[int] = []
        self._accepted_per_position: list[int] = []

    def add(self, request: EngineRequest) -> None:
        """Queue a request.

        Each accepted request gets exactly one `RequestOutput` with a finish reason.
        """
        self._validate(request)
        sampling = request.sampling
        seed = sampling.seed if sampling.seed is not None else random.getrandbits(SEED_BITS)
        sequence = Sequence(request, seed, list(request.prompt))
        self._sequences[request.request_id] = sequence
        if sampling.stop:
            matcher = StopStringMatcher(self._tokenizer, sampling.stop)
            self._stop_strings[request.request_id] = matcher
        self._scheduler.waiting.append(sequence)

    def abort(self, request_id: str) -> None:
        """End a request with the next step. Ignore a request that is unknown or over."""
        if request_id in self._sequences:
            self._aborted.append(request_id)

    @property
    def has_work(self) -> bool:
        """True if any request is waiting or running."""
        return bool(self._sequences)

    def step(self) -> StepOutput:
        """Schedule chunks, compute them, sample tokens, propose the next drafts."""
        started = perf_counter()
        aborted = self._drop_aborted()
        self._restore()
        chunks = self._scheduler.schedule()
        lengths = [chunk.drafted for chunk in chunks if chunk.drafted]
        longest = max(lengths, default=0)
        self._drafted_per_position = [
            sum(length > position for length in lengths) for position in range(longest)
        ]
        self._accepted_per_position = [0] * longest
        sampled = self._compute(chunks)
        outputs = self._collect_outputs(chunks, sampled)
        if self._offload:
            self._offload.store()
        self._drafter.draft(self._scheduler.running)
        return StepOutput(aborted + outputs, self._stats(started, chunks))

    def idle_step(self) -> StepOutput:
        """Report the state of an idle engine and its device without computing anything."""
        self._drafted_per_position = []
        self._accepted_per_position = []
        return StepOutput([], self._stats(perf_counter(), []))

    def reset_prefix_cache(self) -> None:
        """Forget the prefixes on the device. Slower tiers keep theirs."""
        self._scheduler.block_manager.reset_prefixes()

    def close(self) -> None:
        """Release processes and memory."""
        self._drafter.close()
        if self._offload:
            self._offload.close()
        self._runner.close()

    def _validate(self, request: EngineRequest) -> None:
        prompt, sampling, context = request.prompt, request.sampling, self.info.context_tokens
        if request.request_id in self._sequences:
            raise RequestRefused(f"A request {request.request_id} already exists; rename this one.")
        if not prompt:
            raise RequestRefused("The prompt is empty; give at least one token.")
        if not 0 <= min(prompt) <= max(prompt) < self.info.vocab_size:
            raise RequestRefused(
                f"The prompt contains a token outside 0..{self.info.vocab_size - 1}; "
                "use this model's tokenizer."
            )
        if sampling.max_tokens < 1:
            raise RequestRefused(f"max_tokens must be at least 1, not {sampling.max_tokens}.")
        if len(prompt) + sampling.max_tokens > context:
            raise PromptTooLong(
                f"The model's context is {context} tokens; the prompt has {len(prompt)} and "
                f"max_tokens requests {sampling.max_tokens} more. Shorten the prompt or request "
                "fewer tokens."
            )
        if (sampling.logprobs or 0) > MAX_LOGPROBS:
            raise RequestRefused(
                f"logprobs must be at most {MAX_LOGPROBS}, not {sampling.logprobs}."
            )

    def _drop_aborted(self) -> list[RequestOutput]:
        names = [name for name in dict.fromkeys(self._aborted) if name in self._sequences]
        self._aborted.clear()
        dropped = [self._sequences[name] for name in names]
        for sequence in dropped:
            self._remove(sequence)
        return [sequence.output([], [], "abort") for sequence in dropped]

    def _restore(self) -> None:
        """Copy some blocks of slower tiers to the device. If all sequences need them, wait."""
        running = self._scheduler.running
        restores = [each.restore for each in running if each.restore]
        if self._offload and restores:
            if len(restores) == len(running):
                self._offload.wait(restores)
            self._offload.advance(restores)
            self._scheduler.end_restores()

    def _compute(self, chunks: list[ScheduledChunk]) -> SampledTokens:
        if not chunks:
            return SampledTokens([], [])
        self._drafter.look_ahead(chunks)
        batch = make_batch(chunks, self._scheduler.block_manager.block_tokens)
        positions = [
            SamplingPosition(
                chunk.sequence.request.sampling,
                chunk.sequence.seed,
                chunk.sequence.computed_tokens + chunk.known + offset,
            )
            for chunk in chunks
            if chunk.is_complete
            for offset in range(chunk.drafted + 1)
        ]
        logits = self._runner.forward(batch)
        return sample(logits, positions, self._draw) if positions else SampledTokens([], [])

    def _collect_outputs(
        self, chunks: list[ScheduledChunk], sampled: SampledTokens
    ) -> list[RequestOutput]:
        outputs: list[RequestOutput] = []
        row = 0
        for chunk in chunks:
            if not chunk.is_complete:
                computed = chunk.sequence.computed_tokens + chunk.tokens
                self._scheduler.mark_computed(chunk.sequence, computed)
                continue
            rows = slice(row, row + chunk.drafted + 1)
            outputs.append(self._advance(chunk, sampled.tokens[rows], sampled.logprobs[rows]))
            row = rows.stop
        return outputs

    def _advance(
        self, chunk: ScheduledChunk, choices: list[int], logprobs: list[TokenLogprobs | None]
    ) -> RequestOutput:
        """Accept the draft tokens that equal the sampled ones, and append one more token."""
        sequence, known = chunk.sequence, len(chunk.sequence.tokens)
        mismatches = (at for at in range(chunk.drafted) if sequence.draft[at] != choices[at])
        accepted = next(mismatches, chunk.drafted)
        sequence.draft = []
        reason = stop_string = None
        for token in choices[: accepted + 1]:
            sequence.tokens.append(token)
            stop_string = self._match_stop_string(sequence, token)
            reason = finish_reason_of(sequence, self._eos, self.info.context_tokens)
            reason = "stop" if stop_string else reason
            if reason:
                break
        new = sequence.tokens[known:]
        self._count_accepted(chunk, min(accepted, len(new)))
        computed = min(known + accepted, len(sequence.tokens))
        self._scheduler.mark_computed(sequence, computed)
        if reason:
            self._remove(sequence)
        reported = [each for each in logprobs[: len(new)] if each]
        return sequence.output(new, reported, reason, stop_string)

    def _count_accepted(self, chunk: ScheduledChunk, accepted: int) -> None:
        chunk.sequence.draft_tokens += chunk.drafted
        chunk.sequence.accepted_tokens += accepted
        for position in range(accepted):
            self._accepted_per_position[position] += 1

    def _match_stop_string(self, sequence: Sequence, token: int) -> str | None:
        matcher = self._stop_strings.get(sequence.request.request_id)
        return matcher.match(token) if matcher else None

    def _remove(self, sequence: Sequence) -> None:
        self._scheduler.remove(sequence)
        self._drafter.forget(sequence)
        del self._sequences[sequence.request.request_id]
        self._stop_strings.pop(sequence.request.request_id, None)

    def _stats(self, started: float, chunks: list[ScheduledChunk]) -> StepStats:
        counts, self._scheduler.counts = self._scheduler.counts, SchedulerCounts()
        now = perf_counter()
        is_due = now - self._reported_at >= REPORT_SECONDS or not self.has_work
        if is_due:
            self._reported_at = now
        return StepStats(
            seconds=now - started,
            running=len(self._scheduler.running),
            waiting=len(self._scheduler.waiting),
            cache_usage=self._scheduler.block_manager.usage,
            batch_tokens=sum(chunk.tokens for chunk in chunks),
            prefix_queries=counts.prefix_queries,
            prefix_hits=counts.prefix_hits,
            kv_tiers=self._tier_stats(counts),
            preemptions=counts.preemptions,
            drafts=sum(self._drafted_per_position[:1]),
            draft_tokens=sum(self._drafted_per_position),
            drafted_per_position=self._drafted_per_position,
            accepted_per_position=self._accepted_per_position,
            expert_tokens=self._runner.expert_tokens() if is_due else [],
            layer_times=self._runner.layer_times() if chunks else None,
            device=self._device.read() if is_due else None,
        )

    def _tier_stats(self, counts: SchedulerCounts) -> list[KvTierStats]:
        if not self._offload:
            return []
        manager, size = self._scheduler.block_manager, self._offload.block_bytes
        found = (counts.prefix_queries, counts.prefix_hits)
        held, most = manager.known_blocks * size, manager.total_blocks * size
        return [KvTierStats("device", *found, held, most), *self._offload.stats()]
