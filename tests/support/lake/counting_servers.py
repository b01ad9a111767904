"""Simulated servers whose tokens are known: what they count while they serve is the truth."""

import time
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response
from support.lake.dagster import wait_until

SERVERS = 6
PER_SECOND = 1000


@dataclass
class CountingServers:
    """Counters of simulated servers, which rest before the day begins and after it has ended."""

    began: float | None = None
    ended: float | None = None
    pages: dict[str, int] = field(default_factory=dict)

    def tokens(self, number: int) -> int:
        """Return what a server has generated; each serves at another pace."""
        if self.began is None:
            return 0
        seconds = (self.ended or time.monotonic()) - self.began
        return int(seconds * PER_SECOND) * (number + 1)

    def page(self, request: Request) -> Response:
        """Respond with the page of a server; it reads half as many tokens as it generates."""
        name = request.url.path.split("/")[-2]
        self.pages[name] = self.pages.get(name, 0) + 1
        tokens = self.tokens(int(name.removeprefix("server-")))
        return Response(
            "process_start_time_seconds 1e9\n"
            f'vllm:prompt_tokens_total{{model_name="m"}} {tokens}\n'
            f'vllm:generation_tokens_total{{model_name="m"}} {2 * tokens}\n'
        )

    def rest(self) -> None:
        """Wait until every server was scraped twice more."""
        wanted = {name: count + 2 for name, count in self.pages.items()}
        wait_until(lambda: all(self.pages[name] >= count for name, count in wanted.items()))

    def truth(self) -> dict[str, tuple[int, int]]:
        """Return the tokens that each server read and generated."""
        return {
            f"server-{number}": (self.tokens(number), 2 * self.tokens(number))
            for number in range(SERVERS)
        }
