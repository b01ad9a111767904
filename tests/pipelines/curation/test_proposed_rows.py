"""Rows to add: from sources that agree, with their words; what differs stays unknown."""

from pathlib import Path

import pytest
from support.published import published

from pipelines.curation.proposed_rows import ProposedRows, propose_rows
from pipelines.errors import QueryFailed
from pipelines.settings import Settings

SQL = Path(__file__).with_name("curation.sql")


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> ProposedRows:
    settings = Settings(home=tmp_path_factory.mktemp("curation") / "home")
    return propose_rows(published(settings, SQL.read_text()).path)


def test_a_lab_without_a_row_gets_one_with_all_evidence(rows: ProposedRows) -> None:
    """All of its models have a repository, so its policy is open."""
    assert rows.labs[0] == {
        "author_slug": "new-lab",
        "lab": "New Lab",
        "country": "CN",
        "weights_policy": "open",
        "valid_from": "2020-01-01",
        "evidence": "ATOM: namespace new-lab: region china; Epoch: organisation New, Lab",
    }


def test_sources_that_differ_give_no_value(rows: ProposedRows) -> None:
    """The row has the words of both, for a person to decide."""
    row = rows.labs[1]
    assert (row["lab"], row["country"], row["weights_policy"]) == (
        "Disputed Inc.",
        "unknown",
        "mixed",
    )
    assert row["evidence"] == "ATOM: region us; Epoch: organisation Disputed"


def test_a_model_that_a_list_calls_open_is_proposed(rows: ProposedRows) -> None:
    [row] = rows.model_attribution
    assert (row["model_prefix"], row["weights"]) == ("new-lab/one-20260601", "open")
    assert row["evidence"].endswith("base model not looked up")


def test_what_nobody_says_anything_of_is_listed(rows: ProposedRows) -> None:
    assert [row["subject"] for row in rows.open_questions] == ["stealth", "stealth/x"]
    assert [row["subject"] for row in rows.disagreements] == ["known", "placed"]


def test_accounts_that_are_counted_and_not_placed_are_proposed(rows: ProposedRows) -> None:
    """The most downloaded come first; Europe is no country."""
    assert [(row["namespace"], row["country"]) for row in rows.hub_namespaces] == [
        ("a-european", "unknown"),
        ("new-account", "CN"),
    ]
    assert rows.hub_namespaces[1]["evidence"] == (
        "ATOM: region china (a remark); name of the lab not looked up"
    )


def test_a_file_of_an_older_version_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(QueryFailed, match="tokentide publish"):
        propose_rows(published(Settings(home=tmp_path / "home")).path)
