"""Settings from the environment and `.env`, and the messages about those that cannot be used."""

from dataclasses import FrozenInstanceError
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from pipelines.errors import BadSetting
from pipelines.settings import ADDRESSES, DAYS, KNOWN, OPENROUTER_URL, Settings, read_settings

KEY = "sk-or-v1-0123456789abcdef"
NO_FILE = Path("/nonexistent/.env")


def read(**env: str) -> Settings:
    """Read settings from this environment alone."""
    return read_settings(env=env, dotenv=NO_FILE)


def problems(**env: str) -> str:
    """Return the message about settings that cannot be used."""
    with pytest.raises(BadSetting) as caught:
        read(**env)
    return str(caught.value)


@pytest.fixture
def dotenv(tmp_path: Path) -> Path:
    """Return the path of a file to write settings to."""
    return tmp_path / ".env"


def test_nothing_needs_to_be_set() -> None:
    """Only the key has no default. Paths are absolute, so that a later chdir changes none."""
    settings = read()
    assert settings.home == Path.cwd() / "var"
    assert settings.openrouter_url == "https://openrouter.ai/api/v1"
    assert settings.openrouter_key is None
    assert settings.tier == Path.cwd() / "tier.toml"
    assert settings.alerts == Path.cwd() / "alerts.toml"
    assert settings.recordings is None
    assert not Settings(home=Path("/h")).alerts.exists()


def test_the_home_holds_everything() -> None:
    """The archive, the warehouse, generations, the request quota and Dagster's state."""
    settings = read(TOKENTIDE_HOME="/srv/tide")
    assert settings.archive == Path("/srv/tide/raw")
    assert settings.warehouse == Path("/srv/tide/warehouse.duckdb")
    assert settings.published == Path("/srv/tide/published")
    assert settings.requests == Path("/srv/tide/requests.sqlite")
    assert settings.dagster == Path("/srv/tide/dagster")


def test_all_variables_are_kept_and_never_shown(dotenv: Path) -> None:
    """The tier file names variables that hold secrets; the environment wins over `.env`."""
    dotenv.write_text("TIER_TOKEN=from-file\nOTHER_TOKEN=s3cret\n")
    settings = read_settings(env={"TIER_TOKEN": "from-environment"}, dotenv=dotenv)
    assert settings.variables["TIER_TOKEN"] == "from-environment"
    assert settings.variables["OTHER_TOKEN"] == "s3cret"
    assert "s3cret" not in repr(settings)


def test_an_unknown_name_is_an_error() -> None:
    assert (
        problems(TOKENTIDE_HOEM="x")
        == "TOKENTIDE_HOEM is not a setting; .env.example lists them all."
    )
    assert read(HOME="x", OPENROUTER_BASE_URL="y", tokentide_home="z").home == Path.cwd() / "var"


def test_an_unknown_name_in_dotenv_is_an_error_too(dotenv: Path) -> None:
    dotenv.write_text("TOKENTIDE_HOEM=x\n")
    with pytest.raises(BadSetting, match="TOKENTIDE_HOEM is not a setting"):
        read_settings(env={}, dotenv=dotenv)


def test_all_problems_are_reported_together(tmp_path: Path) -> None:
    message = problems(
        TOKENTIDE_B="1",
        TOKENTIDE_A="2",
        TOKENTIDE_OPENROUTER_URL="ftp://openrouter.ai",
        OPENROUTER_API_KEY="two words",
        TOKENTIDE_RECORDINGS=str(tmp_path / "absent"),
    )
    assert message.splitlines() == [
        "TOKENTIDE_A is not a setting; .env.example lists them all.",
        "TOKENTIDE_B is not a setting; .env.example lists them all.",
        "TOKENTIDE_OPENROUTER_URL must be an http or https address, such as https://openrouter.ai/api/v1.",
        "OPENROUTER_API_KEY holds characters that no key has; copy it again.",
        "TOKENTIDE_RECORDINGS names a folder that does not exist.",
    ]


def test_dotenv_is_read_and_the_environment_wins(dotenv: Path, tmp_path: Path) -> None:
    """`.env` counts where the environment sets nothing."""
    dotenv.write_text(
        f'OPENROUTER_API_KEY="{KEY}"\n'
        f"export TOKENTIDE_HOME={tmp_path}/from-file\n"
        "TOKENTIDE_TIER=other.toml\n"
    )
    settings = read_settings(env={"TOKENTIDE_HOME": f"{tmp_path}/from-environment"}, dotenv=dotenv)
    assert settings.openrouter_key == KEY
    assert settings.home == tmp_path / "from-environment"
    assert settings.tier == Path.cwd() / "other.toml"


