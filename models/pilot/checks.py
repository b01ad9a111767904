"""Checks of a server's features before a pilot, and the equality of greedy completions.

Each check sends one or two small requests. A server that fails is asked again, so that one which
fails at times is not taken for one without the feature.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal

from models.loadgen.arrivals import Arrival
from models.loadgen.client import SentRequest, send_request
from models.loadgen.prompts import Endpoint, RequestOptions, build_body
from models.loadgen.sse import StreamedCompletion
from models.loadgen.target import ConnectionPool
from models.pilot.run import PilotServer

CheckOutcome = Literal["supported", "ignored", "refused", "failed"]
"""supported: it did what was asked; ignored: it replied as if it had not been asked; refused: it
said no; failed: it gave no whole reply, also when asked again."""

MAX_TRIES = 6  # who fails half of all requests fails as many in a row once in 64
BUSY_SECONDS = 0.25  # before the second try of a busy server, longer before each later one
CHECK_SECONDS = 30.0
CHECK_TOKENS = 16
PROMPT_TOKENS = 12
BUSY = (408, 425, 429)  # statuses of a server that may do it later
# Their prompts are no prompts of the load, so that no cache knows those.
CHECK_NUMBER = 20_000_000
TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Get the weather of a city.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}


@dataclass(frozen=True)
class FeatureCheck:
    """Outcome of one feature, with details in words."""

    check: str
    outcome: CheckOutcome
    detail: str = ""


@dataclass(frozen=True)
class CheckReply:
    """A completion that was asked for a check. `failure` says why there is none."""

    sent: SentRequest

    @property
    def failure(self) -> str | None:
        """Message of the failure, with its status."""
        if not self.sent.failure:
            return None
        status = f"{self.sent.status} " if self.sent.status not in (None, 200) else ""
        return f"{status}{self.sent.failure}"

    @property
    def is_refused(self) -> bool:
        """True if the server said that it does not do this."""
        status = self.sent.status
        return status is not None and 400 <= status < 500 and status not in BUSY

    @property
    def is_final(self) -> bool:
        """True if asking again would hardly change it. Whoever hangs once would hang again."""
        failure = self.sent.failure
        return failure is None or failure.kind == "timeout" or self.is_refused

    @property
    def choices(self) -> list[dict[str, Any]]:
        """Choices of all events."""
        events = self.sent.completion.kept or []
        listed = [each.get("choices") for each in events]
        return [
            choice
            for choices in listed
            if isinstance(choices, list)
            for choice in choices
            if isinstance(choice, dict)
        ]

    @property
    def text(self) -> str:
        """Text of the completion."""
        return "".join(_text(each) for each in self.choices)


class Checker:
    """Asker of one server."""

    def __init__(
        self, pool: ConnectionPool, server: PilotServer, endpoint: Endpoint, seed: int
    ) -> None:
        self._pool = pool
        self._target = replace(server.target, timeout_s=min(server.target.timeout_s, CHECK_SECONDS))
        self._options = RequestOptions(server.model, endpoint, seed=seed)

    async def ask(
        self, number: int = 0, endpoint: Endpoint | None = None, **changes: Any
    ) -> CheckReply:
        """Ask for a greedy completion, with changes to the request; not streamed unless so asked.

        One that fails is asked for again, a refused one is not.
        """
        is_stream = bool(changes.get("stream", False))
        options = replace(
            self._options, endpoint=endpoint or self._options.endpoint, is_stream=is_stream
        )
        arrival = Arrival(0.0, PROMPT_TOKENS, CHECK_TOKENS)
        body = json.loads(build_body(options, CHECK_NUMBER + number, arrival))
        # Some servers refuse it, which is a check for itself.
        body.pop("stream_options", None)
        encoded = json.dumps({**body, **changes}).encode()
        for number_of_try in range(1, MAX_TRIES + 1):
            kept = StreamedCompletion(kept=[])
            reply = CheckReply(await send_request(self._pool, self._target, options, encoded, kept))
            if reply.sent.failure and reply.sent.failure.kind == "stopped":
                # The client has swallowed the cancellation, which is meant for us.
                raise asyncio.CancelledError
            if reply.is_final:
                break
            if reply.sent.status in BUSY:
                await asyncio.sleep(BUSY_SECONDS * number_of_try)
        return reply

    @property
    def is_chat(self) -> bool:
        """True if the load of the pilot is chats."""
        return self._options.endpoint == "chat/completions"


@asynccontextmanager
async def checking(
    server: PilotServer, endpoint: Endpoint, seed: int = 0
) -> AsyncIterator[Checker]:
    """Yield a checker with separate connections."""
    async with aclosing(ConnectionPool(server.target)) as pool:
        yield Checker(pool, server, endpoint, seed)


async def check_features(checker: Checker) -> list[FeatureCheck]:
    """Make every check of the list, one after the other."""
    return [await _judge(name, check, checker) for name, check in CHECKS.items()]


CheckFeature = Callable[[Checker], Awaitable[tuple[CheckReply, str | None, str]]]
"""Returns the reply, why the feature was ignored if it was, and what was seen if it was not.

