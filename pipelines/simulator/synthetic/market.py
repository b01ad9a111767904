"""The synthetic market: the same seed, query and instant always give the same bytes."""

from datetime import datetime

from pipelines.simulator.errors import JsonObject, NotFound
from pipelines.simulator.market_protocol import AppsQuery, RankingRow, RankingsQuery
from pipelines.simulator.synthetic import (
    apps,
    hosts,
    hub,
    prices,
    quality,
    ratings,
    references,
    slices,
)
from pipelines.simulator.synthetic.catalogue import Catalogue


class SyntheticMarket:
    """A generated market, shaped like the real one."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def rankings(self, query: RankingsQuery, now: datetime) -> list[RankingRow]:
        """Return the top models of every bucket of the window, and the rest as `other`."""
        return slices.rankings(self._seed, query, now)

    def models(self, now: datetime) -> list[JsonObject]:
        """Return the catalogue of now."""
        return Catalogue(self._seed, now).entries()

    def endpoints(self, name: str, now: datetime) -> JsonObject:
        """Return the endpoints of a model, with speeds of the current half hour."""
        return Catalogue(self._seed, now).find(name)

    def providers(self, now: datetime) -> list[JsonObject]:
        """Return all hosts; they never change."""
        return hosts.providers()

    def apps(self, query: AppsQuery, now: datetime) -> list[JsonObject]:
        """Return the app rankings of a window."""
        return apps.app_rankings(self._seed, query)

    def session_costs(self, now: datetime) -> list[JsonObject]:
        """Return median session costs of the last snapshot."""
        return apps.session_costs(self._seed, now)

    def benchmarks(self, now: datetime) -> list[JsonObject]:
        """Return results for the models now listed."""
        return quality.benchmarks(self._seed, now)

    def tasks(self, now: datetime) -> JsonObject:
        """Return task shares of the last seven days."""
        return quality.tasks(self._seed, now)

    def price_history(self, now: datetime) -> JsonObject:
        """Return every price since its first day, as of yesterday."""
        return prices.price_history(self._seed, now)

    def price_list(self, now: datetime) -> list[JsonObject]:
        """Return the prices of the models now listed."""
        return prices.price_list(self._seed, now)

    def token_prices(self, now: datetime) -> JsonObject:
        """Return the prices of a token of the models now listed."""
        return prices.token_prices(self._seed, now)

    def provider_prices(self, now: datetime) -> JsonObject:
        """Return the prices of the models now listed, by provider."""
        return prices.provider_prices(self._seed, now)

    def region_list(self, now: datetime) -> str:
        """Return the regions of all authors with repositories."""
        return references.region_list()

    def size_list(self, now: datetime) -> str:
        """Return the parameters of every second model with a repository."""
        return references.size_list(self._seed)

    def notable_models(self, now: datetime) -> str:
        """Return a table of some of the models."""
        return references.notable_models(now)

    def leaderboard(self, leaderboard: str, now: datetime, *, is_whole: bool) -> list[JsonObject]:
        """Return ratings by week; raise NotFound for a leaderboard that there is not."""
        if leaderboard not in ratings.FORM:
            raise NotFound
        return ratings.leaderboard(self._seed, leaderboard, now, is_whole=is_whole)

    def index_scores(self, now: datetime) -> list[JsonObject]:
        """Return the scores of the models launched by now."""
        return ratings.index_scores(self._seed, now)

    def hub_models(self, now: datetime, pipeline_tag: str) -> list[JsonObject]:
        """Return the models of the Hub with their counters of now."""
        return hub.hub_models(self._seed, now, pipeline_tag)

    def hub_model(self, now: datetime, name: str) -> JsonObject:
        """Return a repository by a name of any time; raise HiddenRepository where there is none."""
        return hub.hub_model(self._seed, now, name)
