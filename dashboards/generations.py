"""Published generations: opened read-only, and asked for frames one generation at a time."""

import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from dashboards.cache import RenderCache, SingleFlightCache
from dashboards.generation_meta import GenerationMeta
from dashboards.names import NO_NAMES, Names
from dashboards.past.days import PastDays
from dashboards.query import Query, inline
from dashboards.query import query as query_file
from dashboards.statements.actions import ActionRefusedError, ClaimActions
from dashboards.statements.comparison import SavedClaim

MAX_FRAMES = 96
MAX_GENERATIONS = 2
# Queries that run at the same time. More at once take as long, and need more of DuckDB's memory
# than there is.
MAX_QUERIES_AT_ONCE = 1
LOAD_IS_KNOWN = (
    "select 1 from duckdb_columns() "
    "where table_name = 'services' and column_name = 'is_load_simulated'"
)
CONTENTS_ARE_KNOWN = (
    "select 1 from duckdb_tables() where schema_name = 'main' and table_name = 'contents'"
)
WORDS = re.compile(r"[a-z0-9_]+")
TABLES = "select table_name from duckdb_tables() where schema_name = 'marts'"
SEARCH_PATH = "set search_path = 'marts,main'"
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
    budgets: Callable[[], pl.DataFrame] | None = None
    """The budgets of the alerts file and what is spent of them; None where there is no home."""
    dagster_url: str | None = None
    """The address of Dagster, where one runs."""
    make_past_day: Callable[[date], Path] | None = None
    """Makes or finds the file of what was known at the end of a day; refuses in words.

    None where there is no home to make it from.
    """
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
        frames: SingleFlightCache[pl.DataFrame] | None = None,
    ) -> None:
        self.path = path
        self.claims = claims
        self.rendered = rendered or RenderCache()
        self.dagster_url = dagster_url
        self._con = open_published(path)
        self._frames = frames or SingleFlightCache[pl.DataFrame](MAX_FRAMES)
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
        named["generation"] = named["generation"] or 0
        return GenerationMeta(**named, simulated_services=tuple(name for (name,) in services))

    @cached_property
    def tables(self) -> frozenset[str]:
        """The tables of the file: a generation of an older version may lack some."""
        with closing(self._con.cursor()) as cursor:
            names = cursor.sql(TABLES).pl()["table_name"]
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

    @cached_property
    def names(self) -> Names:
        """The names of the market's labs, model families and listings."""
        if not {"models", "market_tokens_daily"} <= self.tables:
            return NO_NAMES
        try:
            return Names(self.frame(query_file("components/member_names")).iter_rows())
        except duckdb.Error:
            # A generation of an older version may lack a column; then slugs stand for names.
            return NO_NAMES

    @cached_property
    def contents(self) -> Mapping[str, str]:
        """A hash for each table that is another one where its rows are; none where unknown.

        What was known on a past day is made by another way, so it is compared with nothing.
        """
        with closing(self._con.cursor()) as cursor:
            if not cursor.sql(CONTENTS_ARE_KNOWN).fetchall() or self.meta.past_day:
                return {}
            return dict(cursor.sql("select table_name, content from main.contents").fetchall())

    def frame(self, query: Query) -> pl.DataFrame:
        """Return the rows of a query. Raise duckdb.Error.

        The same query again costs nothing, also in a generation in which its tables are the same.
        """
        sql = inline(query)
        return self._frames.get((sql, self._state_of(sql)), lambda: self._read(sql))

    def _state_of(self, sql: str) -> Hashable:
        """Return what is equal only where this query finds the same rows."""
        # A word that is no table here may add one, which costs a query and is never wrong.
        read = sorted(self.tables.intersection(WORDS.findall(sql.lower())))
        contents = tuple(self.contents.get(table) for table in read)
        return self.path if None in contents or not contents else contents

    def read(self, query: Query) -> pl.DataFrame:
        """Return the rows of a query without keeping them, since they may be many."""
        return self._read(inline(query))

    def _read(self, sql: str) -> pl.DataFrame:
        with self._turns, closing(self._con.cursor()) as cursor:
            cursor.execute(SEARCH_PATH)
            found: pl.DataFrame = cursor.sql(sql).pl()
        return found


class GenerationStore:
    """The generations that pages show. The newest ones are kept open."""

    def __init__(self, context: AppContext) -> None:
        self._context = context
        self._rendered = RenderCache()
        # Generations share rows: most tables are the same in the next one.
        self._frames = SingleFlightCache[pl.DataFrame](MAX_FRAMES)
        self._turns = threading.BoundedSemaphore(MAX_QUERIES_AT_ONCE)
        self._open: OrderedDict[Path, OpenGeneration] = OrderedDict()
        self._lock = threading.Lock()
        make = context.make_past_day
        self._past = PastDays(make, self._open_file) if make else None

    def past_day(self, day: date) -> OpenGeneration | None:
        """Return what was known at the end of a day; None while its file is being made.

        Raise ActionRefusedError where it cannot be made.
        """
        if self._past is None:
            raise ActionRefusedError("This dashboard has no home to make the past from.")
        return self._past.find(day)

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

    def _open_file(self, path: Path) -> OpenGeneration:
        return OpenGeneration(
            path,
            self._context.open_published,
            self._context.dagster_url,
            self._rendered,
            self._turns,
            self._context.claims,
            self._frames,
        )

    def _get(self, path: Path) -> OpenGeneration | None:
        with self._lock:
            if path not in self._open:
                try:
                    self._open[path] = self._open_file(path)
                except (duckdb.Error, FileNotFoundError):
                    # It was removed after it was found; the next call finds the one after it.
                    return None
                while len(self._open) > MAX_GENERATIONS:
                    self._open.popitem(last=False)
            self._open.move_to_end(path)
            return self._open[path]
