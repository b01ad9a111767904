"""A request that the engine has, and what came of it so far."""

import asyncio
from dataclasses import dataclass, field

from models.errors import TierError
from models.protocol import RequestOutput


@dataclass
class RequestState:
    """One request under way. Instants are seconds since 1970."""

    request_id: str
    prompt_tokens: int
    max_tokens: int
    arrival_at: float
    answers: "asyncio.Queue[RequestOutput | TierError]" = field(default_factory=asyncio.Queue)
    first_token_at: float | None = None
    last_token_at: float | None = None
    completion_tokens: int = 0
    latest: RequestOutput | None = None

    @property
    def cached_tokens(self) -> int:
        """Tokens of the prompt that were found in the cache."""
        return self.latest.cached_tokens if self.latest else 0

    @property
    def scheduled_at(self) -> float | None:
        """When it began to run; None while it waits."""
        return self.latest.scheduled_at if self.latest else None
