"""Decisions are numbered without gaps, listed in order, and say what they cost."""

import re

from support.rules.source_files import ROOT

FOLDER = ROOT / "docs" / "decisions"
RECORDS = sorted(FOLDER.glob("[0-9]*.md"))


def test_records_are_numbered_without_gaps() -> None:
    """The number of the file is that of its title."""
    assert [int(path.name[:4]) for path in RECORDS] == list(range(1, len(RECORDS) + 1))
    for path in RECORDS:
        title, _, _ = path.read_text(encoding="utf-8").partition("\n")
        assert title.startswith(f"# {int(path.name[:4])}. "), path.name


def test_the_list_has_every_record_with_its_title() -> None:
    listed = re.findall(r"^- \[(.*)\]\((.*)\)$", (FOLDER / "README.md").read_text(), re.MULTILINE)
    expected = [
        (path.read_text().partition("\n")[0].removeprefix("# "), path.name) for path in RECORDS
    ]
    assert listed == expected


def test_new_records_say_what_they_cost() -> None:
    """The first records did not all name a cost; those since 0.2.0 do."""
    silent = [path.name for path in RECORDS[17:] if "What it costs: " not in path.read_text()]
    assert not silent
