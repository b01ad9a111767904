"""The list of tables names each published table once, under its part."""

import re

from support.rules.source_files import ROOT

LINK = re.compile(
    r"^\| \[(\w+)\]\(\.\./(warehouse/marts/(\w+)/[\w/]*?(\w+)\.sql)\) \|", re.MULTILINE
)
HEADINGS = {"market": "Market", "tier": "Tier", "joint": "Both", "meta": "Data and claims"}


def test_every_published_table_is_listed_once() -> None:
    listed = LINK.findall((ROOT / "docs/tables.md").read_text(encoding="utf-8"))
    published = {path.stem for path in (ROOT / "warehouse/marts").rglob("*.sql")}
    assert sorted(file for *_, file in listed) == sorted(published)
    # dbt's file for the table `meta` has another name.
    assert {name for name, *_ in listed} == published - {"published_meta"} | {"meta"}


def test_tables_stand_under_their_part() -> None:
    text = (ROOT / "docs/tables.md").read_text(encoding="utf-8")
    for part, heading in HEADINGS.items():
        _, _, section = text.partition(f"## {heading}\n")
        section, _, _ = section.partition("\n## ")
        assert {found for _, _, found, _ in LINK.findall(section)} == {part}
