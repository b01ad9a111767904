"""Viewers of the dashboard without a browser: they send its requests, one filter after another."""

import copy
import random
import re
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from dashboards.components.filters import Control, href

CLOCK_SECONDS = 5.0
"""Seconds between a page's questions for a new generation."""
STAY, SCROLL = 0.9, 0.3
"""Chance that a change is one of a filter and not of the page; chance of scrolling after it."""
SCREEN = (3, 4, 5, 6)
"""Positions of the cards that come near then."""

AIMS = {"first_page_seconds": 0.8, "change_seconds": 0.15, "server_mb": 400.0, "chart_ratio": 1.5}
"""What the dashboard is to reach; the last is Streamlit's time over ours, at least."""

NUMBERS = re.compile(r"[?&]generation=(\d+)")

Pages = dict[str, Sequence[Control]]
"""The controls of each page."""


@dataclass
class Seen:
    """Seconds that one viewer waited, and failures."""

    filter_seconds: list[float] = field(default_factory=list)
    page_seconds: list[float] = field(default_factory=list)
    scroll_seconds: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    mixed: int = 0
    generations: set[int] = field(default_factory=set)


class Viewer(threading.Thread):
    """One person, who reads a page and then changes a filter or, now and then, the page."""

    def __init__(
        self,
        url: str,
        asked: dict[str, Any],
        pages: Pages,
        pause: float,
        seed: int,
    ) -> None:
        super().__init__(daemon=True)
        self.seen, self.stop = Seen(), threading.Event()
        self._url, self._asked, self._pages, self._pause = url, asked, pages, pause
        # Two viewers differ, two runs do not.
        self._chance = random.Random(seed)  # noqa: S311 - no secret
        self._generation: int | None = None
        self._path = self._chance.choice(list(pages))
        self._chosen: dict[str, str] = {}
        self._shown: dict[str, Any] | None = None

    def run(self) -> None:
        """Read and change until the benchmark ends."""
        with httpx.Client(base_url=self._url, timeout=30) as client:
            looked = 0.0
            while not self.stop.wait(self._chance.expovariate(1 / self._pause)):
                if time.monotonic() - looked > CLOCK_SECONDS:
                    self._look(client)
                    looked = time.monotonic()
                self._change(client)

    def _look(self, client: httpx.Client) -> None:
        asked = copy.deepcopy(self._asked["generation.data"])
        asked["state"][0]["value"] = self._generation
        answer = client.post("/_dash-update-component", json=asked)
        if answer.status_code == httpx.codes.OK and "generation" in answer.json()["response"]:
            self._generation = answer.json()["response"]["generation"]["data"]
            # The browser requests its page again by itself.
            self._ask(client, self.seen.page_seconds)

    def _change(self, client: httpx.Client) -> None:
        is_filter = self._chance.random() < STAY
        if is_filter:
            control = self._chance.choice(
                [one for one in self._pages[self._path] if len(one.options) > 1]
            )
            self._chosen[control.name] = self._chance.choice(
                [value for value, _ in control.options]
            )
        else:
            self._path, self._chosen = self._chance.choice(list(self._pages)), {}
        self._ask(client, self.seen.filter_seconds if is_filter else self.seen.page_seconds)
        if self._chance.random() < SCROLL:
            self._scroll(client)

    def _scroll(self, client: httpx.Client) -> None:
        asked = copy.deepcopy(self._asked["wanted"])
        asked["inputs"][0]["value"], asked["state"][0]["value"] = SCREEN, self._shown
        started = time.perf_counter()
        answer = client.post("/_dash-update-component", json=asked)
        self.seen.scroll_seconds.append(time.perf_counter() - started)
        self._check(answer)

    def _ask(self, client: httpx.Client, spent: list[float]) -> None:
        values = {
            "pathname": self._path,
            "search": href("", **self._chosen),
            "data": self._generation,
        }
        asked = copy.deepcopy(self._asked["body"])
        for given in asked["inputs"]:
            if given["id"] in ("url", "generation"):
                given["value"] = values[given["property"]]
        asked["state"][0]["value"], asked["state"][1]["value"] = self._shown, [0, 1, 2]
        started = time.perf_counter()
        answer = client.post("/_dash-update-component", json=asked)
        spent.append(time.perf_counter() - started)
        self._check(answer)

    def _check(self, answer: httpx.Response) -> None:
        """Count a response as failed or mixed.

        It is of one generation if its header and every download in it name the same, and whole if
        no card failed.
        """
        if answer.status_code != httpx.codes.OK or "state failed" in answer.text:
            self.seen.failures.append(f"{answer.status_code} at {self._path}?{self._chosen}")
            return
        sent = answer.json()
        self._shown = {**sent.get("sideUpdate", {}), **sent.get("response", {})}["shown"]["data"]
        numbers = {int(number) for number in NUMBERS.findall(answer.text)} | {
            self._shown["generation"]
        }
        self.seen.mixed += len(numbers) != 1
        self.seen.generations |= numbers
