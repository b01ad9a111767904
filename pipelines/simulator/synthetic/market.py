"""The invented market: one seed, one market, the same bytes for the same question at the same instant."""

from datetime import datetime

from pipelines.simulator.errors import Json
from pipelines.simulator.market_protocol import AppsQuery, RankingRow, RankingsQuery
from pipelines.simulator.synthetic import apps, hosts, quality, slices
from pipelines.simulator.synthetic.catalogue import Catalogue


class SyntheticMarket:
    """A market that never was, shaped like the real one."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def rankings(self, query: RankingsQuery, now: datetime) -> list[RankingRow]:
        """The top of every bucket of the window and the rest as `other`."""
        return slices.rows(self._seed, query, now)

    def models(self, now: datetime) -> list[Json]:
        """The catalogue of now."""
        return Catalogue(self._seed, now).entries()

    def endpoints(self, name: str, now: datetime) -> Json:
        """The hosts of a model, with speeds of the current half hour."""
        return Catalogue(self._seed, now).find(name)

    def providers(self, now: datetime) -> list[Json]:
        """All hosts; they never change."""
        return hosts.providers()

    def apps(self, query: AppsQuery, now: datetime) -> list[Json]:
        """The app board of a window."""
        return apps.app_board(self._seed, query)

    def session_costs(self, now: datetime) -> list[Json]:
        """Median session costs of the last snapshot."""
        return apps.session_costs(self._seed, now)

    def benchmarks(self, now: datetime) -> list[Json]:
        """Results for the models now listed."""
        return quality.benchmarks(self._seed, now)

    def tasks(self, now: datetime) -> Json:
        """Task shares of the last seven days."""
        return quality.tasks(self._seed, now)
