"""Addresses of Postgres and S3: what is set, what is wrong with it, and that no secret is shown."""

from pathlib import Path

import pytest

from pipelines.errors import BadSetting
from pipelines.services.addresses import Services
from pipelines.settings import Settings, read_settings

KEYS = {"AWS_ACCESS_KEY_ID": "the-key-id", "AWS_SECRET_ACCESS_KEY": "the-secret-key"}
LAKE = "postgresql://tide@db.example.org/lake s3://bucket/lake"


def read(**env: str) -> Settings:
    """Read settings from this environment alone."""
    return read_settings(env=env, dotenv=Path("/nonexistent/.env"))


def problems(**env: str) -> list[str]:
    """Return what is wrong, a line each."""
    with pytest.raises(BadSetting) as caught:
        read(**env)
    return str(caught.value).splitlines()


def test_unset_is_the_embedded_form() -> None:
    """Keys of S3 that a host has for something else change nothing."""
    assert read(**KEYS, AWS_ENDPOINT_URL="nonsense").services == Services()


def test_a_lake_is_a_postgres_and_a_folder() -> None:
    services = read(TOKENTIDE_LAKE=LAKE, PGPASSWORD="the-password", **KEYS).services
    assert services.lake
    catalog, data = services.lake.catalog, services.lake.data
    assert catalog.shown == "postgresql://tide@db.example.org:5432/lake"
    assert (data.url, data.access.host, data.access.is_secure) == ("s3://bucket/lake/", None, True)
    assert list(services.folders) == ["lake"]


def test_another_store_and_options_of_postgres() -> None:
    services = read(
        TOKENTIDE_LAKE=(
            "postgresql://tide@[::1]:6432/lake?sslmode=verify-full&sslrootcert=/ca.pem s3://b00/x/y"
        ),
        TOKENTIDE_SPOOL="s3://b00/spool",
        TOKENTIDE_PUBLISHED="s3://b00/published/",
        AWS_ENDPOINT_URL="http://10.0.0.1:8333/",
        AWS_REGION="eu-1",
        **KEYS,
    ).services
    assert services.lake
    assert services.lake.catalog.host == "::1"
    assert dict(services.lake.catalog.options) == {
        "sslmode": "verify-full",
        "sslrootcert": "/ca.pem",
    }
    access = services.lake.data.access
    assert (access.host, access.is_secure, access.region) == ("10.0.0.1:8333", False, "eu-1")
    assert {name: folder.url for name, folder in services.folders.items()} == {
        "lake": "s3://b00/x/y/",
        "spool": "s3://b00/spool/",
        "published": "s3://b00/published/",
    }


def test_no_secret_is_shown() -> None:
    """Neither of a setting that is right nor of one that is wrong."""
    settings = read(TOKENTIDE_LAKE=LAKE, PGPASSWORD="the-password", **KEYS)
    for secret in ("the-password", "the-secret-key", "the-key-id"):
        assert secret not in repr(settings)
    wrong = problems(
        TOKENTIDE_LAKE="postgresql://tide:the-password@db/lake s3://bucket/lake", **KEYS
    )
    assert wrong == ["TOKENTIDE_LAKE must not carry a password; put it into PGPASSWORD."]


@pytest.mark.parametrize(
    ("name", "value", "part"),
    [
        ("TOKENTIDE_LAKE", "postgresql://t@db/lake", "a Postgres and a folder of S3"),
        ("TOKENTIDE_LAKE", "mysql://t@db/lake s3://bucket/lake", "the address of a Postgres"),
        ("TOKENTIDE_LAKE", "postgresql://db/lake s3://bucket/lake", "a user and a database"),
        ("TOKENTIDE_LAKE", "postgresql://t@db s3://bucket/lake", "a user and a database"),
        ("TOKENTIDE_LAKE", "postgresql://t@db:x/lake s3://bucket/lake", "the address of a Postgr"),
        ("TOKENTIDE_LAKE", "postgresql://t@db/lake?password=x s3://bucket/lake", "not 'password'"),
        ("TOKENTIDE_LAKE", "postgresql://t@db/lake s3://bucket", "a bucket and a folder"),
        ("TOKENTIDE_SPOOL", "/var/spool", "s3://bucket/spool"),
        ("TOKENTIDE_SPOOL", "s3://b/x", "a bucket and a folder"),
        ("TOKENTIDE_PUBLISHED", "s3://bucket/a/../b", "a bucket and a folder"),
        ("AWS_ENDPOINT_URL", "s3.example.org", "the address of an S3 store"),
    ],
)
def test_what_is_wrong_is_said_with_an_example(name: str, value: str, part: str) -> None:
    given = {"TOKENTIDE_LAKE": LAKE, **KEYS, name: value}
    [line] = problems(**given)
    assert line.startswith(name)
    assert part in line


def test_missing_keys_are_named_together() -> None:
    assert problems(TOKENTIDE_SPOOL="s3://bucket/spool") == [
        "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY must be set in the environment or .env: "
        "S3 needs a key."
    ]
