"""What the client saw of each request. Seconds count from the start of the run, all on one clock."""

from dataclasses import dataclass
from typing import Literal, get_args

from models.errors import TierError

ErrorKind = Literal[
    "429",  # the server has no room now
    "http",  # any other status than 200
    "timeout",
    "connection",  # refused, reset, or closed before the answer was whole
    "answer",  # not what OpenAI's protocol says, or an error in the middle of it
    "oversized",  # a line or an answer beyond what is read
    "generator",  # this process ran out of files or ports: no fault of the server
    "stopped",  # still open when the run was stopped
]
ERROR_KINDS: tuple[ErrorKind, ...] = get_args(ErrorKind)


class RequestFailure(TierError):
    """Why a request has no answer."""

    def __init__(self, kind: ErrorKind, message: str) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True)
class RequestRecord:
    """One request. Latencies count from when it was due, so that lateness of ours is never hidden; `send_lag_s` tells it apart."""

    number: int
    asked_prompt_tokens: int
    asked_output_tokens: int
    is_capped: bool
    due_s: float
    end_s: float  # the answer was whole, or the request had failed
    sent_s: float | None = None  # None: it never came to connect or to write
    first_s: float | None = None  # first output; None where nothing was streamed
    gaps_s: tuple[float, ...] = ()  # between one output and the next
    prompt_tokens: int | None = None  # as the server counts; None where it does not say
    output_tokens: int | None = None
    is_estimated: bool = (
        False  # output_tokens are the pieces of the stream, because the server does not count
    )
    status: int | None = None
    error: ErrorKind | None = None
    message: str | None = None

    @property
    def send_lag_s(self) -> float | None:
        """How late this process was."""
        return None if self.sent_s is None else self.sent_s - self.due_s

    @property
    def ttft_s(self) -> float | None:
        """Time to the first output."""
        return None if self.first_s is None else self.first_s - self.due_s

    @property
    def e2e_s(self) -> float:
        """Time to the whole answer."""
        return self.end_s - self.due_s

    @property
    def tpot_s(self) -> float | None:
        """Time per output token after the first; an answer of one token has none."""
        if self.first_s is None or self.output_tokens is None or self.output_tokens < 2:
            return None
        return (self.end_s - self.first_s) / (self.output_tokens - 1)
