"""Events, counters and what clients were told agree to the token, over servers that end well and badly."""

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

BURSTS = 8  # of requests, a server
TOGETHER = 6
COUNTERS = {
    "prompt_tokens": "vllm:prompt_tokens_total",
    "cached_tokens": "vllm:prompt_tokens_cached_total",
    "completion_tokens": "vllm:generation_tokens_total",
}


@dataclass
class Told:
    """What clients know: of each request its tokens, where they were told them all, and how many requests there were."""

    requests: int = 0
    usages: dict[str, dict[str, int]] = field(default_factory=dict)
    tokens: dict[str, int] = field(
        default_factory=dict
    )  # of streams that broke: tokens that arrived


@dataclass
class Life:
    """One server's life, and who asks it things."""

    server: Any
    chance: random.Random
    told: Told
    requests: int = 0

    def act(self, pool: ThreadPoolExecutor) -> None:
        """Some requests at once, of any kind."""
        kinds: list[Callable[[int], None]] = [
            self.whole,
            self.chat,
            self.stream,
            self.leave,
            self.refused,
        ]
        running = [
            pool.submit(self.chance.choice(kinds), self.chance.getrandbits(30))
            for _ in range(self.chance.randint(1, TOGETHER))
        ]
        self.count(len(running))
        for each in running:
            each.result()

    def count(self, requests: int) -> None:
        self.requests += requests
        self.told.requests += requests

    def body(self, seed: int, **changes: Any) -> dict[str, Any]:
        chance = random.Random(seed)
        prompt = [chance.randrange(1, 4)] * chance.randint(
            1, 60
        )  # alike often, so that the cache has something to find
        return {
            "model": "tiny",
            "prompt": prompt,
            "max_tokens": chance.randint(1, 20),
            "seed": seed,
            **changes,
        }

    def whole(self, seed: int) -> None:
        answer = httpx.post(
            f"{self.server.url}/v1/completions", json=self.body(seed, stop=["e"]), timeout=30
        ).json()
        self.told.usages[answer["id"]] = answer["usage"]

    def chat(self, seed: int) -> None:
        body = {
            "model": "tiny",
            "messages": [{"role": "user", "content": "x" * (seed % 40)}],
            "max_tokens": 5,
        }
        answer = httpx.post(f"{self.server.url}/v1/chat/completions", json=body, timeout=30).json()
        self.told.usages[answer["id"]] = answer["usage"]

    def stream(self, seed: int) -> None:
        for chunk in self._chunks(self.body(seed, stream_options={"include_usage": True})):
            if "usage" in chunk:
                self.told.usages[chunk["id"]] = chunk["usage"]

    def leave(self, seed: int) -> None:
        """Go away after some tokens."""
        for place, _ in enumerate(self._chunks(self.body(seed, max_tokens=150))):
            if place == seed % 10:
                return

    def refused(self, seed: int) -> None:
        assert (
            httpx.post(
                f"{self.server.url}/v1/completions", json=self.body(seed, max_tokens=-1)
            ).status_code
            == 400
        )

    def broken(self, seed: int) -> None:
        """A stream that the server's end, or the engine's, breaks off; every token shows as a logprob."""
        for chunk in self._chunks(self.body(seed, max_tokens=180, ignore_eos=True, logprobs=0)):
            if "error" not in chunk:
                name = chunk["id"]
                self.told.tokens[name] = self.told.tokens.get(name, 0) + len(
                    chunk["choices"][0]["logprobs"]["tokens"]
                )

    def _chunks(self, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
        with httpx.stream(
            "POST", f"{self.server.url}/v1/completions", json=body | {"stream": True}, timeout=30
        ) as answer:
            for line in answer.iter_lines():
                if line.startswith("data: {"):
                    yield json.loads(line.removeprefix("data: "))

    def counters(self) -> dict[str, float]:
        """Once every request of this life is over."""
        self.server.wait_for("tokentide:requests_total", self.requests)
        return {name: self.server.sample(metric) for name, metric in COUNTERS.items()}

    @contextmanager
    def streaming(self, pool: ThreadPoolExecutor, count: int) -> Iterator[None]:
        """Something happens while streams run."""
        running: list[Future[None]] = [pool.submit(self.broken, seed) for seed in range(count)]
        self.count(count)
        self.server.wait_for("vllm:num_requests_running", count)
        yield
        for each in running:
            each.result()


def end_idle(life: Life, pool: ThreadPoolExecutor) -> dict[str, float] | None:
    counters = life.counters()
    assert life.server.terminate() == 0
    return counters


def end_engine(life: Life, pool: ThreadPoolExecutor) -> dict[str, float] | None:
    with life.streaming(pool, 3):
        life.server.kill_engine()
    return end_idle(life, pool)


def end_busy(life: Life, pool: ThreadPoolExecutor) -> dict[str, float] | None:
    """Its last counters cannot be read any more; its events can."""
    with life.streaming(pool, 3):
        assert life.server.terminate() == 0
    return None


@pytest.mark.slow
def test_events_counters_and_usages_agree(start: Any, tmp_path: Path) -> None:
    """Three servers after one another in one home: one is ended idle, one loses its engine, one is ended busy."""
    chance, told, events = random.Random(7), Told(), []
    with ThreadPoolExecutor(TOGETHER) as pool:
        for end in (end_idle, end_engine, end_busy):
            with start(tmp_path) as server:
                life = Life(server, chance, told)
                for _ in range(BURSTS):
                    life.act(pool)
                counters = end(life, pool)
                mine, events = server.events()[len(events) :], server.events()
            assert len(mine) == life.requests
            if counters:
                assert {name: sum(event[name] for event in mine) for name in COUNTERS} == counters
    _agree(told, events)


def _agree(told: Told, events: list[dict[str, Any]]) -> None:
    """Each request has one event, which says what its client was told."""
    by_id = {event["request_id"]: event for event in events}
    assert len(by_id) == len(events) == told.requests
    for name, usage in told.usages.items():
        event = by_id[name]
        assert event["outcome"] == "finished"
        assert (event["prompt_tokens"], event["completion_tokens"]) == (
            usage["prompt_tokens"],
            usage["completion_tokens"],
        )
        assert event["cached_tokens"] == usage["prompt_tokens_details"]["cached_tokens"]
    assert {name: by_id[name]["completion_tokens"] for name in told.tokens} == told.tokens
    assert {event["outcome"] for event in events} == {"finished", "refused", "aborted", "failed"}
    assert any(event["cached_tokens"] for event in events)
