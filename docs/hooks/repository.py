"""Hook of MkDocs: files of the repository as pages of the site, and the links that lead to them.

Documents link to files beside them: a module, a table, a folder. On a forge such a link opens the
file. The site has no forge to link to, so it shows each linked file as a page below `source/`.
"""

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

# Pages of the site that lie outside docs/.
PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "security.md",
    "CODE_OF_CONDUCT.md": "code-of-conduct.md",
    "benchmarks/README.md": "benchmarks.md",
    "deploy/README.md": "deploy.md",
}
LANGUAGES = {".py": "python", ".sql": "sql", ".toml": "toml", ".yml": "yaml", ".yaml": "yaml"}
LINK = re.compile(r"(?P<text>!?\[[^\]]*\]\()(?P<path>[^)\s#]+)(?P<anchor>#[^)\s]*)?\)")
CODE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
HIDDEN = ("__", ".")


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pages outside docs/, and a page for each file that a document links to."""
    root = root_of(config)
    for source, uri in PAGES.items():
        files.append(File.generated(config, uri, content=(root / source).read_text("utf-8")))
    waiting = [file for file in files if file.src_uri.endswith(".md")]
    while waiting:
        file = waiting.pop()
        for target in sources_linked_in(file.content_string, source_of(file.src_uri), root):
            if files.get_file_from_path(page_of(target, root)) is None:
                added = source_page(target, config)
                files.append(added)
                waiting += [added] if target.endswith(".md") else []
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Rewrite links to files of the repository into links to the pages that show them."""
    root, uri = root_of(config), page.file.src_uri

    def rewrite(link: re.Match[str]) -> str:
        target = resolved(link["path"], source_of(uri))
        if target is None:
            return link[0]
        path = posixpath.relpath(page_of(target, root), posixpath.dirname(uri) or ".")
        return f"{link['text']}{path}{link['anchor'] or ''})"

    if uri.startswith("source/") and not source_of(uri).endswith(".md"):
        return markdown
    return LINK.sub(rewrite, markdown)


def root_of(config: MkDocsConfig) -> Path:
    """Return the root of the repository."""
    return Path(config.config_file_path).parent


def source_of(uri: str) -> str:
    """Return the path in the repository of the file that a page is made of."""
    for source, page in PAGES.items():
        if page == uri:
            return source
    return (
        uri.removeprefix("source/").removesuffix(".md")
        if uri.startswith("source/")
        else f"docs/{uri}"
    )


def page_of(source: str, root: Path) -> str:
    """Return the page of the site that shows a file or a folder of the repository."""
    if source in PAGES:
        return PAGES[source]
    if source.startswith("docs/"):
        inside = source.removeprefix("docs/")
        return f"{inside}/README.md" if (root / source).is_dir() else inside
    # MkDocs leaves out files whose names begin with a dot.
    shown = source.replace("/.", "/").lstrip(".")
    return f"source/{shown}/index.md" if (root / source).is_dir() else f"source/{shown}.md"


def resolved(link: str, source: str) -> str | None:
    """Return the path in the repository that a link leads to, or None for an address of the web."""
    if re.match(r"[a-z]+:", link):
        return None
    return posixpath.normpath(posixpath.join(posixpath.dirname(source), link))


def sources_linked_in(markdown: str, source: str, root: Path) -> Iterator[str]:
    """Yield the files and folders outside docs/ that a document links to."""
    for link in LINK.finditer(CODE.sub("", markdown)):
        target = resolved(link["path"], source)
        if (
            target
            and target not in PAGES
            and not target.startswith("docs/")
            and (root / target).exists()
        ):
            yield target


def source_page(source: str, config: MkDocsConfig) -> File:
    """Return the page that shows a file or a folder."""
    path = root_of(config) / source
    if path.is_dir():
        names = sorted(f"{child.name}{'/' * child.is_dir()}" for child in path.iterdir())
        listed = "\n".join(f"- `{name}`" for name in names if not name.startswith(HIDDEN))
        content = f"# {source}/\n\n{listed}\n"
    elif path.suffix == ".md":
        content = path.read_text("utf-8")
    else:
        text = path.read_text("utf-8").rstrip("\n")
        content = f"# {source}\n\n~~~~{LANGUAGES.get(path.suffix, 'text')}\n{text}\n~~~~\n"
    return File.generated(config, page_of(source, root_of(config)), content=content)
