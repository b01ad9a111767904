"""Findings before the load: first tokens, what both can do, servers that do nothing."""

import asyncio
from collections.abc import Mapping
from time import perf_counter

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from support.inference.http_server import serve_app
from support.inference.openai_server import error_reply, serve
from support.inference.pilot_servers import PilotReply

from models.loadgen.arrivals import Arrival
from models.loadgen.prompts import RequestOptions, build_body
from models.loadgen.target import LoadTarget, ServerUnreachable
from models.pilot.blocks import SIDES, Side
from models.pilot.prepare import (
    NoCompletions,
    Preparation,
    find_model,
    prepare,
    request_options,
    time_first_token,
)
from models.pilot.run import PilotServer


def servers_at(a: str, b: str) -> dict[Side, PilotServer]:
    urls = zip(SIDES, (a, b), strict=True)
    return {
        side: PilotServer(side, LoadTarget(url, timeout_s=5), f"m-{side}") for side, url in urls
    }


def find(a: PilotReply, b: PilotReply, started_s_ago: float | None = None) -> Preparation:
    """Prepare a pilot of servers that reply so; A may have been started a while ago."""

    async def run(servers: Mapping[Side, PilotServer]) -> Preparation:
        started = {"a": None if started_s_ago is None else perf_counter() - started_s_ago}
        first = {
            side: await time_first_token(servers[side], "completions", 0, started.get(side))
            for side in SIDES
        }
        return await prepare(servers, "completions", 0, first)

    with serve(a) as one, serve(b) as other:
        return asyncio.run(run(servers_at(one.url, other.url)))


def test_first_tokens_count_from_the_start_where_that_is_known() -> None:
    found = find(PilotReply(first_s=0.1), PilotReply(), started_s_ago=30)
    a, b = found.first_tokens["a"], found.first_tokens["b"]
    assert a.request_s is not None
    assert a.since_start_s is not None
    assert 0.1 <= a.request_s < a.since_start_s - 29
    assert (b.since_start_s, b.reason) == (None, "the pilot did not start this server")


def test_both_stream_or_neither_does() -> None:
    """And both are asked for whole lengths, or neither is."""
    found = find(PilotReply(), PilotReply(streams="nothing", refuses=("ignore_eos",)))
    assert (found.is_stream, found.ignores_eos) == (False, False)
    assert "no token was streamed" in (found.first_tokens["b"].reason or "")
    base = RequestOptions("", temperature=0.5, seed=3)
    options = request_options(servers_at("http://a", "http://b"), base, found)
    assert [options[side].model for side in SIDES] == ["m-a", "m-b"]
    for each in options.values():
        assert (each.is_stream, each.ignore_eos, each.sends_seed, each.seed) == (
            False,
            False,
            True,
            3,
        )


def test_a_list_of_models_that_fails_at_times_is_asked_for_again() -> None:
    """A server that says no, or is not there, is not."""
    statuses = iter([503, 429, 200, 404])

    def models(request: Request) -> Response:
        return JSONResponse({"data": [{"id": "m"}]}, next(statuses))

    with serve_app(Starlette(routes=[Route("/v1/models", models)])) as url:
        target = LoadTarget(f"{url}/v1")
        assert asyncio.run(find_model(target)) == "m"
        with pytest.raises(ServerUnreachable, match="404"):
            asyncio.run(find_model(target))
    assert [*statuses] == []


def test_a_server_that_refuses_to_count_streams_is_not_asked_to() -> None:
    """Every request of the load would be refused."""
    found = find(PilotReply(), PilotReply(refuses=("stream_options",)))
    options = request_options(servers_at("http://a", "http://b"), RequestOptions(""), found)
    bodies = {side: build_body(options[side], 0, Arrival(0.0, 3, 4)) for side in SIDES}
    assert [b"stream_options" in bodies[side] for side in SIDES] == [True, False]
    assert found.is_stream


@pytest.mark.parametrize(
    ("status", "words"), [(401, "--key-b"), (404, "Send it one request by hand")]
)
def test_a_server_that_completes_nothing_is_an_error_with_what_to_do(
    status: int, words: str
) -> None:
    with serve(PilotReply()) as a, serve(error_reply(status, "go away")) as b:
        servers = servers_at(a.url, b.url)
        with pytest.raises(NoCompletions, match=f"(?s){status} go away.*{words}"):
            asyncio.run(prepare(servers, "completions", 0, {}))
