"""What the app is given, and frames out of one generation at a time."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

import duckdb
import polars as pl

from dashboards.query import Query, inlined

T = TypeVar("T")

KEPT_FRAMES = 96
KEPT_CARDS = 96
KEPT_GENERATIONS = 2
# Questions that are answered at the same time. More at once take as long, and DuckDB's memory would not be enough for them.
ASKED_AT_ONCE = 2


@dataclass(frozen=True)
class Sources:
    """Where figures come from. The command fills it in, so that nothing here knows of a home or of settings."""

    published: Path
    """The link to the newest generation, which may not be there yet."""
    open_published: Callable[[Path], duckdb.DuckDBPyConnection]
    """Opens a generation read-only and locked down."""
    run_sql: Callable[[Path, str, float, int], pl.DataFrame]
    """Runs a person's SQL on a generation for so many seconds and rows; a function of a module, since another process calls it."""
    live: Callable[[], pl.DataFrame] | None = None
    """What the tier's servers said in the last minutes, straight from the spool; None where no tier is collected."""
    dagster_url: str | None = None
    """Dagster's page, where one runs."""


@dataclass(frozen=True)
class Meta:
    """What `marts.meta` says of a generation."""

    generation: int
    published_at: datetime | None
    as_of: datetime | None
    last_date: Any
    origin: str
    citation: str

    @property
    def is_simulated(self) -> bool:
        """Whether any figure of the market is the stand-in's."""
        return "simulated" in self.origin

    @property
    def age_seconds(self) -> float | None:
        """How long ago the file was made."""
        return (
            (datetime.now(UTC) - self.published_at).total_seconds() if self.published_at else None
        )


class Kept(Generic[T]):
    """What was made a moment ago, by key, for the next who asks; the longest unasked goes first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, T] = OrderedDict()
        self._making: dict[Hashable, Future[T]] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """What is kept under this key; else it is made, once for all who ask meanwhile, without holding up who asks for another."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
            made_by_another = self._making.get(key)
            mine = self._making[key] = made_by_another or Future()
        if made_by_another:
            return made_by_another.result()
        try:
            made = make()
            self.put(key, made)
            mine.set_result(made)
        except BaseException as error:
            # Whatever it is: who waits for it must not wait for ever.
            mine.set_exception(error)
            raise
        finally:
            with self._lock:
                del self._making[key]
        return made

    def put(self, key: Hashable, made: T) -> None:
        """Keep this under the key, whatever was there."""
        with self._lock:
            self._kept[key] = made
            self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)

    def clear(self) -> None:
        """Forget all of it."""
        with self._lock:
            self._kept.clear()


class Drawings:
    """What was drawn last of each question. A new generation answers most of them as the one before, and those are not drawn anew."""

    def __init__(self) -> None:
        self._kept: Kept[tuple[pl.DataFrame, object]] = Kept(KEPT_CARDS)

    def of(self, key: Hashable, rows: pl.DataFrame, draw: Callable[[], T]) -> T:
        """What was drawn under this key of the same rows, or else what `draw` draws now. It is shared: nobody may change it."""
        drawn_of, drawn = self._kept.get(key, lambda: (rows, draw()))
        if drawn_of is not rows and not _is_same(drawn_of, rows):
            drawn = draw()
        # The rows of the newest, or those of a generation that is gone would be kept beside them.
        self._kept.put(key, (rows, drawn))
        return cast("T", drawn)


def _is_same(one: pl.DataFrame, other: pl.DataFrame) -> bool:
    return one.schema == other.schema and one.equals(other)


class Generation:
    """One published file. It stays open, and readable after it was replaced, for as long as somebody asks for it."""

    def __init__(
        self,
        path: Path,
        open_published: Callable[[Path], duckdb.DuckDBPyConnection],
        dagster_url: str | None = None,
        drawings: Drawings | None = None,
        turns: threading.BoundedSemaphore | None = None,
    ) -> None:
        self.path = path
        self.drawings = drawings or Drawings()
        self.dagster_url = dagster_url
        self._con = open_published(path)
        self._frames: Kept[pl.DataFrame] = Kept(KEPT_FRAMES)
        self._turns = turns or threading.BoundedSemaphore(ASKED_AT_ONCE)

    @cached_property
    def meta(self) -> Meta:
        """What the file says of itself."""
        with closing(self._con.cursor()) as cursor:
            row: dict[str, Any] = cursor.sql("from marts.meta").pl().to_dicts()[0]
        return Meta(**{name: row[name] for name in Meta.__dataclass_fields__})

    @cached_property
    def tables(self) -> frozenset[str]:
        """The tables of the file: a generation of an older version may lack some."""
        with closing(self._con.cursor()) as cursor:
            return frozenset(
                cursor.sql("select table_name from duckdb_tables()").pl()["table_name"].to_list()
            )

    def frame(self, query: Query) -> pl.DataFrame:
        """The rows of a query; the same question again costs nothing. Raises duckdb.Error."""
        return self._frames.get(
            (query.sql, repr(sorted(query.values.items()))), lambda: self._ask(query)
        )

    def forget(self) -> None:
        """Keep no answers any more: another generation is newest, and few will ask this one again."""
        self._frames.clear()

    def _ask(self, query: Query) -> pl.DataFrame:
        with self._turns, closing(self._con.cursor()) as cursor:
            cursor.execute("set search_path = 'marts,main'")
            found: pl.DataFrame = cursor.sql(inlined(query)).pl()
        return found


class Published:
    """The generations, newest first; one that a page still shows is kept open."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._drawings = Drawings()
        self._turns = threading.BoundedSemaphore(ASKED_AT_ONCE)
        self._open: OrderedDict[Path, Generation] = OrderedDict()
        self._lock = threading.Lock()

    def newest(self) -> Generation | None:
        """The newest generation, None where nothing is published yet."""
        try:
            path = self._sources.published.resolve(strict=True)
        except FileNotFoundError:
            return None
        return self._of(path)

    def numbered(self, number: int | None) -> Generation | None:
        """The generation of this number if it is still there, else None; the newest where no number is given."""
        if not isinstance(number, int):
            # What a browser sends is anybody's; it becomes part of a path below.
            return self.newest()
        with self._lock:
            for generation in self._open.values():
                if generation.meta.generation == number:
                    return generation
        path = self._sources.published.parent / f"generation-{number:06}.duckdb"
        return self._of(path.resolve()) if path.exists() else None

    def _of(self, path: Path) -> Generation | None:
        with self._lock:
            if path not in self._open:
                try:
                    self._open[path] = Generation(
                        path,
                        self._sources.open_published,
                        self._sources.dagster_url,
                        self._drawings,
                        self._turns,
                    )
                except (duckdb.Error, FileNotFoundError):
                    # It was removed between the look and the opening; the next look finds the one after.
                    return None
                while len(self._open) > KEPT_GENERATIONS:
                    self._open.popitem(last=False)
                for older in list(self._open.values())[:-1]:
                    older.forget()
            self._open.move_to_end(path)
            return self._open[path]
