"""The raw archive: every answer of every source, verbatim, kept before anything parses it.

    raw/bodies/ab/abcdef….zst     bytes, compressed and named by their SHA-256: stored once
    raw/answers/2026-06-19.jsonl  one line an answer: what was asked, when, and what came back
    raw/origin                    `real` or `simulated`: a home holds one of them, never both

Everything after the archive can be made again from it. It never holds a key: requests are kept
without their headers, and a body that repeats the key is kept with the key struck out.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from zlib import crc32

import zstandard

from pipelines.errors import DamagedBody, MixedOrigins
from pipelines.files import (
    append_durably,
    claim_durably,
    remove_unfinished,
    write_durably,
)

REDACTED = b"[key]"
CUT = "it was cut short, as by a crash"
DIGEST = re.compile(r"[0-9a-f]{64}")
RESTORE = "Restore it from a copy of the archive; the same bytes fetched again heal it too."


@dataclass(frozen=True)
class Answer:
    """The HTTP response to one request, and its origin.

    The bytes lie in the archive under `sha256`.
    """

    source: str
    url: str
    fetched_at: datetime
    status: int
    bytes: int
    sha256: str
    run_id: str
    params: dict[str, str] = field(default_factory=dict)
    origin: str = "real"
    etag: str | None = None
    # The fault of a transfer, such as a body that was cut off; such an answer is kept, never
    # parsed.
    error: str | None = None
    # The `Link` header of a list in pages, which names the next one.
    link: str | None = None
    # Facts that the source gives elsewhere: an export's manifest holds its date and instant.
    context: dict[str, str] = field(default_factory=dict)

    @property
    def answer_id(self) -> str:
        """Unique and sortable by time."""
        asked = sha256(f"{self.source} {self.url}".encode()).hexdigest()[:8]
        return f"{self.fetched_at:%Y%m%dT%H%M%S%f}-{asked}-{self.sha256[:8]}"


@dataclass(frozen=True)
class BadLine:
    """A line of a log that names no answer: its file, its number there, its hash, and why."""

    log: str
    number: int
    sha256: str
    reason: str

    @property
    def is_cut(self) -> bool:
        """True where a crash cut the line short: its answer was never confirmed to anybody."""
        return self.reason == CUT


@dataclass(frozen=True)
class LogPart:
    """Answers of one day's log, oldest first, and the position (bytes) at which reading ended."""

    name: str
    answers: list[Answer]
    end: int
    bad_lines: Sequence[BadLine] = ()


class Archive:
    """Answers on disk. Several processes may keep answers at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, answer: Answer, body: bytes) -> Answer:
        """Store an answer durably and return it with its size and hash.

        The same bytes are stored once; where they were damaged since, they are whole again.
        """
        answer = replace(answer, bytes=len(body), sha256=sha256(body).hexdigest())
        self._claim(answer.origin)
        if not self.has(answer.sha256):
            packed = zstandard.ZstdCompressor(level=3).compress(body)
            write_durably(self.body_path(answer.sha256), packed)
        self.note(answer)
        return answer

    def note(self, answer: Answer) -> None:
        """Append an answer whose bytes are here already, such as a 304, to its day's log."""
        line = {name: value for name, value in asdict(answer).items() if value not in (None, {})}
        line["fetched_at"] = answer.fetched_at.isoformat()
        line["check"] = _check(line)
        append_durably(
            self.folder / "answers" / f"{answer.fetched_at:%Y-%m-%d}.jsonl", json.dumps(line)
        )

    def read(self, digest: str) -> bytes:
        """Return the bytes with this SHA-256. Raise DamagedBody where they are not here, whole."""
        path = self.body_path(digest)
        # Without the home's own path, which has no place in published tables.
        name = path.relative_to(self.folder.parent)
        try:
            body = zstandard.ZstdDecompressor().decompress(path.read_bytes())
        except FileNotFoundError as error:
            raise DamagedBody(f"{name} is missing. {RESTORE}") from error
        except (OSError, zstandard.ZstdError) as error:
            words = error.strerror if isinstance(error, OSError) else error
            raise DamagedBody(f"{name} cannot be read ({words}). {RESTORE}") from error
        if sha256(body).hexdigest() != digest:
            raise DamagedBody(f"{name} does not hold the bytes that its name promises. {RESTORE}")
        return body

    def has(self, digest: str) -> bool:
        """Return True if the bytes with this SHA-256 are here, whole."""
        try:
            self.read(digest)
        except DamagedBody:
            return False
        return True

    def size(self, digest: str) -> int:
        """Return how many bytes the archive takes for this SHA-256; 0 if it is not here."""
        path = self.body_path(digest)
        return path.stat().st_size if path.exists() else 0

    def remove_unfinished(self) -> None:
        """Remove bodies that processes were writing as they were killed."""
        remove_unfinished(self.folder / "bodies", "*")

    def answers(self) -> Iterator[Answer]:
        """Yield every answer, oldest first."""
        for part in self.log_parts({}):
            yield from part.answers

    def bad_lines(self) -> list[BadLine]:
        """Return the lines of all logs that name no answer."""
        return [line for part in self.log_parts({}) for line in part.bad_lines]

    def log_parts(self, positions: Mapping[str, int]) -> Iterator["LogPart"]:
        """Yield the rest of each day's log from its position (bytes read before), oldest day first.

        A log that is shorter than its position was replaced, by that of a copy of the archive, and
        is read from its beginning.
        """
        for log in sorted((self.folder / "answers").glob("*.jsonl")):
            start, size = positions.get(log.name, 0), log.stat().st_size
            if start != size:
                yield _read_part(log, start if start < size else 0)

    @property
    def origin(self) -> str | None:
        """`real` or `simulated`, or None while the archive is empty.

        A loss of power may leave the file without its word; the oldest answer then says it.
        """
        if not (self.folder / "origin").exists():
            return None
        return self._noted_origin or next((each.origin for each in self.answers()), None)

    @property
    def _noted_origin(self) -> str | None:
        noted = (self.folder / "origin").read_bytes().strip()
        return noted.decode() if noted in {b"real", b"simulated"} else None

    def _claim(self, origin: str) -> None:
        path = self.folder / "origin"
        if path.exists() and not self._noted_origin:
            write_durably(path, f"{self.origin or origin}\n".encode())
        if self.origin is None:
            claim_durably(path, f"{origin}\n".encode())
        if self.origin != origin:
            raise MixedOrigins(
                f"{self.folder.parent} holds {self.origin} answers and would have got a {origin} "
                "one. "
                "Set TOKENTIDE_HOME to another folder, so that the two never mix."
            )

    def body_path(self, digest: str) -> Path:
        """Return the place of the bytes with this SHA-256, compressed."""
        return self.folder / "bodies" / digest[:2] / f"{digest}.zst"


