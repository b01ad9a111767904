"""Addresses of sources: all of them are the simulator's where the market is simulated."""

from pathlib import Path

import pytest

from pipelines.settings import ADDRESS_FIELDS, Settings, at_simulator, read_settings
from pipelines.supervision.product import make_environment

MARKET, HOST, KEY = "http://127.0.0.1:8321/api/v1", "http://127.0.0.1:8321", "sk-or-simulated"


def read(tmp_path: Path, **environment: str) -> Settings:
    return read_settings({"TOKENTIDE_HOME": str(tmp_path / "home"), **environment})


@pytest.mark.parametrize("is_named", [True, False])
def test_archives_stand_beside_the_market_that_is_asked(tmp_path: Path, is_named: bool) -> None:
    """Real and simulated figures never mix, whichever way the simulator was chosen."""
    if is_named:
        settings = read(tmp_path, TOKENTIDE_OPENROUTER_URL=MARKET)
    else:
        settings = at_simulator(read(tmp_path), MARKET, KEY)
    addresses = {name: getattr(settings, field) for name, field in ADDRESS_FIELDS.items()}
    assert addresses.pop("TOKENTIDE_OPENROUTER_URL") == MARKET
    assert {*addresses.values()} == {HOST}


def test_a_simulated_market_has_a_separate_home(tmp_path: Path) -> None:
    settings = read(tmp_path)
    assert at_simulator(settings, MARKET, KEY).home == settings.home / "simulated"


def test_every_process_is_given_every_address(tmp_path: Path) -> None:
    settings = at_simulator(read(tmp_path), MARKET, KEY)
    environment = make_environment(settings)
    given = {name: environment[name] for name in ADDRESS_FIELDS}
    assert given == {name: getattr(settings, field) for name, field in ADDRESS_FIELDS.items()}
