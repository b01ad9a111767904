"""Files of claims: read back as written, refused with a reason, never hiding one another."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboards.statements.comparison import BASES, Comparison, SavedClaim
from pipelines.claims.saved_claims import (
    MAX_BYTES,
    MAX_CLAIMS,
    as_toml,
    read_claim,
    read_claims,
    save_claim,
)
from pipelines.errors import BadClaim
from pipelines.settings import Settings

MONDAY = date(2026, 3, 2)
PRINTABLE = st.text(
    st.characters(exclude_categories=("C", "Z"), include_characters=" "), max_size=60
)
FILE = """
dimension = "country"
above = "CN"
below = "US"
first_week = 2026-03-02
last_week = 2026-03-16
"""


def claim(claim_id: str = "mine", **changes: object) -> SavedClaim:
    comparison = Comparison(
        dimension="country", above="CN", below="US", first_week=MONDAY, last_week=MONDAY
    )
    return SavedClaim(**{"claim_id": claim_id, "comparison": comparison, **changes})  # type: ignore[arg-type]


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


@settings(deadline=None)
@given(
    statement=PRINTABLE.filter(bool),
    said_by=st.none() | PRINTABLE,
    member=PRINTABLE.filter(lambda text: text not in {"", "unknown", "b"}),
    weeks=st.integers(0, 100),
    bases=st.lists(st.sampled_from(BASES), min_size=1, unique=True),
)
def test_a_claim_is_read_back_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory,
    statement: str,
    said_by: str | None,
    member: str,
    weeks: int,
    bases: list[str],
) -> None:
    """Its texts may have any letters."""
    comparison = Comparison(
        dimension="family",
        above=member,
        below="b",
        first_week=MONDAY,
        last_week=MONDAY + timedelta(weeks=weeks),
        bases=tuple(basis for basis in BASES if basis in bases),
        attribution="base_lab",
    )
    written = claim(
        comparison=comparison, statement=statement, said_by=said_by, said_on=date(2026, 4, 6)
    )
    path = tmp_path_factory.mktemp("claim") / "mine.toml"
    path.write_text(as_toml(written))
    assert read_claim(path) == written


def test_a_short_file_has_defaults(home: Settings) -> None:
    """All bases, the releasing lab, and the statement in words."""
    home.claims.mkdir(parents=True)
    (home.claims / "mine.toml").write_text(FILE)
    [found] = read_claims(home).claims
    assert (found.comparison.bases, found.comparison.attribution) == (BASES, "releasing_lab")
    assert found.text.startswith("Labs of China above labs of the United States in every week")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("above = ", "is no claim"),
        (FILE + 'sql = "select 1"', "sql: Extra inputs are not permitted"),
        ('dimension = "country"', "above: Field required"),
        (FILE.replace('"CN"', "3"), "above: Input should be a valid string"),
        (FILE.replace("2026-03-02", "2026-03-03"), "is no Monday"),
        (FILE.replace('"country"', '"planet"'), "There is no kind 'planet'"),
        (FILE + "bases = []", "bases: List should have at least 1 item"),
        (FILE + 'bases = ["top9", "world"]', "There is no basis"),
        (FILE + f"# {'x' * MAX_BYTES}", "has more than 16384 bytes"),
    ],
)
def test_a_file_that_is_no_claim_says_why(home: Settings, content: str, reason: str) -> None:
    """Claims beside it are read all the same."""
    save_claim(home, claim())
    (home.claims / "bad.toml").write_text(content)
    found = read_claims(home)
    assert [each.claim_id for each in found.claims] == ["mine"]
    [problem] = found.problems
    assert reason in problem
    assert "bad.toml" in problem


def test_a_file_whose_name_is_no_id_is_not_read(home: Settings) -> None:
    home.claims.mkdir(parents=True)
    (home.claims / "Not An Id.toml").write_text(FILE)
    assert read_claims(home).claims == ()


def test_a_claim_never_overwrites_another(home: Settings) -> None:
    save_claim(home, claim())
    with pytest.raises(BadClaim, match="There is a claim 'mine' already"):
        save_claim(home, claim(statement="Another one."))
    assert read_claims(home).find("mine") == claim(statement=claim().text)
    assert read_claims(home).find("other") is None


def test_a_home_keeps_a_bounded_number_of_claims(home: Settings) -> None:
    home.claims.mkdir(parents=True)
    for number in range(MAX_CLAIMS + 1):
        (home.claims / f"c-{number:03}.toml").write_text(FILE)
    found = read_claims(home)
    assert len(found.claims) == MAX_CLAIMS
    assert "only the first 200 are read" in found.problems[0]
    with pytest.raises(BadClaim, match="is full"):
        save_claim(home, claim())
