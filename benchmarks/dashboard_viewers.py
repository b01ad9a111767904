"""Viewers of the dashboard without a browser: they send what the browser sends, and change one filter after another."""

import copy
import json
import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from dashboards.filters import Control, href

CLOCK_SECONDS = 5.0
"""How often a page asks whether there is a new generation."""
STAY = 0.9
"""How likely a viewer changes a filter and not the page."""

Pages = dict[str, Sequence[Control]]
"""The choices of each page."""


@dataclass
class Seen:
    """What one viewer waited for, and what went wrong."""

    filter_seconds: list[float] = field(default_factory=list)
    page_seconds: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    mixed: int = 0
    generations: set[int] = field(default_factory=set)


class Viewer(threading.Thread):
    """One person, who looks at a page for a while and then changes a filter or, now and then, the page."""

    def __init__(self, url: str, asked: dict[str, Any], pages: Pages, pause: float, seed: int, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.seen = Seen()
        self._url, self._asked, self._pages, self._pause, self._over = url, asked, pages, pause, stop
        # Two viewers differ, two runs do not.
        self._chance = random.Random(seed)  # noqa: S311 - no secret
        self._generation: int | None = None
        self._path = self._chance.choice(list(pages))
        self._chosen: dict[str, str] = {}

    def run(self) -> None:
        with httpx.Client(base_url=self._url, timeout=30) as client:
            looked = 0.0
            while not self._over.wait(self._chance.expovariate(1 / self._pause)):
                if time.monotonic() - looked > CLOCK_SECONDS:
                    self._look(client)
                    looked = time.monotonic()
                self._change(client)

    def _look(self, client: httpx.Client) -> None:
        asked = copy.deepcopy(self._asked["clock"])
        asked["state"][0]["value"] = self._generation
        answer = client.post("/_dash-update-component", json=asked)
        if answer.status_code == httpx.codes.OK:
            self._generation = answer.json()["response"]["generation"]["data"]

    def _change(self, client: httpx.Client) -> None:
        is_filter = self._chance.random() < STAY
        if is_filter:
            control = self._chance.choice([one for one in self._pages[self._path] if len(one.options) > 1])
            self._chosen[control.name] = self._chance.choice([value for value, _ in control.options])
        else:
            self._path, self._chosen = self._chance.choice(list(self._pages)), {}
        values = {"pathname": self._path, "search": href("", **self._chosen), "data": self._generation}
        asked = copy.deepcopy(self._asked["body"])
        for given in asked["inputs"]:
            if given["id"] in ("url", "generation"):
                given["value"] = values[given["property"]]
        started = time.perf_counter()
        answer = client.post("/_dash-update-component", json=asked)
        took = time.perf_counter() - started
        (self.seen.filter_seconds if is_filter else self.seen.page_seconds).append(took)
        self._judge(answer)

    def _judge(self, answer: httpx.Response) -> None:
        """A page is whole where its header and every download in it name one generation, and no card failed."""
        if answer.status_code != httpx.codes.OK or "state failed" in answer.text:
            self.seen.failures.append(f"{answer.status_code} at {self._path}?{self._chosen}")
            return
        response = answer.json()["response"]
        of_header = {int(response["facts"]["children"]["props"]["data-generation"])}
        text = json.dumps(response["body"])
        of_cards = {int(part.split("&", 1)[0]) for part in text.split("&generation=")[1:]}
        self.seen.mixed += len(of_header | of_cards) != 1
        self.seen.generations |= of_header
