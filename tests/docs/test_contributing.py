"""Steps of CONTRIBUTING.md name files and folders that exist."""

import re

import pytest
from support.rules.source_files import ROOT

TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
PATHS = sorted(set(re.findall(r"`((?:\.ci|\w+)/[\w./<> ]*)`", TEXT)))
# Files that a reader of the steps adds; their folders must be there.
ADDED = re.compile(r"/[\w<> ]*(?:regions|top_hosts|<[\w ]+>)[\w<> ]*\.\w+$")
HEADINGS = ("Adding a source", "Adding a table", "Adding a claim", "Adding a chart")


@pytest.mark.parametrize("path", PATHS)
def test_named_files_exist(path: str) -> None:
    assert (ROOT / ADDED.sub("", path).replace("<page>", "market")).exists()


@pytest.mark.parametrize("heading", HEADINGS)
def test_each_recipe_names_its_files(heading: str) -> None:
    """Every step begins with the file that it is about."""
    _, _, section = TEXT.partition(f"## {heading}\n")
    section, _, _ = section.partition("\n## ")
    steps = re.findall(r"^\d+\. (.*)", section, re.MULTILINE)
    assert len(steps) >= 3
    named = [step for step in steps if re.match(r"`[\w/.<> ]+`", step)]
    assert len(named) >= len(steps) - 1
