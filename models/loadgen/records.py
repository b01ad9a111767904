"""Records of requests as the client saw them. Seconds count from the start of the load test."""

from dataclasses import dataclass
from typing import Literal, get_args

from models.errors import TierError

ErrorKind = Literal[
    "429",  # the server has no room now
    "http",  # any other status than 200
    "timeout",
    "connection",  # refused, reset, or closed before the response was whole
    "answer",  # a response that violates OpenAI's protocol, or an error within it
    "oversized",  # a line or a response beyond the limit
    "generator",  # this process ran out of files or ports; the server is not to blame
    "stopped",  # still open when the load test was stopped
]
ERROR_KINDS: tuple[ErrorKind, ...] = get_args(ErrorKind)


class RequestFailure(TierError):
    """A request without a whole response, and the kind of failure."""

    def __init__(self, kind: ErrorKind, message: str) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True)
class RequestRecord:
    """One request.

    Latencies count from when the request was due, so that lateness of this process is never hidden.
    `send_lag_s` shows it separately.
    """

    number: int
    asked_prompt_tokens: int
    asked_output_tokens: int
    is_capped: bool
    due_s: float
    end_s: float  # the response was whole, or the request had failed
    sent_s: float | None = None  # None: it never connected or wrote
    first_s: float | None = None  # first output; None without a stream
    gaps_s: tuple[float, ...] = ()  # between consecutive outputs
    prompt_tokens: int | None = None  # the server's count; None if it reports none
    output_tokens: int | None = None
    is_estimated: bool = False  # output_tokens counts pieces of the stream, not tokens
    status: int | None = None
    error: ErrorKind | None = None
    message: str | None = None

    @property
    def send_lag_s(self) -> float | None:
        """Lateness of this process."""
        return None if self.sent_s is None else self.sent_s - self.due_s

    @property
    def ttft_s(self) -> float | None:
        """Time to the first output."""
        return None if self.first_s is None else self.first_s - self.due_s

    @property
    def e2e_s(self) -> float:
        """Time to the whole response."""
        return self.end_s - self.due_s

    @property
    def tpot_s(self) -> float | None:
        """Time per output token after the first. A response of one token has none."""
        if self.first_s is None or self.output_tokens is None or self.output_tokens < 2:
            return None
        return (self.end_s - self.first_s) / (self.output_tokens - 1)
