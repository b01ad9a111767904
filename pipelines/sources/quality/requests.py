"""The requests for measures of quality, by upstream."""

from collections.abc import Collection, Iterator
from functools import partial

from pipelines.sources.client.http import SourceClient
from pipelines.sources.openrouter.requests import SourceRequest
from pipelines.sources.quality import arena, epoch


def arena_requests(client: SourceClient, known: Collection[str]) -> Iterator[SourceRequest]:
    """Yield a request for each leaderboard, and once for its history.

    `known` names the leaderboards whose history is loaded: later publications come one by one.
    """
    for leaderboard in arena.LEADERBOARDS:
        for is_whole in (False, True):
            if is_whole and leaderboard in known:
                continue
            what = "history" if is_whole else "newest publication"
            yield SourceRequest(
                f"{what} of the leaderboard {leaderboard}",
                partial(arena.fetch, client, leaderboard, is_whole=is_whole),
                asset="raw_arena",
                # Leaderboards come and go.
                may_be_absent=leaderboard != arena.LEADERBOARDS[0],
            )


def epoch_requests(client: SourceClient) -> Iterator[SourceRequest]:
    """Yield the request for the index."""
    yield SourceRequest("index of Epoch AI", partial(epoch.fetch, client), asset="raw_epoch")
