"""Names of senders: the same one has the same pseudonym, and none shows unless it is asked for."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import BadConfig
from models.server.access.callers import KEY_FILE, NameKind, Pseudonyms, RequestSender, ShownNames

KEY = bytes(range(32))
KINDS: tuple[NameKind, ...] = ("caller", "team", "key")


@given(st.text(min_size=1), st.text(min_size=1))
def test_two_names_have_two_pseudonyms(one: str, other: str) -> None:
    """The same name has the same one, whatever text it is."""
    pseudonyms = Pseudonyms(KEY)
    assert (pseudonyms.hide("caller", one) == pseudonyms.hide("caller", other)) == (one == other)


def test_a_pseudonym_depends_on_the_key_and_on_what_is_named() -> None:
    """Nobody finds a name by trying, and a team is not its caller."""
    assert Pseudonyms(KEY).label("caller", "emma") == "caller-c84c5c478c83a48d"
    found = {Pseudonyms(KEY).label(kind, "emma") for kind in KINDS}
    found |= {Pseudonyms(bytes(32)).label(kind, "emma") for kind in KINDS}
    assert len(found) == 6


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ("none", (False, False, False)),
        ("teams", (False, True, False)),
        ("all", (True, True, True)),
    ],
)
def test_names_show_where_they_are_asked_for(
    shown: ShownNames, expected: tuple[bool, bool, bool]
) -> None:
    """Teams alone, or all."""
    pseudonyms = Pseudonyms(KEY, shown)
    assert tuple(pseudonyms.label(kind, " emma ") == "emma" for kind in KINDS) == expected


@pytest.mark.parametrize("text", ["x" * 129, "two\nlines"])
def test_what_is_no_name_never_shows(text: str) -> None:
    """A prompt in the place of a name does not get into a log."""
    label = Pseudonyms(KEY, "all").label("caller", text)
    assert label == Pseudonyms(KEY).label("caller", text)


def test_nobody_has_no_pseudonym() -> None:
    """An empty name is none."""
    pseudonyms = Pseudonyms(KEY)
    assert [pseudonyms.label("team", name) for name in (None, "", "  ")] == [None] * 3
    assert pseudonyms.read_sender({}) == RequestSender()


def test_the_key_of_a_home_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    """Servers that start at the same time agree on one."""
    home = tmp_path / "home"
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: Pseudonyms.of_home(home), range(16)))
    assert len({each.label("caller", "emma") for each in made}) == 1
    assert [path.name for path in home.iterdir()] == [KEY_FILE]
    assert stat.S_IMODE((home / KEY_FILE).stat().st_mode) == 0o600


def test_a_damaged_key_is_an_error(tmp_path: Path) -> None:
    """Another key in its place would make new pseudonyms in silence."""
    (tmp_path / KEY_FILE).write_bytes(b"short")
    with pytest.raises(BadConfig, match="not a key of 32 bytes"):
        Pseudonyms.of_home(tmp_path)


def test_a_home_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    """With the way out."""
    (tmp_path / "file").touch()
    with pytest.raises(BadConfig, match="writable folder"):
        Pseudonyms.of_home(tmp_path / "file" / "home")
