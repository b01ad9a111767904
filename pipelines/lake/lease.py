"""The lease of the one builder: an advisory lock of Postgres, held by a session of its holder.

It ends with the session, so a builder that dies gives it up. Each holder has a higher epoch than
the one before; what it publishes is ordered by that, so one that lost the lease and does not know
it yet can put nothing before its successor's.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from pipelines.errors import LeaseLost, LockHeld, ServiceFailed
from pipelines.services.addresses import PostgresAddress
from pipelines.services.postgres import connect, reported
from pipelines.sql import read_sql

if TYPE_CHECKING:
    import psycopg

LOCK = "tokentide builder"
TAKE = "select pg_try_advisory_lock(hashtextextended(%s, 0))"
HOLDER = read_sql(__file__, "holder")
NEXT_EPOCH = (
    "insert into tokentide_builders (epoch, holder) "
    "select coalesce(max(epoch), 0) + 1, %s from tokentide_builders returning epoch"
)
NEWEST_EPOCH = "select max(epoch) from tokentide_builders"


class Lease:
    """The right to build and publish, as long as the session lives."""

    def __init__(
        self, session: "psycopg.Connection[Any]", address: PostgresAddress, epoch: int
    ) -> None:
        self.epoch = epoch
        self._session = session
        self._address = address

    def check(self) -> None:
        """Raise LeaseLost unless this session still holds the lease."""
        try:
            with reported(self._address):
                [(newest,)] = self._session.execute(NEWEST_EPOCH).fetchall()
        except ServiceFailed as error:
            raise LeaseLost(
                f"The lease of the builder is lost: {error} Another builder goes on; this one "
                "may be started again."
            ) from None
        if newest != self.epoch:
            raise LeaseLost(
                f"Epoch {newest} of the builder began after {self.epoch}, which is ours. "
                "Another builder goes on; this one may be started again."
            )


@contextmanager
def builder_lease(address: PostgresAddress) -> Iterator[Lease]:
    """Hold the lease while the `with` lasts; raise LockHeld where another builder has it."""
    with closing(connect(address)) as session:
        with reported(address):
            [(is_ours,)] = session.execute(TAKE, [LOCK]).fetchall()
            if not is_ours:
                found = session.execute(HOLDER).fetchall()
                holder = f"{found[0][0]} since {found[0][1]:%Y-%m-%d %H:%M} UTC" if found else "one"
                raise LockHeld(
                    f"Another builder has the lease: {holder}. It is taken over when that one ends."
                )
            name = f"{socket.gethostname()} process {os.getpid()}"
            [(epoch,)] = session.execute(NEXT_EPOCH, [name]).fetchall()
        yield Lease(session, address, int(epoch))
