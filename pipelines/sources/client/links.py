"""Lists in pages: the next page that a `Link` header names, on the same host and nowhere else."""

import re
from urllib.parse import urljoin, urlsplit

import httpx

from pipelines.archive import Answer
from pipelines.errors import BadAnswer

MAX_LINK = 4096
NEXT = re.compile(r'<([^<>]{1,4000})>\s*;\s*rel="?next"?(?:\s*[,;]|\s*$)')


def link_of(response: httpx.Response) -> str | None:
    """Return the header of a response, None where it is missing or longer than any list needs."""
    link: str | None = response.headers.get("Link")
    return link if link and len(link) <= MAX_LINK else None


def next_path(base: str, answer: Answer) -> str | None:
    """Return the path, with its query, of the page after this one; None after the last.

    Raise BadAnswer where the link leaves the host that was asked, or its scheme or port.
    """
    found = NEXT.search(answer.link or "")
    if found is None:
        return None
    target: str = urljoin(answer.url, found.group(1))
    if not target.startswith(f"{base}/"):
        raise BadAnswer(
            f"The next page is said to be at {urlsplit(target).netloc or 'no host'}, "
            f"not at {base}; it was not asked."
        )
    return target.removeprefix(base)
