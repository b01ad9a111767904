"""Checks of features against real servers on loopback."""

import asyncio
from typing import Any

import pytest
from support.inference.openai_server import serve
from support.inference.pilot_servers import PilotReply

from models.loadgen.target import LoadTarget
from models.pilot.checks import CHECKS, FeatureCheck, check_features, checking, outcome_of
from models.pilot.run import PilotServer


def check(reply: PilotReply, endpoint: Any = "completions") -> list[FeatureCheck]:
    """Check a server that replies so."""

    async def ask(url: str) -> list[FeatureCheck]:
        server = PilotServer("a", LoadTarget(url, timeout_s=5), "m")
        async with checking(server, endpoint) as checker:
            return await check_features(checker)

    with serve(reply) as server:
        return asyncio.run(ask(server.url))


def lacking(checks: list[FeatureCheck]) -> dict[str, str]:
    return {each.check: each.outcome for each in checks if each.outcome != "supported"}


@pytest.mark.parametrize("endpoint", ["completions", "chat/completions"])
def test_a_server_with_everything_lacks_nothing(endpoint: str) -> None:
    checks = check(PilotReply(), endpoint)
    assert lacking(checks) == {}
    assert [each.check for each in checks] == list(CHECKS)


@pytest.mark.parametrize(
    ("change", "lacks"),
    [
        ({"has_usage": False}, {"streaming usage", "usage", "ignore_eos"}),
        ({"has_logprobs": False}, {"logprobs"}),
        ({"has_tools": False}, {"tools"}),
        ({"obeys_stop": False}, {"stop strings"}),
    ],
)
def test_what_is_replied_to_as_if_it_were_not_asked_is_ignored(
    change: dict[str, Any], lacks: set[str]
) -> None:
    """A server that says nothing of a feature is not taken for one that has it."""
    assert lacking(check(PilotReply(**change))) == dict.fromkeys(lacks, "ignored")


def test_what_a_server_says_no_to_is_refused_with_its_words() -> None:
    checks = check(PilotReply(refuses=("logprobs", "tools", "stream_options", "ignore_eos")))
    assert lacking(checks) == {
        "streaming usage": "refused",
        "ignore_eos": "refused",
        "logprobs": "refused",
        "tools": "refused",
    }
    [found] = [each for each in checks if each.check == "logprobs"]
    assert found.detail == "400 logprobs is not supported"


def test_an_empty_stream_is_no_stream() -> None:
    checks = check(PilotReply(streams="nothing"))
    assert lacking(checks) == {"streaming": "failed", "streaming usage": "failed"}
    assert outcome_of(checks, "completion") == "supported"


def test_a_stream_that_breaks_off_was_a_stream() -> None:
    """Its load is streamed too, or no first token would be known of such a server."""
    [found] = [each for each in check(PilotReply(streams="half")) if each.check == "streaming"]
    assert found.outcome == "supported"
    assert found.detail == "8 pieces, then the response ended without a finish_reason"


def test_json_where_a_stream_was_asked_for_is_no_stream() -> None:
    assert outcome_of(check(PilotReply(streams="whole")), "streaming") == "failed"


def test_a_cancelled_check_ends_at_once() -> None:
    """Ctrl-C is not taken for a failure, which would be asked again."""

    async def ask_and_cancel(url: str) -> bool:
        server = PilotServer("a", LoadTarget(url, timeout_s=60), "m")
        async with checking(server, "completions") as checker:
            task = asyncio.create_task(check_features(checker))
            await asyncio.sleep(0.5)
            task.cancel()
            await asyncio.wait([task], timeout=20)
            return task.cancelled()

    with serve(PilotReply(first_s=60)) as server:
        assert asyncio.run(ask_and_cancel(server.url))


def test_a_server_that_fails_at_times_is_asked_again() -> None:
    """Half of the requests fail, and no feature is taken for missing."""
    assert lacking(check(PilotReply(fails_every=2))) == {}
