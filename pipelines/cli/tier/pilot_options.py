"""Options of a pilot as they were given."""

from dataclasses import dataclass
from pathlib import Path

STOPPED = 130  # exit code that shells report after Ctrl-C


@dataclass(frozen=True)
class PilotOptions:
    """All options of the verb `pilot`; its `--help` says what each means."""

    a: str
    b: str
    trace: Path | None
    rate: float | None
    minutes: float
    out: Path | None
    start_a: str | None
    start_b: str | None
    start_seconds: float
    model_a: str | None
    model_b: str | None
    target_a: str | None
    target_b: str | None
    key_a: str | None
    key_b: str | None
    prompt_tokens: int
    max_tokens: int
    max_request_tokens: int | None
    token_ids: int | None
    speed: float
    chat: bool
    temperature: float
    seed: int
    blocks: int | None
    ttft_ms: float | None
    tpot_ms: float | None
    e2e_ms: float | None
    timeout: float
    name: str | None
    ledger: bool

    def of_side(self, name: str, side: str) -> str | None:
        """Return an option that both servers have, such as `model`, of one side."""
        value: str | None = getattr(self, f"{name}_{side}")
        return value
