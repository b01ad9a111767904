"""Links of the documents lead somewhere, on disk and on the site."""

import posixpath
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml
from support.rules.documents import HtmlPage, anchors, documents, html_page, links
from support.rules.source_files import ROOT


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site as `make docs` does, and return its folder."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--site-dir", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def test_links_of_documents_lead_to_files_and_headings() -> None:
    """Links work on a forge and in an editor too."""
    wrong = []
    for document in documents():
        for place, link in links(document):
            path, _, anchor = link.partition("#")
            target = (document.parent / path).resolve() if path else document
            if not target.exists():
                wrong.append(f"{place}: {link} does not exist")
            elif anchor and anchor not in anchors(target):
                wrong.append(f"{place}: {link} has no such heading")
    assert not wrong, "\n" + "\n".join(wrong)


def test_links_of_the_site_lead_to_pages_and_anchors(site: Path) -> None:
    pages = {str(path.relative_to(site)): html_page(path) for path in site.rglob("*.html")}
    there = {".", *(str(path.relative_to(site)) for path in site.rglob("*"))}
    assert len(pages) > 40
    wrong = [
        f"{name}: {reference} leads nowhere"
        for name, page in pages.items()
        for reference in page.references
        if not leads_somewhere(reference, name, pages, there)
    ]
    assert not wrong, "\n" + "\n".join(sorted(wrong))


def leads_somewhere(reference: str, page: str, pages: dict[str, HtmlPage], there: set[str]) -> bool:
    """Tell whether a reference leads to the web, or to a file and an anchor that exist."""
    url = urlsplit(reference)
    if url.scheme or url.netloc:
        return True
    path = unquote(url.path)
    start = "" if path.startswith("/") else posixpath.dirname(page)
    target = posixpath.normpath(posixpath.join(start, path.lstrip("/"))) if path else page
    anchors = pages[target].anchors if target in pages else set()
    return target in there and (not url.fragment or url.fragment in anchors)


def test_the_site_fetches_nothing_from_elsewhere(site: Path) -> None:
    """No script, style or font of another server; a reader's visit stays between the two."""
    fetched = [
        f"{path.relative_to(site)}: {tag}"
        for path in site.rglob("*.html")
        for tag in path.read_text(encoding="utf-8").split("<")
        if tag.startswith(("script", "link", "img")) and ("http:" in tag or "https:" in tag)
    ]
    assert not fetched, "\n" + "\n".join(fetched)


def test_every_published_column_is_in_the_reference(site: Path) -> None:
    """Each table of warehouse/marts has its section, each of its columns a row."""
    for described in sorted((ROOT / "warehouse" / "marts").rglob("*.yml")):
        for table in yaml.safe_load(described.read_text(encoding="utf-8")).get("models", []):
            part = described.relative_to(ROOT / "warehouse" / "marts").parts[0]
            page = (site / "tables" / f"{part}.html").read_text(encoding="utf-8")
            name = table["name"].removeprefix("published_")
            _, _, section = page.partition(f'<h2 id="{name}">')
            section, _, _ = section.partition("<h2 ")
            for column in table["columns"]:
                assert f"<td><code>{column['name']}</code></td>" in section, (
                    f"{table['name']}.{column['name']} is not in tables/{part}.html"
                )
