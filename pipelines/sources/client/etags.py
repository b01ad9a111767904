"""ETags of good answers, so that a source may be asked whether anything changed."""

from typing import NamedTuple

from pipelines.state_database import StateDatabase


class KnownAnswer(NamedTuple):
    """The newest good answer of a URL: its ETag, and the SHA-256 of its bytes in the archive."""

    etag: str
    sha256: str


class EtagStore(StateDatabase):
    """ETags by URL."""

    COST = ", which costs a few needless requests"
    SCHEMA = "create table if not exists etags (url text primary key, etag text, sha256 text)"

    def find(self, url: str) -> KnownAnswer | None:
        """Return the newest good answer of this URL."""
        with self.open() as con:
            found = con.execute("select etag, sha256 from etags where url = ?", (url,)).fetchone()
        return KnownAnswer(*found) if found else None

    def remember(self, url: str, etag: str, sha256: str) -> None:
        """Keep the ETag of a good answer; the next request for this URL is conditional."""
        with self.open() as con:
            con.execute("insert or replace into etags values (?, ?, ?)", (url, etag, sha256))
