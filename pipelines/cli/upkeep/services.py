"""Checks of the distributed form for `doctor`: extensions, Postgres, S3, each with its advice."""

import secrets
from collections.abc import Iterator
from datetime import timedelta

import duckdb

from pipelines.archive import utc_now
from pipelines.cli.tier.health import Finding
from pipelines.errors import BadSetting, ServiceFailed
from pipelines.lake.status import describe_holder, describe_waiting, read_status
from pipelines.services.addresses import LakeAddress, PostgresAddress, S3Folder
from pipelines.services.object_store import check_folder
from pipelines.services.postgres import connect, reported
from pipelines.settings import Settings
from pipelines.sql import read_sql
from warehouse.lake import EXTENSIONS, MissingExtension, extension_file

# The oldest that its makers still maintain, and the one that the tests run on is 15.
MIN_POSTGRES = 14
MAX_WAIT = timedelta(hours=1)  # of a segment, until somebody should look at loaders
RIGHTS = read_sql(__file__, "postgres_rights")


def check_services(settings: Settings) -> Iterator[Finding]:
    """Check what of the distributed form is set; yield nothing in the embedded form."""
    services = settings.services
    if services.lake:
        yield _check_extensions()
        postgres = _check_postgres(services.lake)
        yield postgres
        if postgres.is_well:
            yield from _check_work(settings)
    for name, folder in services.folders.items():
        yield _check_folder(name, folder)


def _check_extensions() -> Finding:
    what = "extensions of the lake"
    try:
        for name in EXTENSIONS:
            extension_file(name)
    except MissingExtension as error:
        return Finding(what, False, str(error))
    return Finding(what, True, f"{', '.join(EXTENSIONS)} for DuckDB {duckdb.__version__}")


def _check_postgres(lake: LakeAddress) -> Finding:
    """Check the connection, the version, the rights and the catalog, in this order."""
    address, what = lake.catalog, "Postgres of the lake"
    try:
        with connect(address) as session, reported(address):
            major = session.info.server_version // 10_000
            [may_create, may_write, has_catalog] = session.execute(RIGHTS).fetchone() or [False] * 3
    except (ServiceFailed, BadSetting) as error:
        return Finding(what, False, f"{error} {_reach_advice(address)}")
    version = f"{address.shown}, version {major}"
    if major < MIN_POSTGRES:
        return Finding(what, False, f"{version}; {MIN_POSTGRES} or newer is needed")
    if not (may_create and may_write):
        advice = f'grant create, usage on schema public to "{address.user}";'
        return Finding(what, False, f"{version}; its user may create no tables: {advice}")
    if not has_catalog:
        return Finding(what, False, f"{version}; it has no lake yet: `tokentide lake create`")
    return Finding(what, True, f"{version}, its catalog is there")


def _check_work(settings: Settings) -> Iterator[Finding]:
    """Check that somebody builds, and that what waits in the spool does not wait for long."""
    try:
        found = read_status(settings)
    except ServiceFailed as error:
        yield Finding("work of the lake", False, str(error))
        return
    lease, waiting = found["lease"], found["waiting"]
    is_left = bool(lease) and not (lease["is_held"] or lease["is_released"])
    advice = "; nobody took over: `tokentide lake build`" if is_left else ""
    yield Finding("builder of the lake", not is_left, f"{describe_holder(lease)}{advice}")
    if waiting:
        oldest = waiting["oldest_at"]
        is_late = bool(oldest) and utc_now() - oldest > MAX_WAIT
        advice = "; `tokentide lake load` loads them, or says why not" if is_late else ""
        yield Finding("spool in S3", not is_late, f"{describe_waiting(waiting)}{advice}")


def _reach_advice(address: PostgresAddress) -> str:
    return (
        f"Check that {address.host}:{address.port} can be reached from here, that the database "
        f"{address.database} exists, and that PGPASSWORD is the password of {address.user}."
    )


def _check_folder(name: str, folder: S3Folder) -> Finding:
    """Write, read, list and remove a small file."""
    steps: list[str] = []
    what = f"S3 of the {name}"
    endpoint = folder.access.endpoint or "Amazon"
    try:
        check_folder(folder, f"doctor-{secrets.token_hex(8)}", steps.append)
    except (ServiceFailed, OSError) as error:
        return Finding(
            what,
            False,
            f"{folder.url} at {endpoint}: {steps[-1]} failed ({error}) Check AWS_ENDPOINT_URL, "
            f"that the bucket {folder.bucket} exists, and that the key of AWS_ACCESS_KEY_ID may "
            "put, get, list and delete objects below the folder.",
        )
    return Finding(what, True, f"{folder.url} at {endpoint}: write, read, list and remove work")
