"""Addresses of the distributed form: a Postgres, and folders of an S3 store.

    TOKENTIDE_LAKE=postgresql://tokentide@db.example.org/lake s3://bucket/lake
    TOKENTIDE_SPOOL=s3://bucket/spool
    TOKENTIDE_PUBLISHED=s3://bucket/published

Secrets have the names that their programs give them, and are no part of an address: PGPASSWORD,
AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY. AWS_ENDPOINT_URL names a store that is not Amazon's.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

LAKE, SPOOL, PUBLISHED = "TOKENTIDE_LAKE", "TOKENTIDE_SPOOL", "TOKENTIDE_PUBLISHED"
SERVICE_SETTINGS = frozenset({LAKE, SPOOL, PUBLISHED})
KEY_ID, SECRET_KEY = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"
ENDPOINT, REGION, PASSWORD = "AWS_ENDPOINT_URL", "AWS_REGION", "PGPASSWORD"
DEFAULT_REGION = "us-east-1"
POSTGRES_PORT = 5432
BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
PREFIX = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
# Options of libpq that may stand in the address; none of them is a secret.
OPTIONS = frozenset({"sslmode", "sslrootcert"})
EXAMPLE = "postgresql://tokentide@db.example.org/lake s3://bucket/lake"


@dataclass(frozen=True)
class S3Access:
    """Endpoint and keys of an S3 store; `endpoint` is None for Amazon's."""

    key_id: str = field(repr=False)
    secret: str = field(repr=False)
    endpoint: str | None = None
    region: str = DEFAULT_REGION

    @property
    def is_secure(self) -> bool:
        """True if requests are encrypted on their way."""
        return not (self.endpoint or "").startswith("http://")

    @property
    def host(self) -> str | None:
        """Host and port of the endpoint."""
        return self.endpoint.split("://", 1)[1].rstrip("/") if self.endpoint else None


@dataclass(frozen=True)
class S3Folder:
    """A folder of a bucket, and how it is reached."""

    bucket: str
    prefix: str
    access: S3Access

    @property
    def url(self) -> str:
        """Its address, which ends with a slash."""
        return f"s3://{self.bucket}/{self.prefix}/"


@dataclass(frozen=True)
class PostgresAddress:
    """A database of a Postgres server, and the password of its user."""

    host: str
    port: int
    user: str
    database: str
    options: tuple[tuple[str, str], ...] = ()
    password: str | None = field(default=None, repr=False)

    @property
    def shown(self) -> str:
        """The address as it may be shown to anybody."""
        return f"postgresql://{self.user}@{self.host}:{self.port}/{self.database}"


@dataclass(frozen=True)
class LakeAddress:
    """The lake: the Postgres with its catalog, and the folder with its data."""

    catalog: PostgresAddress
    data: S3Folder


@dataclass(frozen=True)
class Services:
    """Services of the distributed form that are set. None is, in the embedded form."""

    lake: LakeAddress | None = None
    spool: S3Folder | None = None
    published: S3Folder | None = None

    @property
    def folders(self) -> dict[str, S3Folder]:
        """Every folder of S3 that is set, by what it holds."""
        found = {
            "lake": self.lake and self.lake.data,
            "spool": self.spool,
            "published": self.published,
        }
        return {name: folder for name, folder in found.items() if folder}


def read_services(given: Mapping[str, str]) -> Services:
    """Return the services of checked settings."""
    if not any(given.get(name, "").strip() for name in SERVICE_SETTINGS):
        return Services()
    access = S3Access(
        given.get(KEY_ID, "").strip(),
        given.get(SECRET_KEY, "").strip(),
        (given.get(ENDPOINT) or "").strip().rstrip("/") or None,
        given.get(REGION) or DEFAULT_REGION,
    )
    lake = None
    if text := given.get(LAKE, "").strip():
        catalog, data = text.split()
        lake = LakeAddress(_postgres(catalog, given.get(PASSWORD) or None), _folder(data, access))
    spool, published = (given.get(name, "").strip() for name in (SPOOL, PUBLISHED))
    return Services(
        lake,
        _folder(spool, access) if spool else None,
        _folder(published, access) if published else None,
    )


def service_problems(given: Mapping[str, str]) -> Iterator[str]:
    """Yield what is wrong with the settings of services; nothing where none is set."""
    values = {name: given.get(name, "").strip() for name in SERVICE_SETTINGS}
    if not any(values.values()):
        return
    if text := values[LAKE]:
        parts = text.split()
        if len(parts) == 2:
            yield from _postgres_problems(parts[0])
            yield from _folder_problems(LAKE, parts[1])
        else:
            yield f"{LAKE} must be a Postgres and a folder of S3, such as {EXAMPLE}."
    for name in (SPOOL, PUBLISHED):
        if values[name]:
            yield from _folder_problems(name, values[name])
    missing = [name for name in (KEY_ID, SECRET_KEY) if not given.get(name, "").strip()]
    if missing:
        yield f"{' and '.join(missing)} must be set in the environment or .env: S3 needs a key."
    if (endpoint := given.get(ENDPOINT, "").strip()) and not _is_endpoint(endpoint):
        yield f"{ENDPOINT} must be the address of an S3 store, such as https://s3.example.org."


def _is_endpoint(text: str) -> bool:
    url = _split(text)
    if url is None or url.username or url.password or url.query or url.path.strip("/"):
        return False
    return url.scheme in {"http", "https"} and bool(url.hostname)


def _postgres_problems(text: str) -> Iterator[str]:
    url = _split(text)
    if url is None or url.scheme not in {"postgresql", "postgres"} or not url.hostname:
        yield f"{LAKE} must begin with the address of a Postgres, such as {EXAMPLE}."
        return
    if url.password is not None:
        yield f"{LAKE} must not carry a password; put it into {PASSWORD}."
    if not (NAME.fullmatch(url.username or "") and NAME.fullmatch(url.path.strip("/"))):
        yield f"{LAKE} must name a user and a database of the Postgres, as in {EXAMPLE}."
    unknown = {key for key, _ in parse_qsl(url.query, keep_blank_values=True)} - OPTIONS
    if unknown:
        yield f"{LAKE} takes {', '.join(sorted(OPTIONS))} of a Postgres, not {min(unknown)!r}."


def _folder_problems(name: str, text: str) -> Iterator[str]:
    url = _split(text)
    is_folder = (
        url is not None
        and url.scheme == "s3"
        and not url.query
        and BUCKET.fullmatch(url.netloc)
        and PREFIX.fullmatch(url.path.strip("/"))
    )
    if not is_folder:
        yield (
            f"{name} must name a bucket and a folder in it, such as "
            f"s3://bucket/{name.removeprefix('TOKENTIDE_').lower()}; "
            "unset, everything stays in the home."
        )


def _split(text: str) -> SplitResult | None:
    try:
        url = urlsplit(text)
        return url if url.port is None or url.port else None
    except ValueError:
        return None


def _postgres(text: str, password: str | None) -> PostgresAddress:
    url = urlsplit(text)
    return PostgresAddress(
        url.hostname or "",
        url.port or POSTGRES_PORT,
        unquote(url.username or ""),
        url.path.strip("/"),
        tuple(parse_qsl(url.query)),
        password,
    )


def _folder(text: str, access: S3Access) -> S3Folder:
    url = urlsplit(text)
    return S3Folder(url.netloc, url.path.strip("/"), access)
