"""Pseudonyms of a home are those of its servers."""

from pathlib import Path

import pytest

from models.server.access.callers import KEY_FILE, Pseudonyms
from pipelines.errors import BadSetting
from pipelines.pseudonyms import read_pseudonyms
from pipelines.settings import Settings


def test_a_home_has_one_key(tmp_path: Path) -> None:
    """A server and a spend log give the same person the same pseudonym."""
    expected = Pseudonyms.of_home(tmp_path).label("caller", "emma")
    assert read_pseudonyms(Settings(tmp_path)).label("caller", "emma") == expected


def test_a_damaged_key_is_an_error_of_the_command(tmp_path: Path) -> None:
    """With what to do."""
    (tmp_path / KEY_FILE).write_bytes(b"")
    with pytest.raises(BadSetting, match="Restore it"):
        read_pseudonyms(Settings(tmp_path))