def utc_now() -> datetime:
    """Return the current instant. Fetch times come from here alone."""
    return datetime.now(UTC)


def _read_part(log: Path, start: int) -> LogPart:
    with log.open("rb") as file:
        file.seek(start)
        found = file.read()
    # A last line without its end is being written at this moment, or was cut short by a crash: the
    # position stays before it.
    end = found.rfind(b"\n") + 1
    answers: list[Answer] = []
    bad: list[tuple[int, bytes, str]] = []
    for number, line in enumerate(found.split(b"\n")):
        try:
            answers += [_parse_line(line)] if line.strip() else []
        except (ValueError, LookupError, TypeError, RecursionError) as error:
            bad.append((number, line, _in_words(error)))
    lines_before = _count_lines(log, start) if bad else 0
    whole = found.count(b"\n")
    bad_lines = [
        BadLine(log.name, lines_before + number + 1, sha256(line).hexdigest(), reason)
        for number, line, reason in bad
        if number < whole
    ]
    answers.sort(key=lambda answer: answer.answer_id)
    return LogPart(log.name, answers, start + end, bad_lines)


def _count_lines(log: Path, end: int) -> int:
    with log.open("rb") as file:
        return file.read(end).count(b"\n")


def _check(values: Mapping[str, object]) -> str:
    """Return a sum by which a line of the log is found out that has another byte than it had."""
    return f"{crc32(json.dumps(values).encode()):08x}"


def _parse_line(line: bytes) -> Answer:
    """Parse one line of a log. Raise where it is not what `Archive.note` writes."""
    values = json.loads(line)
    if not isinstance(values, dict):
        raise TypeError("it is no object")
    # Lines of versions up to 0.2.0 have none.
    if (check := values.pop("check", None)) is not None and check != _check(values):
        raise ValueError("its check does not match, so a byte of it is another one")
    answer = Answer(**{**values, "fetched_at": datetime.fromisoformat(values["fetched_at"])})
    texts = (answer.source, answer.url, answer.run_id, answer.origin)
    optional = (answer.etag or "", answer.error or "", answer.link or "")
    maps = (answer.params, answer.context)
    is_well = (
        all(isinstance(text, str) for text in (*texts, *optional))
        and all(type(number) is int for number in (answer.status, answer.bytes))
        and 0 <= answer.status < 1000
        and 0 <= answer.bytes < 1 << 62
        and all(isinstance(each, dict) for each in maps)
        and all(isinstance(value, str) for each in maps for value in each.values())
        and DIGEST.fullmatch(answer.sha256)
        and answer.fetched_at.tzinfo
    )
    if not is_well:
        raise ValueError("one of its values is of another kind than the archive writes")
    return answer


def _in_words(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        is_cut = error.pos >= len(error.doc) or error.msg.startswith("Unterminated")
        return CUT if is_cut else "it is damaged: no JSON"
    if isinstance(error, KeyError):
        return f"it is damaged: {error.args[0]} is missing"
    return f"it is damaged: {error}"
