"""Preparation of a pilot: first tokens, checks of both servers, equality of completions."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from time import perf_counter

import httpx

from models.errors import TierError
from models.loadgen.prompts import Endpoint, RequestOptions
from models.loadgen.replay import Print
from models.loadgen.target import LoadTarget, ServerUnreachable, find_served_model
from models.pilot.blocks import SIDES, Side
from models.pilot.checks import (
    BUSY,
    BUSY_SECONDS,
    MAX_TRIES,
    FeatureCheck,
    check_features,
    checking,
    outcome_of,
)
from models.pilot.greedy import GreedyEquality, compare_greedy
from models.pilot.run import PilotServer


class NoCompletions(TierError):
    """A server completes no request at all, so there is nothing to compare."""


@dataclass(frozen=True)
class FirstToken:
    """Seconds to the first token: of the first request, and from the start of the server."""

    request_s: float | None = None
    since_start_s: float | None = None
    reason: str | None = None


@dataclass
class Preparation:
    """Findings on both servers before the load."""

    first_tokens: dict[Side, FirstToken] = field(default_factory=dict)
    checks: dict[Side, list[FeatureCheck]] = field(default_factory=dict)
    greedy: GreedyEquality | None = None

    @property
    def is_stream(self) -> bool:
        """True if both servers stream; otherwise none of them is asked to."""
        return self._both("streaming")

    @property
    def ignores_eos(self) -> bool:
        """True if both servers generate as many tokens as they are asked for."""
        return self._both("ignore_eos")

    def _both(self, name: str) -> bool:
        return all(outcome_of(self.checks[side], name) == "supported" for side in SIDES)


async def prepare(
    servers: Mapping[Side, PilotServer],
    endpoint: Endpoint,
    seed: int,
    first_tokens: Mapping[Side, FirstToken],
    on_step: Print = lambda text: None,
) -> Preparation:
    """Ask both servers for features and greedy completions.

    Raise NoCompletions where a server completes nothing.
    """
    found = Preparation(dict(first_tokens))
    async with AsyncExitStack() as stack:
        checkers = {
            side: await stack.enter_async_context(checking(servers[side], endpoint, seed))
            for side in SIDES
        }
        for side in SIDES:
            on_step(f"checks of {side.upper()}")
            found.checks[side] = await check_features(checkers[side])
            _check_completes(servers[side], found.checks[side])
        on_step("greedy completions of both")
        found.greedy = await compare_greedy(checkers["a"], checkers["b"])
    return found


async def find_model(target: LoadTarget) -> str:
    """Return the one model that a server offers; one that fails or is busy is asked again."""
    for number_of_try in range(1, MAX_TRIES):
        try:
            return await find_served_model(target)
        except ServerUnreachable as error:
            is_refused = error.status is not None and error.status < 500
            is_final = is_refused and error.status not in BUSY
            if is_final or isinstance(error.__cause__, httpx.ConnectError):
                raise
        await asyncio.sleep(BUSY_SECONDS * number_of_try)
    return await find_served_model(target)


async def time_first_token(
    server: PilotServer, endpoint: Endpoint, seed: int, started_at: float | None
) -> FirstToken:
    """Time the first token that a server ever gave us.

    `started_at` is the moment of its start on `perf_counter`, where the pilot started it.
    """
    asked_at = perf_counter()
    async with checking(server, endpoint, seed) as checker:
        reply = await checker.ask(stream=True)
    first_at = reply.sent.completion.first_at
    if first_at is None:
        return FirstToken(reason=f"no token was streamed: {reply.failure or 'an empty reply'}")
    sent_at = reply.sent.sent_at or asked_at
    if started_at is None:
        return FirstToken(first_at - sent_at, reason="the pilot did not start this server")
    return FirstToken(first_at - sent_at, first_at - started_at)


def request_options(
    servers: Mapping[Side, PilotServer], base: RequestOptions, found: Preparation
) -> dict[Side, RequestOptions]:
    """Return the options of the load's requests, which differ between servers in the model only.

    A server that refuses to be asked for usage in streams is not asked for it.
    """
    return {
        side: RequestOptions(
            model=servers[side].model,
            endpoint=base.endpoint,
            vocab_size=base.vocab_size,
            is_stream=found.is_stream,
            ignore_eos=found.ignores_eos,
            temperature=base.temperature,
            seed=base.seed,
            sends_seed=base.temperature > 0,
            asks_usage=outcome_of(found.checks[side], "streaming usage") != "refused",
        )
        for side in SIDES
    }


def _check_completes(server: PilotServer, checks: list[FeatureCheck]) -> None:
    names = ("completion", "streaming")
    if any(outcome_of(checks, name) in ("supported", "ignored") for name in names):
        return
    details = "; ".join(dict.fromkeys(each.detail for each in checks if each.check in names))
    advice = "Send it one request by hand"
    if "401" in details or "403" in details:
        advice = f"Name the environment variable with its key: --key-{server.side}"
    raise NoCompletions(
        f"{server.target.url} completes no request ({details}). {advice}, then start again."
    )
