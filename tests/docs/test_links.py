"""Links of the documents lead somewhere, on disk and on the site."""

import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from support.documents import anchors, documents, html_page, links
from support.source_files import ROOT


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site as `make docs` does, and return its folder."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--site-dir", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def test_links_of_documents_lead_to_files_and_headings() -> None:
    """Whoever reads on a forge or in an editor reaches them."""
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
    pages = {path: html_page(path) for path in site.rglob("*.html")}
    assert len(pages) > 40
    wrong = []
    for path, page in pages.items():
        for reference in page.references:
            url = urlsplit(reference)
            if url.scheme or url.netloc:
                continue
            start = site if url.path.startswith("/") else path.parent
            target = (start / url.path.lstrip("/")).resolve() if url.path else path
            if not target.exists():
                wrong.append(f"{path.relative_to(site)}: {reference} does not exist")
            elif url.fragment and target in pages and url.fragment not in pages[target].anchors:
                wrong.append(f"{path.relative_to(site)}: {reference} has no such anchor")
    assert not wrong, "\n" + "\n".join(sorted(wrong))


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
    import yaml

    for described in sorted((ROOT / "warehouse" / "marts").rglob("*.yml")):
        for table in yaml.safe_load(described.read_text(encoding="utf-8")).get("models", []):
            part = described.relative_to(ROOT / "warehouse" / "marts").parts[0]
            page = (site / "tables" / f"{part}.html").read_text(encoding="utf-8")
            _, _, section = page.partition(f'<h2 id="{table["name"]}">')
            section, _, _ = section.partition("<h2 ")
            for column in table["columns"]:
                assert f"<td><code>{column['name']}</code></td>" in section, (
                    f"{table['name']}.{column['name']} is not in tables/{part}.html"
                )
