"""Events, counters and usages agree to the token, over servers that end well and badly."""

import json
import random
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from models.server.usage_journal import recover_journals

BURSTS = 8  # of requests, for each server
MAX_BURST = 6
COUNTERS = {
    "prompt_tokens": "vllm:prompt_tokens_total",
    "cached_tokens": "vllm:prompt_tokens_cached_total",
    "completion_tokens": "vllm:generation_tokens_total",
}


@dataclass
class ClientTotals:
    """Numbers that clients know."""

    requests: int = 0
    usages: dict[str, dict[str, int]] = field(default_factory=dict)
    # Tokens that arrived in streams that broke off.
    tokens: dict[str, int] = field(default_factory=dict)


@dataclass
class ServerLife:
    """One server from start to end, and its clients."""

    server: Any
    random: random.Random
    totals: ClientTotals
    requests: int = 0

    def send_burst(self, pool: ThreadPoolExecutor) -> None:
        """Send some requests of any kind at once."""
        kinds: list[Callable[[int], None]] = [
            self.send_whole,
            self.send_chat,
            self.send_stream,
            self.send_and_leave,
            self.send_invalid,
        ]
        running = [
            pool.submit(self.random.choice(kinds), self.random.getrandbits(30))
            for _ in range(self.random.randint(1, MAX_BURST))
        ]
        self.count(len(running))
        for each in running:
            each.result()

    def count(self, requests: int) -> None:
        """Count requests that were sent."""
        self.requests += requests
        self.totals.requests += requests

    def body(self, seed: int, **changes: Any) -> dict[str, Any]:
        """Make a body. Prompts often share a beginning, so that the cache has hits."""
        chance = random.Random(seed)
        prompt = [chance.randrange(1, 4)] * chance.randint(1, 60)
        tokens = chance.randint(1, 20)
        return {"model": "tiny", "prompt": prompt, "max_tokens": tokens, "seed": seed, **changes}

    def post(self, route: str, body: dict[str, Any]) -> httpx.Response:
        """Send a body and wait for the response."""
        return httpx.post(f"{self.server.url}/v1/{route}", json=body, timeout=30)

    def send_whole(self, seed: int) -> None:
        """Complete a prompt without a stream."""
        reply = self.post("completions", self.body(seed, stop=["e"])).json()
        self.totals.usages[reply["id"]] = reply["usage"]

    def send_chat(self, seed: int) -> None:
        """Complete a chat without a stream."""
        messages = [{"role": "user", "content": "x" * (seed % 40)}]
        body = {"model": "tiny", "messages": messages, "max_tokens": 5}
        reply = self.post("chat/completions", body).json()
        self.totals.usages[reply["id"]] = reply["usage"]

    def send_stream(self, seed: int) -> None:
        """Complete a prompt with a stream."""
        for chunk in self.chunks(self.body(seed, stream_options={"include_usage": True})):
            if "usage" in chunk:
                self.totals.usages[chunk["id"]] = chunk["usage"]

    def send_and_leave(self, seed: int) -> None:
        """Leave after some tokens."""
        for number, _ in enumerate(self.chunks(self.body(seed, max_tokens=150))):
            if number == seed % 10:
                return

    def send_invalid(self, seed: int) -> None:
        """Send a request that is refused."""
        assert self.post("completions", self.body(seed, max_tokens=-1)).status_code == 400

    def send_until_broken(self, seed: int) -> None:
        """Read a stream that breaks off. Every token shows as a logprob."""
        body = self.body(seed, max_tokens=180, ignore_eos=True, logprobs=0)
        for chunk in self.chunks(body):
            if "error" not in chunk:
                name, tokens = chunk["id"], chunk["choices"][0]["logprobs"]["tokens"]
                self.totals.tokens[name] = self.totals.tokens.get(name, 0) + len(tokens)

    def chunks(self, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Read the chunks of a stream."""
        url = f"{self.server.url}/v1/completions"
        with httpx.stream("POST", url, json=body | {"stream": True}, timeout=30) as response:
            for line in response.iter_lines():
                if line.startswith("data: {"):
                    yield json.loads(line.removeprefix("data: "))

    def counters(self) -> dict[str, float]:
        """Read the counters once every request is over."""
        self.server.wait_for("tokentide:requests_total", self.requests)
        return {name: self.server.sample(metric) for name, metric in COUNTERS.items()}

    @contextmanager
    def streaming(self, pool: ThreadPoolExecutor, count: int) -> Iterator[None]:
        """Run streams during the `with`, which breaks them off."""
        running: list[Future[None]] = [
            pool.submit(self.send_until_broken, seed) for seed in range(count)
        ]
        self.count(count)
        self.server.wait_for("vllm:num_requests_running", count)
        yield
        for each in running:
            each.result()


def end_idle(life: ServerLife, pool: ThreadPoolExecutor) -> dict[str, float] | None:
    """End a server without requests."""
    counters = life.counters()
    assert life.server.terminate() == 0
    return counters


def kill_engine(life: ServerLife, pool: ThreadPoolExecutor) -> dict[str, float] | None:
    """Kill the engine during streams, then end the server."""
    with life.streaming(pool, 3):
        life.server.kill_engine()
    return end_idle(life, pool)


def end_busy(life: ServerLife, pool: ThreadPoolExecutor) -> dict[str, float] | None:
    """End a server during streams. Its last counters can no longer be read, its events can."""
    with life.streaming(pool, 3):
        assert life.server.terminate() == 0
    return None


@pytest.mark.slow
def test_events_counters_and_usages_agree(start: Any, tmp_path: Path) -> None:
    """Three servers share a home: one ends idle, one loses its engine, one ends busy."""
    chance, totals, events = random.Random(7), ClientTotals(), []
    with ThreadPoolExecutor(MAX_BURST) as pool:
        for end in (end_idle, kill_engine, end_busy):
            with start(tmp_path) as server:
                life = ServerLife(server, chance, totals)
                for _ in range(BURSTS):
                    life.send_burst(pool)
                counters = end(life, pool)
                new, events = server.events()[len(events) :], server.events()
            assert len(new) == life.requests
            if counters:
                assert {name: sum(event[name] for event in new) for name in COUNTERS} == counters
    assert_agreement(totals, events)


def assert_agreement(totals: ClientTotals, events: list[dict[str, Any]]) -> None:
    """Compare each request's event with what its client received."""
    by_id = {event["request_id"]: event for event in events}
    assert len(by_id) == len(events) == totals.requests
    for name, usage in totals.usages.items():
        event = by_id[name]
        assert event["outcome"] == "finished"
        assert event["prompt_tokens"] == usage["prompt_tokens"]
        assert event["completion_tokens"] == usage["completion_tokens"]
        assert event["cached_tokens"] == usage["prompt_tokens_details"]["cached_tokens"]
    assert {name: by_id[name]["completion_tokens"] for name in totals.tokens} == totals.tokens
    assert {event["outcome"] for event in events} == {"finished", "refused", "aborted", "failed"}
    assert any(event["cached_tokens"] for event in events)


@pytest.mark.slow
def test_a_killed_server_loses_no_confirmed_request(start: Any, tmp_path: Path) -> None:
    """Each reply that was read whole before kill -9 has its event, and the counters agree."""
    with start(tmp_path) as server:
        life = ServerLife(server, random.Random(8), ClientTotals())
        with ThreadPoolExecutor(MAX_BURST) as pool:
            for _ in range(BURSTS):
                life.send_burst(pool)
            counters = life.counters()
        last = server.post().json()["id"]
        server.process.kill()
        server.process.wait()
    recover_journals(tmp_path / "spool" / "requests")
    events = {event["request_id"]: event for event in server.events()}
    assert len(events) == life.requests + 1
    assert {*life.totals.usages, last} <= set(events)
    before = [event for name, event in events.items() if name != last]
    assert {name: sum(event[name] for event in before) for name in COUNTERS} == counters
