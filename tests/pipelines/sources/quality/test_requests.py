"""Requests for measures of quality: a history is asked for once."""

from contextlib import closing

from support.simulator import FAST_RETRIES, SimulatedMarket

from pipelines.settings import Settings
from pipelines.sources.client.http import SourceClient
from pipelines.sources.client.upstream import arena
from pipelines.sources.quality.requests import arena_requests, epoch_requests


def test_a_history_that_is_loaded_is_not_asked_for(
    settings: Settings, simulator: SimulatedMarket
) -> None:
    """Later ones come with the newest publication."""
    with closing(SourceClient(settings, "run-1", FAST_RETRIES, arena(settings))) as client:
        named = [request.what for request in arena_requests(client, {"text"})]
        assert [request.what for request in epoch_requests(client)] == ["index of Epoch AI"]
    assert named == [
        "newest publication of the leaderboard text",
        "newest publication of the leaderboard text_style_control",
        "history of the leaderboard text_style_control",
    ]
    assert simulator.requests() == []