What was seen counts also where the reply is not whole."""


async def _judge(name: str, check: CheckFeature, checker: Checker) -> FeatureCheck:
    reply, ignored, seen = await check(checker)
    if reply.failure is not None and not seen:
        return FeatureCheck(name, "refused" if reply.is_refused else "failed", reply.failure)
    return FeatureCheck(name, "ignored" if ignored else "supported", ignored or seen)


async def _whole(checker: Checker) -> tuple[CheckReply, str | None, str]:
    reply = await checker.ask()
    return reply, None, ""


async def _chat(checker: Checker) -> tuple[CheckReply, str | None, str]:
    reply = await checker.ask(endpoint="chat/completions")
    return reply, None, ""


async def _streaming(checker: Checker) -> tuple[CheckReply, str | None, str]:
    reply = await checker.ask(stream=True)
    pieces = reply.sent.completion.pieces
    if pieces < 2:
        return reply, "one piece only, at the end", ""
    # A stream that breaks off was a stream; how often one does is for the load to say.
    return reply, None, f"{pieces} pieces" + (f", then {reply.failure}" if reply.failure else "")


async def _stream_usage(checker: Checker) -> tuple[CheckReply, str | None, str]:
    reply = await checker.ask(stream=True, stream_options={"include_usage": True})
    return _with_usage(reply)


async def _usage(checker: Checker) -> tuple[CheckReply, str | None, str]:
    return _with_usage(await checker.ask())


def _with_usage(reply: CheckReply) -> tuple[CheckReply, str | None, str]:
    completion = reply.sent.completion
    if reply.failure is not None:
        return reply, None, ""
    if completion.output_tokens is None or completion.prompt_tokens is None:
        return reply, "no usage, so tokens are not counted", ""
    return reply, None, f"{completion.prompt_tokens} + {completion.output_tokens} tokens"


async def _ignore_eos(checker: Checker) -> tuple[CheckReply, str | None, str]:
    reply = await checker.ask(ignore_eos=True)
    tokens = reply.sent.completion.output_tokens
    if tokens == CHECK_TOKENS:
        return reply, None, ""
    return reply, f"{'unknown' if tokens is None else tokens} of {CHECK_TOKENS} tokens", ""


async def _logprobs(checker: Checker) -> tuple[CheckReply, str | None, str]:
    chat: dict[str, Any] = {"logprobs": True, "top_logprobs": 1}
    asked: dict[str, Any] = chat if checker.is_chat else {"logprobs": 1}
    reply = await checker.ask(**asked)
    has_any = any(each.get("logprobs") for each in reply.choices)
    return reply, None if has_any else "no logprobs in the reply", ""


async def _tools(checker: Checker) -> tuple[CheckReply, str | None, str]:
    reply = await checker.ask(
        endpoint="chat/completions",
        messages=[{"role": "user", "content": "What is the weather in Paris? Use the tool."}],
        tools=[TOOL],
        tool_choice="required",
        max_tokens=64,
    )
    calls = [each for each in reply.choices if _content(each).get("tool_calls")]
    return reply, None if calls else "no tool call in the reply", ""


async def _stop_strings(checker: Checker) -> tuple[CheckReply, str | None, str]:
    """Ask again with a string of the first reply's middle, which the second must not contain."""
    plain = await checker.ask()
    text = plain.text
    if plain.failure is not None or len(text) < 2:
        return plain, "the model gave no text to stop at", ""
    stop = text[len(text) // 2 :][:4]
    reply = await checker.ask(stop=[stop])
    is_ignored = stop in reply.text or len(reply.text) >= len(text)
    return reply, f"it went on past {stop!r}" if is_ignored else None, ""


async def _seeds(checker: Checker) -> tuple[CheckReply, str | None, str]:
    replies = [await checker.ask(temperature=1.0, seed=7) for _ in range(2)]
    failed = next((each for each in replies if each.failure is not None), None)
    if failed:
        return failed, None, ""
    is_same = replies[0].text == replies[1].text
    return replies[1], None if is_same else "two texts for one seed", ""


CHECKS: dict[str, CheckFeature] = {
    "completion": _whole,
    "chat": _chat,
    "streaming": _streaming,
    "streaming usage": _stream_usage,
    "usage": _usage,
    "ignore_eos": _ignore_eos,
    "logprobs": _logprobs,
    "tools": _tools,
    "stop strings": _stop_strings,
    "seeds": _seeds,
}


def outcome_of(checks: Sequence[FeatureCheck], name: str) -> CheckOutcome:
    """Return the outcome of one check of the list."""
    return next(each.outcome for each in checks if each.check == name)


def _content(choice: dict[str, Any]) -> dict[str, Any]:
    content = choice.get("delta") or choice.get("message") or choice
    return content if isinstance(content, dict) else {}


def _text(choice: dict[str, Any]) -> str:
    content = _content(choice)
    parts = (content.get(name) for name in ("text", "reasoning_content", "content"))
    return "".join(each for each in parts if isinstance(each, str))
