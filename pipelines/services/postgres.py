"""Connections to the Postgres of the lake: its catalog is there, and the locks of its writers."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pipelines.errors import BadSetting, ServiceFailed
from pipelines.services.addresses import PostgresAddress
from pipelines.services.object_store import hide

if TYPE_CHECKING:
    import psycopg

CONNECT_SECONDS = 5
# A session whose host is gone without a word ends after half a minute, and so do its locks.
KEEPALIVES = "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=4"
INSTALL = "pip install 'tokentide[lake]'"


def connect(address: PostgresAddress) -> "psycopg.Connection[Any]":
    """Open a session that commits each statement. Raise ServiceFailed where that fails."""
    psycopg = _driver()
    with reported(address):
        return psycopg.connect(
            host=address.host,
            port=address.port,
            user=address.user,
            dbname=address.database,
            password=address.password,
            connect_timeout=CONNECT_SECONDS,
            options=KEEPALIVES,
            autocommit=True,
            **dict(address.options),
        )


@contextmanager
def reported(address: PostgresAddress) -> Iterator[None]:
    """Raise an error of Postgres as ServiceFailed, without its password."""
    psycopg = _driver()
    try:
        yield
    except psycopg.Error as error:
        reason = hide(" ".join(str(error).split()), address.password)
        raise ServiceFailed(
            f"{address.shown} failed ({reason}). `tokentide doctor` says what is wrong."
        ) from None


def _driver() -> Any:
    try:
        import psycopg
    except ImportError as error:
        raise BadSetting(
            f"TOKENTIDE_LAKE is set and psycopg is not installed: {INSTALL}"
        ) from error
    return psycopg
