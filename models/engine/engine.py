"""The engine: requests in, tokens out, one step at a time."""

import random
from time import perf_counter

from models.assemble import build_parts
from models.config import EngineConfig
from models.engine.model_runner import ModelRunner, make_batch
from models.engine.sampler import SampledTokens, SamplingPosition, sample
from models.engine.scheduler import SchedulerCounts, Scheduler
from models.engine.sequence import ScheduledChunk, Sequence
from models.engine.stopping import StopStringMatcher, finish_reason_of
from models.errors import PromptTooLong, RequestRefused
from models.protocol import RequestOutput, EngineInfo, EngineRequest, StepOutput, StepStats, TokenLogprobs
from models.spec_decode.proposer import Drafter

SEED_BITS = 63
MAX_LOGPROBS = 20  # as OpenAI's and vLLM's
TALLY_SECONDS = 0.5  # how often the experts' tokens are reported: counting is cheap, sending is not


class Engine:
    """Serves requests of one model in one process. Not for several threads: whoever owns it adds, aborts and steps in turn."""

    ready: EngineInfo

    def __init__(self, config: EngineConfig) -> None:
        started = build_parts(config)
        self.ready = started.ready
        self._runner: ModelRunner = started.runner
        self._drafter: Drafter = started.drafter
        self._device = started.device
        self._tokenizer = started.tokenizer
        self._scheduler = Scheduler(started.pool, config.max_sequences, config.max_batch_tokens)
        self._sequences: dict[str, Sequence] = {}
        self._stop_strings: dict[str, StopStringMatcher] = {}
        self._aborted: list[str] = []
        self._eos = frozenset(started.ready.eos_token_ids)
        self._tallied_at = perf_counter()
        self._accepted_per_position: list[int] = []

    def add(self, request: EngineRequest) -> None:
        """Queue a request. Every one that is accepted gets exactly one `Progress` with a finish reason."""
        self._judge(request)
        sampling = request.sampling
        seed = sampling.seed if sampling.seed is not None else random.getrandbits(SEED_BITS)
        sequence = Sequence(request, seed, list(request.prompt))
        self._sequences[request.request_id] = sequence
        if sampling.stop:
            self._stop_strings[request.request_id] = StopStringMatcher(self._tokenizer, sampling.stop)
        self._scheduler.waiting.append(sequence)

    def abort(self, request_id: str) -> None:
        """End a request with the next step; one that is unknown, or over, is none."""
        if request_id in self._sequences:
            self._aborted.append(request_id)

    @property
    def has_work(self) -> bool:
        return bool(self._sequences)

    def step(self) -> StepOutput:
        """Choose what to compute, compute it, choose tokens, hand them out."""
        started = perf_counter()
        gone = self._drop_aborted()
        parts = self._scheduler.next_parts()
        self._accepted_per_position = [0] * max((part.drafted for part in parts), default=0)
        chosen = self._run(parts)
        progress = self._hand_out(parts, chosen)
        self._drafter.draft(self._scheduler.running)
        return StepOutput(gone + progress, self._stats(started, parts))

    def idle_step(self) -> StepOutput:
        """A step that computes nothing: how the engine and its device stand while nobody asks anything."""
        self._accepted_per_position = []
        return StepOutput([], self._stats(perf_counter(), []))

    def close(self) -> None:
        """Give back processes and memory."""
        self._drafter.close()
        self._runner.close()

    def _judge(self, request: EngineRequest) -> None:
        prompt, context = request.prompt, self.ready.context_tokens
        if request.request_id in self._sequences:
            raise RequestRefused(
                f"There is a request {request.request_id} already; name this one differently."
            )
        if not prompt:
            raise RequestRefused("The prompt is empty; give at least one token.")
        if not 0 <= min(prompt) <= max(prompt) < self.ready.vocab_size:
            raise RequestRefused(
                f"The prompt holds a token outside 0..{self.ready.vocab_size - 1}; use this model's tokenizer."
            )
        if request.sampling.max_tokens < 1:
            raise RequestRefused(f"max_tokens must be at least 1, not {request.sampling.max_tokens}.")
        if len(prompt) + request.sampling.max_tokens > context:
            raise PromptTooLong(
                f"The model's context is {context} tokens; the prompt has {len(prompt)} and max_tokens asks for "
                f"{request.sampling.max_tokens} more. Shorten the prompt or ask for less."
            )
        if (request.sampling.logprobs or 0) > MAX_LOGPROBS:
            raise RequestRefused(
                f"logprobs must be at most {MAX_LOGPROBS}, not {request.sampling.logprobs}."
            )

    def _drop_aborted(self) -> list[RequestOutput]:
        gone = [
            self._sequences[name]
            for name in dict.fromkeys(self._aborted)
            if name in self._sequences
        ]
        self._aborted.clear()
        for sequence in gone:
            self._remove(sequence)
        return [sequence.progress([], [], "abort") for sequence in gone]

    def _run(self, parts: list[ScheduledChunk]) -> SampledTokens:
        if not parts:
            return SampledTokens([], [])
        self._drafter.look_ahead(parts)
        batch = make_batch(parts, self._scheduler.pool.block_tokens)
        places = [
            SamplingPosition(
                part.sequence.request.sampling,
                part.sequence.seed,
                part.sequence.computed + part.known + ahead,
            )
            for part in parts
            if part.is_complete
            for ahead in range(part.drafted + 1)
        ]
        logits = self._runner.forward(batch)
        return sample(logits, places) if places else SampledTokens([], [])

    def _hand_out(self, parts: list[ScheduledChunk], chosen: SampledTokens) -> list[RequestOutput]:
        progress: list[RequestOutput] = []
        row = 0
        for part in parts:
            if not part.is_complete:
                self._scheduler.computed(part, part.sequence.computed + part.tokens)
                continue
            rows = slice(row, row + part.drafted + 1)
            progress.append(self._advance(part, chosen.tokens[rows], chosen.logprobs[rows]))
            row = rows.stop
        return progress

    def _advance(
        self, part: ScheduledChunk, choices: list[int], logprobs: list[TokenLogprobs | None]
    ) -> RequestOutput:
        """The guesses that equal what was chosen at their place are accepted, and one more token comes with them."""
        sequence, known = part.sequence, len(part.sequence.tokens)
        accepted = next(
            (place for place in range(part.drafted) if sequence.draft[place] != choices[place]),
            part.drafted,
        )
        sequence.draft = []
        reason = stop_string = None
        for token in choices[: accepted + 1]:
            sequence.tokens.append(token)
            stop_string = self._stop_string(sequence, token)
            reason = (
                "stop"
                if stop_string
                else finish_reason_of(sequence, self._eos, self.ready.context_tokens)
            )
            if reason:
                break
        new = sequence.tokens[known:]
        self._count_accepted(part, min(accepted, len(new)))
        self._scheduler.computed(part, min(known + accepted, len(sequence.tokens)))
        if reason:
            self._remove(sequence)
        return sequence.progress(
            new, [each for each in logprobs[: len(new)] if each], reason, stop_string
        )

    def _count_accepted(self, part: ScheduledChunk, accepted: int) -> None:
        part.sequence.draft_tokens += part.drafted
        part.sequence.accepted_tokens += accepted
        for place in range(accepted):
            self._accepted_per_position[place] += 1

    def _stop_string(self, sequence: Sequence, token: int) -> str | None:
        watch = self._stop_strings.get(sequence.request.request_id)
        return watch.found(token) if watch else None

    def _remove(self, sequence: Sequence) -> None:
        self._scheduler.remove(sequence)
        self._drafter.forget(sequence)
        del self._sequences[sequence.request.request_id]
        self._stop_strings.pop(sequence.request.request_id, None)

    def _stats(self, started: float, parts: list[ScheduledChunk]) -> StepStats:
        counts, self._scheduler.counts = self._scheduler.counts, SchedulerCounts()
        now = perf_counter()
        is_due = now - self._tallied_at >= TALLY_SECONDS or not self.has_work
        if is_due:
            self._tallied_at = now
        drafted = [part for part in parts if part.drafted]
        return StepStats(
            seconds=now - started,
            running=len(self._scheduler.running),
            waiting=len(self._scheduler.waiting),
            cache_usage=self._scheduler.pool.usage,
            batch_tokens=sum(part.tokens for part in parts),
            prefill_tokens=sum(part.tokens for part in parts if part.is_prefill),
            prefix_queries=counts.prefix_queries,
            prefix_hits=counts.prefix_hits,
            preemptions=counts.preemptions,
            drafts=len(drafted),
            draft_tokens=sum(part.drafted for part in drafted),
            accepted_per_position=self._accepted_per_position,
            expert_tokens=self._runner.expert_tokens() if is_due else [],
            layer_times=self._runner.layer_times() if parts else None,
            device=self._device.read() if is_due else None,
        )