def test_a_blank_key_in_the_environment_overrides_that_of_dotenv(dotenv: Path) -> None:
    dotenv.write_text(f"OPENROUTER_API_KEY={KEY}\n")
    assert read_settings(env={"OPENROUTER_API_KEY": ""}, dotenv=dotenv).openrouter_key is None


@pytest.mark.parametrize("blank", ["", " ", "\t\n"])
def test_a_blank_key_is_no_key(blank: str) -> None:
    assert read(OPENROUTER_API_KEY=blank).openrouter_key is None


def test_blanks_around_a_key_are_removed() -> None:
    assert read(OPENROUTER_API_KEY=f"  {KEY}\n").openrouter_key == KEY


@pytest.mark.parametrize("key", ["sk or v1", "sk-or\nv1", "sk-or-\x00", "schlüssel", "sk-…"])
def test_a_key_that_no_header_can_carry_is_refused_without_repeating_it(key: str) -> None:
    """A badly copied key is found before the first request. The message does not hold it."""
    message = problems(OPENROUTER_API_KEY=key)
    assert message == "OPENROUTER_API_KEY holds characters that no key has; copy it again."


@pytest.mark.parametrize(
    "name",
    [
        "TOKENTIDE_HOME",
        "TOKENTIDE_OPENROUTER_URL",
        "TOKENTIDE_TIER",
        "TOKENTIDE_TELEMETRY_DAYS",
        "TOKENTIDE_RUN_DAYS",
        "TOKENTIDE_PUBLISHED_MINUTE_DAYS",
        "TOKENTIDE_RECORDINGS",
    ],
)
def test_an_empty_setting_is_its_default(name: str) -> None:
    """An empty line of `.env` means the default."""
    assert read(**{name: ""}) == read()


def test_every_known_name_is_accepted(tmp_path: Path) -> None:
    """Each of them reaches its field."""
    settings = read(
        TOKENTIDE_HOME="/h",
        TOKENTIDE_OPENROUTER_URL="http://127.0.0.1:8321/api/v1",
        **{name: f"http://h:{port}/" for port, name in enumerate(ADDRESSES) if port},
        TOKENTIDE_TIER="/t.toml",
        TOKENTIDE_ALERTS="/a.toml",
        **dict(zip(DAYS, ("7", "400", "5"), strict=True)),
        TOKENTIDE_DASHBOARD_SECRET="correct horse battery",
        **dict.fromkeys(("TOKENTIDE_API_KEY", "TOKENTIDE_RECEIVE_KEY"), "sk-ours"),
        TOKENTIDE_FRAME_ANCESTORS="https://grafana.example.org",
        TOKENTIDE_RECORDINGS=str(tmp_path),
        TOKENTIDE_LAKE="postgresql://u@h/lake s3://bucket/lake",
        TOKENTIDE_SPOOL="s3://bucket/spool",
        TOKENTIDE_PUBLISHED="s3://bucket/published",
        **dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "key"),
    )
    assert (len(KNOWN), settings.price_archive_url) == (20, "http://h:1")
    assert list(settings.services.folders) == ["lake", "spool", "published"]
    others = (settings.arena_url, settings.epoch_url, settings.hub_url, settings.models_dev_url)
    assert [url[-1] for url in others] == ["2", "3", "4", "5"]
    assert settings.frame_ancestors == ("https://grafana.example.org",)
    days = (settings.telemetry_days, settings.published_minute_days, settings.run_days)
    assert days == (7, 400, 5)
    assert settings.dashboard_secret == "correct horse battery"
    assert settings.tier_key == "sk-ours" not in repr(settings)
    assert (settings.home, settings.openrouter_url) == (Path("/h"), "http://127.0.0.1:8321/api/v1")
    files = (settings.tier, settings.alerts, settings.recordings)
    assert files == (Path("/t.toml"), Path("/a.toml"), tmp_path)


def test_the_key_is_in_no_representation() -> None:
    """Neither text nor repr of the settings holds the key, so no log line can."""
    settings = read(OPENROUTER_API_KEY=KEY)
    assert KEY not in repr(settings) + str(settings) + f"{settings}"
    assert "openrouter_key" not in repr(settings)


