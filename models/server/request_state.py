"""State of an admitted request."""

import asyncio
from dataclasses import dataclass, field

from models.errors import TierError
from models.protocol import RequestOutput
from models.server.access.callers import UNKNOWN_SENDER, RequestSender


@dataclass
class RequestState:
    """One request from its arrival to its end. Instants are seconds since 1970."""

    request_id: str
    prompt_tokens: int
    max_tokens: int
    arrival_at: float
    sender: RequestSender = UNKNOWN_SENDER
    outputs: "asyncio.Queue[RequestOutput | TierError]" = field(default_factory=asyncio.Queue)
    first_token_at: float | None = None
    last_token_at: float | None = None
    completion_tokens: int = 0
    last_output: RequestOutput | None = None

    @property
    def cached_tokens(self) -> int:
        """Prompt tokens found in the cache."""
        return self.last_output.cached_tokens if self.last_output else 0

    @property
    def host_tokens(self) -> int:
        """Cached prompt tokens that came from host memory."""
        return self.last_output.host_tokens if self.last_output else 0

    @property
    def disk_tokens(self) -> int:
        """Cached prompt tokens that came from disk."""
        return self.last_output.disk_tokens if self.last_output else 0

    @property
    def scheduled_at(self) -> float | None:
        """First admission to a batch. None while the request waits."""
        return self.last_output.scheduled_at if self.last_output else None
