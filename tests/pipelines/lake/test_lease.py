"""The lease of the builder: one holder, taken over when it ends, noticed when it is lost."""

import psycopg
import pytest
from support.lake.services import LakeServices

from pipelines.errors import LeaseLost, LockHeld
from pipelines.lake.lease import builder_lease
from pipelines.services.addresses import PostgresAddress
from pipelines.services.postgres import connect
from pipelines.settings import Settings

END_OTHERS = (
    "select pg_terminate_backend(pid) from pg_stat_activity "
    "where datname = current_database() and pid <> pg_backend_pid()"
)


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


def test_a_holder_whose_session_ended_notices_and_is_taken_over(address: PostgresAddress) -> None:
    """As after a crash of Postgres, or a network that was gone for long."""
    with builder_lease(address) as first:
        with connect(address) as other:
            assert isinstance(other, psycopg.Connection)
            other.execute(END_OTHERS)
        with builder_lease(address) as second:
            second.check()
            with pytest.raises(LeaseLost, match="Another builder goes on"):
                first.check()


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
