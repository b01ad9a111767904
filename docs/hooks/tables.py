"""Hook of MkDocs: the reference of every published table and column, from dbt's own files."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

PARTS = {
    "market": "the market, as OpenRouter reports it",
    "tier": "the inference tier",
    "joint": "both together",
    "meta": "the data itself, and claims",
}
DOC = re.compile(r"\{\{\s*doc\(\s*['\"](\w+)['\"]\s*\)\s*\}\}")
BLOCK = re.compile(r"\{%-?\s*docs\s+(\w+)\s*-?%\}(.*?)\{%-?\s*enddocs\s*-?%\}", re.DOTALL)
TABLE_LINK = re.compile(r"\[(?P<table>\w+)\]\(\.\./warehouse/marts/(?P<part>\w+)/[\w/]*\.sql\)")
ALIAS = re.compile(r"config\([^)]*alias='(\w+)'")


@dataclass(frozen=True)
class Column:
    """A column of a published table."""

    name: str
    type: str
    description: str


@dataclass(frozen=True)
class Table:
    """A published table and the place of its SQL."""

    name: str
    part: str
    description: str
    sql: str
    columns: tuple[Column, ...]

    def markdown(self) -> str:
        """Return the section of the reference for this table."""
        rows = (f"| `{c.name}` | {c.type} | {cell(c.description)} |" for c in self.columns)
        return "\n".join(
            (
                f"## {self.name}",
                "",
                self.description,
                "",
                f"SQL: [{self.sql}](../../{self.sql})",
                "",
                "| column | type | meaning |",
                "| --- | --- | --- |",
                *rows,
                "",
            )
        )


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add a page for each part of the warehouse."""
    tables = list(published_tables(Path(config.config_file_path).parent))
    for part, about in PARTS.items():
        content = page(part, about, [table for table in tables if table.part == part])
        files.append(File.generated(config, f"tables/{part}.md", content=content))
    return files


def on_page_markdown(markdown: str, *, page: Page, **_: object) -> str:
    """Lead the names in the list of tables to their columns instead of to their SQL."""
    if page.file.src_uri != "tables.md":
        return markdown
    return TABLE_LINK.sub(r"[\g<table>](tables/\g<part>.md#\g<table>)", markdown)


def page(part: str, about: str, tables: list[Table]) -> str:
    """Return the page of a part."""
    intro = f"Every table of the schema `marts` about {about}, with its columns."
    sections = (table.markdown() for table in tables)
    return "\n".join((f"# Tables: {part}", "", intro, "", *sections))


def published_tables(root: Path) -> Iterator[Table]:
    """Yield every table of warehouse/marts, by name, as its `.yml` describes it."""
    blocks = doc_blocks(root / "warehouse")
    found = {name_of(path): path for path in (root / "warehouse" / "marts").rglob("*.sql")}
    for name, path in sorted(found.items()):
        described = yaml.safe_load(path.with_suffix(".yml").read_text("utf-8"))["models"][0]
        yield Table(
            name=name,
            part=path.relative_to(root / "warehouse" / "marts").parts[0],
            description=text(described["description"], blocks),
            sql=path.relative_to(root).as_posix(),
            columns=tuple(column(each, blocks) for each in described["columns"]),
        )


def name_of(sql: Path) -> str:
    """Return the published name of a table: that of its file, or the alias it gives."""
    alias = ALIAS.search(sql.read_text("utf-8"))
    return alias[1] if alias else sql.stem


def column(described: dict[str, Any], blocks: dict[str, str]) -> Column:
    """Return a column as its `.yml` describes it."""
    return Column(described["name"], described["data_type"], text(described["description"], blocks))


def doc_blocks(warehouse: Path) -> dict[str, str]:
    """Return dbt's doc blocks, the descriptions that several columns share, by name."""
    pages = (path.read_text("utf-8") for path in warehouse.rglob("*.md"))
    return {name: body.strip() for page in pages for name, body in BLOCK.findall(page)}


def text(description: str, blocks: dict[str, str]) -> str:
    """Return a description with dbt's doc blocks filled in, on one line."""
    return " ".join(DOC.sub(lambda found: blocks[found[1]], description).split())


def cell(description: str) -> str:
    """Return a description as a cell of a table in Markdown."""
    return description.replace("|", "\\|").replace("<", "&lt;")
