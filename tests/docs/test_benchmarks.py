"""A figure in the texts on benchmarks has a source: a table made from results, or a day."""

import re
from pathlib import Path

import pytest
from support.rules.source_files import ROOT

# A number with the unit of something measured.
FIGURE = re.compile(r"\d[\d.,]*\s?(?:%|(?:CPU s|s|ms|µs|MB|MiB|GB|tok/s|times)\b)")
DAY = re.compile(r"\b20\d\d-\d\d-\d\d\b")
MADE = re.compile(r"^<!-- table .*?^<!-- end of table -->$", re.MULTILINE | re.DOTALL)
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
MEASURED = re.compile(
    r"\b(?:took|was measured|were measured|faster|slower|times as (?:fast|slow|much|many)|tok/s)\b"
)
# They describe how figures are made, and have none.
METHOD = ("How to run", "What is compared")


def without_source(text: str) -> list[str]:
    """Return the paragraphs and rows that have a figure, but neither a day nor a result file."""
    wrong = []
    for section in re.split(r"^## ", FENCED.sub("", MADE.sub("", text)), flags=re.MULTILINE):
        heading, _, body = section.partition("\n")
        if heading in METHOD:
            body = "\n\n".join(re.findall(r"^\|.*$", body, re.MULTILINE))
        for paragraph in re.split(r"\n\s*\n|\n(?=\|)", body):
            is_row = paragraph.lstrip().startswith("|")
            if FIGURE.search(paragraph) and (is_row or not DAY.search(paragraph)):
                wrong.append(paragraph.strip())
    return wrong


def test_every_figure_of_the_benchmarks_has_a_source() -> None:
    """A row of a table is made from results; a sentence may state its day instead."""
    assert without_source((ROOT / "benchmarks/README.md").read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("page", sorted(ROOT.glob("docs/*.md")), ids=lambda page: page.stem)
def test_every_measured_figure_of_the_pages_has_a_day(page: Path) -> None:
    """Limits and settings are no measurements; what a page says that something took is one."""
    text = page.read_text(encoding="utf-8")
    assert [each for each in without_source(text) if MEASURED.search(each)] == []


def test_the_figures_of_the_first_page_are_made_from_results() -> None:
    """Its sentences have none without a day either."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = [line for line in MADE.sub("", text).splitlines() if line.startswith("|")]
    assert not [row for row in rows if FIGURE.search(row) or "measured" in row]
    assert without_source(text) == []


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("A build takes 133 s.", 1),
        ("A build took 133 s on 2026-11-25.", 0),
        ("It is 18.6 times as fast.\n\nOn 2026-11-25 it took 5 ms.", 1),
        ("| build | 133 s |\n| --- | --- |\n| on 2026-11-25 | 5 MB |", 2),
        ("## How to run\nA turn above 20 % is repeated.\n\n| a | 5 ms |", 1),
        ("```\n5 ms\n```\nAll 81 tables.", 0),
        ("<!-- table a: made by x -->\n| 5 ms |\n<!-- end of table -->", 0),
    ],
)
def test_a_figure_without_source_is_found(text: str, wrong: int) -> None:
    assert len(without_source(f"# Benchmarks\n\n{text}")) == wrong