def test_settings_cannot_be_changed() -> None:
    """They are read once, and stay as they are."""
    with pytest.raises(FrozenInstanceError):
        read().home = Path("/elsewhere")  # type: ignore[misc]


@pytest.mark.parametrize(
    "url",
    [
        "openrouter.ai/api/v1",
        "ftp://openrouter.ai",
        "https://",
        "file:///etc/passwd",
        "http://[::1",
        "http://host:abc",
        "http://h?x=1",
    ],
)
def test_a_bad_address_is_refused(url: str) -> None:
    """Only a complete http or https address can receive requests."""
    assert problems(TOKENTIDE_OPENROUTER_URL=url) == (
        "TOKENTIDE_OPENROUTER_URL must be an http or https address, such as https://openrouter.ai/api/v1."
    )


@pytest.mark.parametrize(
    "url",
    [
        "https://user:geheim@openrouter.ai/api/v1",
        "https://geheim@openrouter.ai",
        "https://:geheim@openrouter.ai",
    ],
)
def test_an_address_with_a_password_is_refused_without_repeating_it(url: str) -> None:
    """Addresses are archived and logged, so none may carry a secret."""
    assert problems(TOKENTIDE_OPENROUTER_URL=url) == (
        "TOKENTIDE_OPENROUTER_URL must not carry a password; put the key into OPENROUTER_API_KEY."
    )


def test_a_slash_at_the_end_of_the_address_is_dropped() -> None:
    """Paths are appended with their own slash."""
    assert read(TOKENTIDE_OPENROUTER_URL=f"{OPENROUTER_URL}/").openrouter_url == OPENROUTER_URL


def test_pages_that_may_frame_the_dashboard_are_origins() -> None:
    """Separated by commas or blanks; none by default."""
    given = "https://grafana.example.org, http://localhost:3000 https://*.example.org"
    assert read().frame_ancestors == ()
    assert read(TOKENTIDE_FRAME_ANCESTORS=given).frame_ancestors == (
        "https://grafana.example.org",
        "http://localhost:3000",
        "https://*.example.org",
    )


@pytest.mark.parametrize(
    "origin",
    [
        "*",
        "grafana.example.org",
        "https://a.example/x",
        "https://a;script-src",
        "'self'",
        "https:*",
    ],
)
def test_a_page_that_is_no_origin_is_refused(origin: str) -> None:
    """It stands in a header, so nothing else may get into it."""
    assert problems(TOKENTIDE_FRAME_ANCESTORS=origin) == (
        "TOKENTIDE_FRAME_ANCESTORS must be origins such as https://grafana.example.org, "
        f"separated by commas; {origin!r} is none."
    )


@hypothesis_settings(deadline=None, derandomize=True, max_examples=200)
@given(
    text=st.text(max_size=30) | st.text("htps:/*.;'\n -a1[]", max_size=30).map("http://".__add__)
)
def test_no_setting_ends_the_policy_of_frames(text: str) -> None:
    """The header keeps its other directives, whatever is set."""
    try:
        origins = read(TOKENTIDE_FRAME_ANCESTORS=text).frame_ancestors
    except BadSetting:
        return
    assert not set(";,'\" \n") & set("".join(origins))
    assert all(origin.startswith("http") for origin in origins)


@hypothesis_settings(deadline=None, derandomize=True, max_examples=100)
@given(
    name=st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789", max_size=20), value=st.text(max_size=5)
)
def test_a_name_of_ours_is_known_or_refused(name: str, value: str) -> None:
    """No misspelt setting goes unnoticed."""
    full = f"TOKENTIDE_{name}"
    if full not in KNOWN:
        assert f"{full} is not a setting" in problems(**{full: value})


@hypothesis_settings(deadline=None, derandomize=True, max_examples=200)
@given(url=st.text(max_size=30) | st.text("htps:/[]@.?#% 1a\\", max_size=20).map("http://".__add__))
def test_any_address_is_read_or_refused(url: str) -> None:
    """The result is an address that can receive requests, or a message that a person can act on."""
    try:
        address = read(TOKENTIDE_OPENROUTER_URL=url).openrouter_url
    except BadSetting as error:
        message = str(error)
    else:
        message = "TOKENTIDE_OPENROUTER_URL must be good"
        assert httpx.Request("GET", f"{address}/models").url.path.endswith("/models")
    assert message.startswith("TOKENTIDE_OPENROUTER_URL must")
