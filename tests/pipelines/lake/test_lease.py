"""The lease of the builder: one holder, taken over when it ends, noticed when it is lost."""

import psycopg
import pytest
from support.lake.processes import END_OTHERS
from support.lake.services import LakeServices

from pipelines.errors import LeaseLost, LockHeld
from pipelines.lake.lease import builder_lease, read_holder
from pipelines.services.addresses import PostgresAddress
from pipelines.services.postgres import connect
from pipelines.settings import Settings

MANY = 200


@pytest.fixture
def address(lake_settings: Settings) -> PostgresAddress:
    """Return the Postgres of a fresh lake."""
    assert lake_settings.services.lake
    return lake_settings.services.lake.catalog


def test_one_builder_has_the_lease_and_the_next_a_higher_epoch(address: PostgresAddress) -> None:
    with builder_lease(address) as first:
        first.check()
        with pytest.raises(LockHeld, match="taken over when that one ends"), builder_lease(address):
            pass
    with builder_lease(address) as second:
        assert second.epoch == first.epoch + 1
        assert not second.is_takeover  # the first gave it back


def test_a_holder_whose_session_ended_notices_and_is_taken_over(address: PostgresAddress) -> None:
    """As after a crash of Postgres, or a network that was gone for long."""
    with builder_lease(address) as first:
        with connect(address) as other:
            assert isinstance(other, psycopg.Connection)
            other.execute(END_OTHERS)
        with builder_lease(address) as second:
            second.check()
            assert second.is_takeover
            with pytest.raises(LeaseLost, match="Another builder goes on"):
                first.check()


def test_who_had_the_lease_is_known(address: PostgresAddress) -> None:
    """Epochs of long ago are forgotten, but not when the lake was maintained."""
    with connect(address) as session:
        assert read_holder(session) is None
        with builder_lease(address) as lease:
            lease.note_maintained()
            found = read_holder(session)
            assert found
            assert (found.is_held, found.is_released) == (True, False)
            assert "process" in found.name
        session.execute(f"update tokentide_builders set epoch = epoch - {MANY}")
        session.execute(
            "insert into tokentide_builders (epoch, holder) values (2, 'dead'), (3, 'd')"
        )
        with builder_lease(address) as later:
            assert (later.epoch, later.is_takeover) == (4, True)
            assert later.maintained_at
        # It set no fence, so the next one has to.
        with builder_lease(address) as after:
            assert (after.epoch, after.is_takeover) == (5, True)
            after.note_fenced()
        found = read_holder(session)
        assert found
        assert (found.is_held, found.is_released) == (False, True)
        left = session.execute("select epoch from tokentide_builders order by epoch").fetchall()
    assert left == [(1 - MANY,), (2,), (3,), (4,), (5,)]


def test_a_restart_of_postgres_ends_the_lease(
    address: PostgresAddress, services: LakeServices
) -> None:
    with builder_lease(address) as first:
        services.stop_postgres()
        services.start_postgres()
        with pytest.raises(LeaseLost):
            first.check()
    with builder_lease(address) as second:
        second.check()
