"""Archives over HTTP: entity tags, and the faults that they can have."""

from typing import Any

import httpx
from support.simulator import SimulatedMarket

from pipelines.simulator.api.archives_api import HISTORY, LIST, LITELLM, MODELS_DEV


def get(simulator: SimulatedMarket, path: str, **headers: str) -> httpx.Response:
    return httpx.get(f"{simulator.archive_url}{path}", headers=headers)


def test_an_unchanged_file_is_not_sent_again(simulator: SimulatedMarket) -> None:
    for path in (HISTORY, LIST, LITELLM, MODELS_DEV):
        tag = get(simulator, path).headers["etag"]
        assert get(simulator, path, **{"If-None-Match": tag}).status_code == 304


def test_an_archive_may_lose_models_or_be_stale(simulator: SimulatedMarket) -> None:
    whole: Any = get(simulator, HISTORY).json()
    simulator.set_faults({"kind": "lost_models"})
    assert len(get(simulator, HISTORY).json()["models"]) < len(whole["models"])
    simulator.set_faults({"kind": "older_archive"})
    assert get(simulator, HISTORY).json()["as_of"] < whole["as_of"]
    simulator.set_faults({"kind": "malformed_prices"})
    malformed: Any = get(simulator, HISTORY).json()["models"]
    assert next(iter(malformed.values()))["points"][0][1] == "cheap"
