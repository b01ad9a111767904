"""Published generations: opened read-only, and asked for frames one generation at a time."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from dashboards.cache import RenderCache, SingleFlightCache
from dashboards.query import Query, inline
from dashboards.query import query as query_file
from dashboards.statements.actions import ClaimActions
from dashboards.statements.comparison import SavedClaim

MAX_FRAMES = 96
MAX_GENERATIONS = 2
# Queries that run at the same time. More at once take as long, and need more of DuckDB's memory
# than there is.
MAX_QUERIES_AT_ONCE = 2
STALE_SECONDS = 36 * 3600
LOAD_IS_KNOWN = (
    "select 1 from duckdb_columns() "
    "where table_name = 'services' and column_name = 'is_load_simulated'"
)
SIMULATED_SERVICES = "select service from marts.services where is_load_simulated order by all"

OpenPublished = Callable[[Path], duckdb.DuckDBPyConnection]


@dataclass(frozen=True)
class AppContext:
    """Everything that the command hands to the app, which knows no home and no settings itself."""

    published: Path
    """The link to the newest generation, which may not be there yet."""
    open_published: OpenPublished
    """Opens a generation read-only and locked down."""
    run_sql: Callable[[Path, str, float, int], pl.DataFrame]
    """Runs a person's SQL on a generation within limits of seconds and rows.

    It is a function of a module, since another process calls it.
    """
    sql_errors: tuple[type[Exception], ...] = ()
    """Errors by which `run_sql` refuses a query; viewers read their text."""
    live: Callable[[], pl.DataFrame] | None = None
    """The last minutes of the tier, straight from the spool; None where no tier is collected."""
    dagster_url: str | None = None
    """The address of Dagster, where one runs."""
    claims: ClaimActions | None = None
    """The claims of the home, and what viewers may do with claims; None where there is no home."""
    frame_ancestors: tuple[str, ...] = ()
    """Origins whose pages may show the dashboard in a frame."""
    tier_file: "TierFile | None" = None
    """Adds servers to the tier file; None where nobody may."""


@dataclass(frozen=True)
class FoundServer:
    """A server as its metrics page shows it."""

    url: str
    engine: str
    models: tuple[str, ...]
    devices: tuple[str, ...]


@dataclass(frozen=True)
class TierFile:
    """The tier file, to which a person may add a server. Both functions say why they refuse."""

    path: str
    probe: Callable[[str], FoundServer]
    """Looks at the metrics page of an address."""
    add: Callable[[Mapping[str, Any]], str]
    """Adds a server of these keys of a `[[target]]`; returns the block."""
    next_step: str = ""
    """What a person does next, once a server is added."""
    errors: tuple[type[Exception], ...] = ()
    """Errors by which they refuse; viewers read their text."""


@dataclass(frozen=True)
class GenerationMeta:
    """The row of `marts.meta`: which generation a file is, and how far it reaches."""

    generation: int
    published_at: datetime | None
    as_of: datetime | None
    last_date: date | None
    origin: str
    citation: str
    simulated_services: tuple[str, ...] = ()
    """Services of the tier whose requests come from a load generator."""

    @property
    def is_simulated(self) -> bool:
        """True if figures come from the simulated market."""
        return "simulated" in self.origin

    @property
    def age_seconds(self) -> float | None:
        """Seconds since the generation was published."""
        if self.published_at is None:
            return None
        return (datetime.now(UTC) - self.published_at).total_seconds()

    @property
    def age_hours(self) -> int:
        """Whole hours since the generation was published; 0 where that is not known."""
        return round((self.age_seconds or 0) / 3600)

    @property
    def is_stale(self) -> bool:
        """True if a pipeline that runs every day would have published a newer one."""
        return (self.age_seconds or 0) > STALE_SECONDS


class OpenGeneration:
    """One published file, open for reading, also after a newer one replaced it."""

    def __init__(
        self,
        path: Path,
        open_published: OpenPublished,
        dagster_url: str | None = None,
        rendered: RenderCache | None = None,
        turns: threading.BoundedSemaphore | None = None,
        claims: ClaimActions | None = None,
    ) -> None:
        self.path = path
        self.claims = claims
        self.rendered = rendered or RenderCache()
        self.dagster_url = dagster_url
        self._con = open_published(path)
        self._frames: SingleFlightCache[pl.DataFrame] = SingleFlightCache(MAX_FRAMES)
        self._turns = turns or threading.BoundedSemaphore(MAX_QUERIES_AT_ONCE)

    @cached_property
    def has_tier(self) -> bool:
        """True if a server of ours was ever watched; also where an older file does not say so."""
        with closing(self._con.cursor()) as cursor:
            known = cursor.sql(LOAD_IS_KNOWN).fetchall()
            return not known or bool(cursor.sql("from marts.services limit 1").fetchall())

    @cached_property
    def meta(self) -> GenerationMeta:
        """The generation's number, dates and citation."""
        with closing(self._con.cursor()) as cursor:
            row: dict[str, Any] = cursor.sql("from marts.meta").pl().to_dicts()[0]
            # An older file says nothing of the load, or has no services.
            known = cursor.sql(LOAD_IS_KNOWN).fetchall()
            services = cursor.sql(SIMULATED_SERVICES).fetchall() if known else []
        named = {name: row[name] for name in GenerationMeta.__dataclass_fields__ if name in row}
        # A home without a market has nobody to cite.
        named["citation"] = named["citation"] or ""
        return GenerationMeta(**named, simulated_services=tuple(name for (name,) in services))

    @cached_property
    def tables(self) -> frozenset[str]:
        """The tables of the file: a generation of an older version may lack some."""
        with closing(self._con.cursor()) as cursor:
            names = cursor.sql("select table_name from duckdb_tables()").pl()["table_name"]
        return frozenset(names.to_list())

    @property
    def saved_claims(self) -> Sequence[SavedClaim]:
        """The claims of the home, as its files have them now."""
        return self.claims.read_saved() if self.claims else ()

    @cached_property
    def comparable(self) -> frozenset[tuple[str, str]]:
        """The dimensions and members of the market that a comparison can name."""
        if "market_share_weekly" not in self.tables:
            return frozenset()
        return frozenset(self.frame(query_file("statements/members")).iter_rows())

    @cached_property
    def members(self) -> tuple[tuple[str, int], ...]:
        """The market's members, each with its number among those of its kind, the largest first."""
        if "market_share_weekly" not in self.tables:
            return ()
        return tuple(self.frame(query_file("components/member_numbers")).iter_rows())

    def frame(self, query: Query) -> pl.DataFrame:
        """Return the rows of a query; the same query again costs nothing. Raise duckdb.Error."""
        key = (query.sql, repr(sorted(query.values.items())))
        return self._frames.get(key, lambda: self.read(query))

    def forget_frames(self) -> None:
        """Drop the cached rows: a newer generation is there, and few viewers look at this one."""
        self._frames.clear()

    def read(self, query: Query) -> pl.DataFrame:
        """Return the rows of a query without keeping them, since they may be many."""
        with self._turns, closing(self._con.cursor()) as cursor:
            cursor.execute("set search_path = 'marts,main'")
            found: pl.DataFrame = cursor.sql(inline(query)).pl()
        return found


