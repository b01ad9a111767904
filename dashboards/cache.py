"""Caches of the server: rows by query, and rendered cards by query and rows."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from concurrent.futures import Future
from typing import Generic, TypeVar, cast

import polars as pl

T = TypeVar("T")

MAX_CARDS = 96


class SingleFlightCache(Generic[T]):
    """A bounded cache that makes each value once, however many threads ask for it meanwhile.

    The value unused for longest goes first. A failure is raised in every thread that waited for the
    value, so that a query that fails runs once and not once for each viewer; it is not kept.
    """

    def __init__(self, max_size: int) -> None:
        self._max_size = max_size
        self._values: OrderedDict[Hashable, T] = OrderedDict()
        self._pending: dict[Hashable, Future[T]] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return the value of this key, made by the first thread that asks for it."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
            others = self._pending.get(key)
            own = self._pending[key] = others or Future()
        if others:
            return others.result()
        try:
            value = make()
            self.put(key, value)
            own.set_result(value)
        except BaseException as error:
            # Whatever it is: the threads that wait must not wait for ever.
            own.set_exception(error)
            raise
        finally:
            with self._lock:
                del self._pending[key]
        return value

    def put(self, key: Hashable, value: T) -> None:
        """Store a value, whatever was there."""
        with self._lock:
            self._values[key] = value
            self._values.move_to_end(key)
            while len(self._values) > self._max_size:
                self._values.popitem(last=False)


class FrameCache(SingleFlightCache[pl.DataFrame]):
    """The rows of queries, by their text and by what it finds.

    Generations share it: most tables are the same in the next one, and so are the rows.
    """

    def __init__(self, max_size: int) -> None:
        super().__init__(max_size)
        self._tables: SingleFlightCache[tuple[str, ...]] = SingleFlightCache(8 * max_size)

    def tables_of(self, sql: str, find: Callable[[], Iterable[str]]) -> tuple[str, ...]:
        """Return the tables that a query reads, found once."""
        return self._tables.get(sql, lambda: tuple(sorted(find())))


class RenderCache:
    """Rendered cards by query and rows, so that a result which did not change is not drawn again.

    A new generation gives most queries the same rows as the one before.
    """

    def __init__(self) -> None:
        self._cards: SingleFlightCache[tuple[pl.DataFrame, object]] = SingleFlightCache(MAX_CARDS)

    def get(self, key: Hashable, rows: pl.DataFrame, draw: Callable[[], T]) -> T:
        """Return the card drawn from the same rows, or draw it. It is shared: do not change it."""
        drawn_from, card = self._cards.get(key, lambda: (rows, draw()))
        if drawn_from is not rows and not _is_same(drawn_from, rows):
            card = draw()
        # Keep the newest rows, or those of a generation that is gone would stay in memory.
        self._cards.put(key, (rows, card))
        return cast("T", card)


def _is_same(one: pl.DataFrame, other: pl.DataFrame) -> bool:
    return one.schema == other.schema and one.equals(other)
