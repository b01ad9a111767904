"""Equality of greedy completions of two real servers on loopback."""

import asyncio

from support.inference.openai_server import serve
from support.inference.pilot_servers import PilotReply

from models.loadgen.target import LoadTarget
from models.pilot.checks import checking
from models.pilot.greedy import GreedyEquality, compare_greedy
from models.pilot.run import PilotServer


class Shouting(PilotReply):
    """Another model: it says the same in capitals."""

    def _words(self, body: dict[str, object]) -> list[str]:
        return [each.upper() for each in super()._words(body)]


def compare(a: PilotReply, b: PilotReply) -> GreedyEquality:
    async def ask(url_a: str, url_b: str) -> GreedyEquality:
        servers = [PilotServer("a", LoadTarget(url, timeout_s=5), "m") for url in (url_a, url_b)]
        async with (
            checking(servers[0], "completions") as first,
            checking(servers[1], "completions") as second,
        ):
            return await compare_greedy(first, second, prompts=3)

    with serve(a) as one, serve(b) as other:
        return asyncio.run(ask(one.url, other.url))


def test_the_same_model_says_the_same() -> None:
    assert compare(PilotReply(), PilotReply()) == GreedyEquality(3, 3, 3, 3, 3)


def test_another_model_is_found_at_its_first_other_character() -> None:
    found = compare(PilotReply(), Shouting())
    assert (found.equal, found.completed, found.a_repeats, found.b_repeats) == (0, 3, 3, 3)
    assert found.first_difference is not None
    assert found.first_difference.startswith("after 1 characters: A '")


def test_without_a_completion_equality_is_not_known() -> None:
    """A server that fails is not called unequal."""
    found = compare(PilotReply(), PilotReply(fails_every=1))
    assert (found.completed, found.b_repeats) == (0, 0)
    assert found.reason == "no greedy request was completed by both servers"
