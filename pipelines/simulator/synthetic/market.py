"""The synthetic market: the same seed, query and instant always give the same bytes."""

from datetime import datetime

from pipelines.simulator.errors import JsonObject
from pipelines.simulator.market_protocol import AppsQuery, RankingRow, RankingsQuery
from pipelines.simulator.synthetic import apps, hosts, quality, slices
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