class GenerationStore:
    """The generations that pages show. The newest ones are kept open."""

    def __init__(self, context: AppContext) -> None:
        self._context = context
        self._rendered = RenderCache()
        self._turns = threading.BoundedSemaphore(MAX_QUERIES_AT_ONCE)
        self._open: OrderedDict[Path, OpenGeneration] = OrderedDict()
        self._lock = threading.Lock()

    def newest(self) -> OpenGeneration | None:
        """Return the newest generation; None where nothing is published yet."""
        try:
            path = self._context.published.resolve(strict=True)
        except FileNotFoundError:
            return None
        return self._get(path)

    def numbered(self, number: object) -> OpenGeneration | None:
        """Return the generation of this number if it is still there; without a number, the newest.

        A browser sends the number, so it may be anything; it becomes part of a path only if it is a
        whole number.
        """
        if not isinstance(number, int):
            return self.newest()
        with self._lock:
            for generation in self._open.values():
                if generation.meta.generation == number:
                    return generation
        path = self._context.published.parent / f"generation-{number:06}.duckdb"
        return self._get(path.resolve()) if path.exists() else None

    def _get(self, path: Path) -> OpenGeneration | None:
        with self._lock:
            if path not in self._open:
                try:
                    self._open[path] = OpenGeneration(
                        path,
                        self._context.open_published,
                        self._context.dagster_url,
                        self._rendered,
                        self._turns,
                        self._context.claims,
                    )
                except (duckdb.Error, FileNotFoundError):
                    # It was removed after it was found; the next call finds the one after it.
                    return None
                while len(self._open) > MAX_GENERATIONS:
                    self._open.popitem(last=False)
                for older in list(self._open.values())[:-1]:
                    older.forget_frames()
            self._open.move_to_end(path)
            return self._open[path]
