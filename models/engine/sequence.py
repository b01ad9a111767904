"""State of a request in the engine."""

from dataclasses import dataclass, field
from typing import NamedTuple

from models.kv_offload.kv_offload import Restore
from models.protocol import EngineRequest, FinishReason, RequestOutput, TokenLogprobs


@dataclass(eq=False)
class Sequence:
    """Tokens of one request, and how many of them are computed."""

    request: EngineRequest
    seed: int
    tokens: list[int]  # the prompt, then the generated tokens
    computed_tokens: int = 0  # tokens whose keys and values are in the cache
    blocks: list[int] = field(default_factory=list)
    digests: list[bytes] = field(default_factory=list)  # of its full blocks
    draft: list[int] = field(default_factory=list)  # draft tokens to verify in the next step
    restore: Restore | None = None  # blocks on their way from a slower tier, before it is computed
    cached_tokens: int | None = None  # prompt tokens found in the cache at first admission
    host_tokens: int = 0  # of these, from host memory
    disk_tokens: int = 0  # of these, from disk
    draft_tokens: int = 0
    accepted_tokens: int = 0
    preemptions: int = 0
    scheduled_at: float | None = None  # first admission, in seconds since 1970

    @property
    def prompt_tokens(self) -> int:
        """Tokens of the prompt."""
        return len(self.request.prompt)

    @property
    def is_random(self) -> bool:
        """True if its tokens are drawn at random, False if they are the likeliest."""
        return self.request.sampling.temperature > 0

    @property
    def generated_tokens(self) -> int:
        """Tokens after the prompt."""
        return len(self.tokens) - self.prompt_tokens

    @property
    def remaining_tokens(self) -> int:
        """Tokens that it may still generate."""
        return self.request.sampling.max_tokens - self.generated_tokens

    def output(
        self,
        tokens: list[int],
        logprobs: list[TokenLogprobs],
        reason: FinishReason | None,
        stop_string: str | None = None,
        error: str | None = None,
    ) -> RequestOutput:
        """Build the output of a step, with the request's sums so far."""
        return RequestOutput(
            self.request.request_id,
            tokens,
            logprobs,
            reason,
            stop_string,
            error,
            cached_tokens=self.cached_tokens or 0,
            host_tokens=self.host_tokens,
            disk_tokens=self.disk_tokens,
            draft_tokens=self.draft_tokens,
            accepted_tokens=self.accepted_tokens,
            preemptions=self.preemptions,
            scheduled_at=self.scheduled_at,
        )


class ScheduledChunk(NamedTuple):
    """Tokens of one sequence to compute in a step, from `sequence.computed_tokens` on."""

    sequence: Sequence
    tokens: int
    drafted: int  # the last of `tokens`, which are draft tokens

    @property
    def known(self) -> int:
        """Tokens that are not draft tokens."""
        return self.tokens - self.drafted

    @property
    def is_complete(self) -> bool:
        """True if the chunk reaches the last token, whose logits choose the next."""
        return self.sequence.computed_tokens + self.known == len(self.sequence.tokens)

    @property
    def token_ids(self) -> list[int]:
        """Token ids of the chunk, draft tokens last."""
        first, sequence = self.sequence.computed_tokens, self.sequence
        return sequence.tokens[first : first + self.known] + sequence.draft[: self.drafted]
