"""A request on its way through the engine."""

from dataclasses import dataclass, field

from models.protocol import FinishReason, RequestOutput, EngineRequest, TokenLogprobs


@dataclass(eq=False)
class Sequence:
    """One request's tokens, and how far they are computed."""

    request: EngineRequest
    seed: int
    tokens: list[int]  # the prompt, then what was generated
    computed: int = 0  # tokens whose keys and values are in the cache
    blocks: list[int] = field(default_factory=list)
    digests: list[bytes] = field(
        default_factory=list
    )  # of its full blocks, each with all before it
    draft: list[int] = field(default_factory=list)  # a guess of what comes next, to be checked
    cached_tokens: int | None = None  # of the prompt, found in the cache when first admitted
    draft_tokens: int = 0
    accepted_tokens: int = 0
    preemptions: int = 0
    scheduled_at: float | None = None  # when first admitted, in seconds since 1970

    @property
    def prompt_tokens(self) -> int:
        return len(self.request.prompt)

    @property
    def generated_tokens(self) -> int:
        return len(self.tokens) - self.prompt_tokens

    @property
    def remaining_tokens(self) -> int:
        """How many more it may generate."""
        return self.request.sampling.max_tokens - self.generated_tokens

    def progress(
        self,
        tokens: list[int],
        logprobs: list[TokenLogprobs],
        reason: FinishReason | None,
        stop_string: str | None = None,
        error: str | None = None,
    ) -> RequestOutput:
        """What a step gave it, with its sums so far."""
        return RequestOutput(
            self.request.request_id,
            tokens,
            logprobs,
            reason,
            stop_string,
            error,
            cached_tokens=self.cached_tokens or 0,
            draft_tokens=self.draft_tokens,
            accepted_tokens=self.accepted_tokens,
            preemptions=self.preemptions,
            scheduled_at=self.scheduled_at,
        )


@dataclass(frozen=True)
class ScheduledChunk:
    """What a step computes of one sequence: `tokens` from `sequence.computed` on, of which the last `drafted` are a guess."""

    sequence: Sequence
    tokens: int
    drafted: int
    is_prefill: bool  # the prompt, or what is computed again after a preemption

    @property
    def known(self) -> int:
        """Tokens that are no guess."""
        return self.tokens - self.drafted

    @property
    def is_complete(self) -> bool:
        """Whether the step reaches the sequence's last token, so that its logits choose the next one."""
        return self.sequence.computed + self.known == len(self.sequence.tokens)

    @property
    def token_ids(self) -> list[int]:
        first = self.sequence.computed
        return (
            self.sequence.tokens[first : first + self.known] + self.sequence.draft[: self.drafted]
        )
