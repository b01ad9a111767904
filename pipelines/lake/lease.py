"""The lease of the one builder: an advisory lock of Postgres, held by a session of its holder.

It ends with the session, so a builder that dies gives it up. Each holder has a higher epoch than
the one before; what it publishes is ordered by that, so one that lost the lease and does not know
it yet can put nothing before its successor's.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pipelines.errors import LeaseLost, LockHeld, ServiceFailed
from pipelines.services.addresses import PostgresAddress
from pipelines.services.postgres import connect, reported
from pipelines.sql import read_sql

if TYPE_CHECKING:
    import psycopg

LOCK = "tokentide builder"
TAKE = "select pg_try_advisory_lock(hashtextextended(%s, 0))"
GIVE_BACK = "select pg_advisory_unlock(hashtextextended(%s, 0))"
HOLDER, FORGET = (read_sql(__file__, name) for name in ("holder", "forget_epochs"))
NEXT_EPOCH = (
    "insert into tokentide_builders (epoch, holder) "
    "select coalesce(max(epoch), 0) + 1, %s from tokentide_builders returning epoch"
)
NEWEST_EPOCH = "select max(epoch) from tokentide_builders"
RELEASE = "update tokentide_builders set released_at = now() where epoch = %s"
MAINTAINED = "update tokentide_builders set maintained_at = now() where epoch = %s"


@dataclass(frozen=True)
class Holder:
    """The last holder of the lease; instants are UTC.

    `is_held` says whether somebody has the lease now, `is_released` whether this one gave it back.
    """

    epoch: int
    name: str
    taken_at: datetime
    is_released: bool
    is_held: bool
    maintained_at: datetime | None


class Lease:
    """The right to build and publish, as long as the session lives."""

    def __init__(
        self,
        session: "psycopg.Connection[Any]",
        address: PostgresAddress,
        epoch: int,
        before: Holder | None,
    ) -> None:
        self.epoch = epoch
        self.maintained_at = before.maintained_at if before else None
        # The one before may be alive, and not know that it lost the lease: a fence has to be set.
        self.is_takeover = bool(before and not before.is_released)
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

    def note_fenced(self) -> None:
        """Note that holders before this one can move nothing any more."""
        self.is_takeover = False

    def note_maintained(self) -> None:
        """Note that the lake was maintained now."""
        with reported(self._address):
            self._session.execute(MAINTAINED, [self.epoch])
        self.maintained_at = datetime.now(UTC)


@contextmanager
def builder_lease(address: PostgresAddress) -> Iterator[Lease]:
    """Hold the lease while the `with` lasts; raise LockHeld where another builder has it."""
    with closing(connect(address)) as session:
        with reported(address):
            [(is_ours,)] = session.execute(TAKE, [LOCK]).fetchall()
            before = read_holder(session)
            if not is_ours:
                since = (
                    f"{before.name} since {before.taken_at:%Y-%m-%d %H:%M} UTC" if before else "one"
                )
                raise LockHeld(
                    f"Another builder has the lease: {since}. It is taken over when that one ends."
                )
            name = f"{socket.gethostname()} process {os.getpid()}"
            [(epoch,)] = session.execute(NEXT_EPOCH, [name]).fetchall()
            session.execute(FORGET)
        lease = Lease(session, address, int(epoch), before)
        try:
            yield lease
        finally:
            # It does nothing any more. Where the session is gone, the successor cannot know that,
            # and where no fence was set, it has to set it.
            with suppress(ServiceFailed), reported(address):
                if not lease.is_takeover:
                    session.execute(RELEASE, [epoch])
                session.execute(GIVE_BACK, [LOCK])


def read_holder(session: "psycopg.Connection[Any]") -> Holder | None:
    """Return the last holder of the lease, or None if there never was one."""
    found = session.execute(HOLDER).fetchone()
    if found is None:
        return None
    epoch, name, taken_at, is_released, is_held, maintained_at = found
    taken_at, maintained_at = (
        each and each.replace(tzinfo=UTC) for each in (taken_at, maintained_at)
    )
    return Holder(epoch, name, taken_at, is_released, is_held, maintained_at)
