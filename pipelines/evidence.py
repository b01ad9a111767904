"""Evidence bundles: a folder from which anybody can compute a figure again, offline, from the answers that it rests on.

    query.sql       the query
    result.csv      what it gave, rows sorted, floats to twelve digits
    answers.csv     the raw answers it rests on: SHA-256, address, when fetched, source
    evidence.json   as of when, which tables and sources, versions, the hash of result.csv
    citation.txt    what to print beside the figures
    recompute.py    computes result.csv again and compares; exit code 0 only if every byte is the same
    raw/            the answers themselves, as the raw archive keeps them; left out on request

Nothing in it names a place on this machine, and answers are archived without keys.
"""

import csv
import hashlib
import io
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pipelines import query as querying
from pipelines.archive import Answer, Archive
from pipelines.as_of import published_as_of
from pipelines.build import Progress, build
from pipelines.errors import QueryFailed
from pipelines.ingest import land
from pipelines.lineage import sources_of, tables_of
from pipelines.publish import newest, publish
from pipelines.settings import Settings

SECONDS = 300.0
USED = ("loaded", "partial", "unchanged")
COLUMNS = ("answer_id", "sha256", "url", "fetched_at", "source")
RECOMPUTE = '''"""Computes result.csv again from the raw answers, offline, and compares. Needs Tokentide installed."""

import argparse
import sys
from pathlib import Path

from pipelines.evidence import recompute

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--archive", type=Path, help="the raw archive to take the answers from")
checked = recompute(Path(__file__).parent, parser.parse_args().archive)
print(f"stated   {checked.expected}\\nkept     {checked.kept}\\ncomputed {checked.found}")
print("the same" if checked.is_same else "NOT the same")
sys.exit(0 if checked.is_same else 1)
'''


@dataclass(frozen=True)
class Bundle:
    """What was put into a folder."""

    folder: Path
    rows: int
    answers: int
    result_sha256: str


@dataclass(frozen=True)
class Checked:
    """SHA-256 of a bundle's result: as evidence.json states it, of result.csv as it is now, and of what computing it again gave."""

    expected: str
    kept: str
    found: str

    @property
    def is_same(self) -> bool:
        """Whether every byte is."""
        return self.expected == self.kept == self.found


def make(
    settings: Settings,
    claim_or_query: str,
    folder: Path,
    as_of: datetime | None = None,
    *,
    raw: bool = True,
    progress: Progress | None = None,
) -> Bundle:
    """Put the evidence of a claim (its id, or id:basis) or of a query into a new folder."""
    if folder.exists() and any(folder.iterdir()):
        raise QueryFailed(f"{folder} is not empty. Name another folder, or remove it first.")
    path = published_as_of(settings, as_of, progress) if as_of else newest(settings)
    claim = None if any(letter.isspace() for letter in claim_or_query) else _claim(path, claim_or_query)
    query = claim["evidence_sql"] if claim else claim_or_query
    tables = tables_of(path, query)
    sources = sources_of(tables, claim["claim_id"] if claim else None)
    answers = _answers(path, sources)
    result, rows = _result(path, query)
    meta = _rows(path, "from marts.meta")[0]
    folder.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(result).hexdigest()
    about = {
        "claim": claim, "asked_as_of": meta["asked_as_of"], "as_of": meta["as_of"], "origin": meta["origin"], "tables": tables,
        "sources": sorted(sources), "rows": rows, "result_sha256": digest, "tokentide_version": meta["tokentide_version"],
        "duckdb_version": meta["duckdb_version"],
    }  # fmt: skip
    texts = {"query.sql": query, "evidence.json": json.dumps(about, indent=1, ensure_ascii=False), "citation.txt": meta["citation"]}
    _write(folder, result, texts, answers)
    if raw:
        _copy(Archive(settings.archive), Archive(folder / "raw"), {answer["answer_id"] for answer in answers})
    return Bundle(folder, rows, len(answers), digest)


def recompute(folder: Path, archive: Path | None = None) -> Checked:
    """Land a bundle's answers in a fresh home, build, publish, ask again; nothing but the folder (and `archive`) is read."""
    about = json.loads((folder / "evidence.json").read_text())
    with (folder / "answers.csv").open(newline="") as file:
        wanted = {row["answer_id"] for row in csv.DictReader(file)}
    with tempfile.TemporaryDirectory() as home:
        settings = Settings(home=Path(home))
        _copy(Archive(archive or folder / "raw"), Archive(settings.archive), wanted)
        land(settings)
        if about["asked_as_of"]:
            path = published_as_of(settings, datetime.fromisoformat(about["asked_as_of"]))
        else:
            build(settings)
            path = publish(settings).path
        result, _ = _result(path, (folder / "query.sql").read_text().removesuffix("\n"))
    kept = (folder / "result.csv").read_bytes()
    return Checked(about["result_sha256"], hashlib.sha256(kept).hexdigest(), hashlib.sha256(result).hexdigest())


def _claim(path: Path, name: str) -> dict[str, Any]:
    claim_id, _, basis = name.partition(":")
    found = [row for row in _rows(path, "from marts.claims") if row["claim_id"] == claim_id and basis in ("", row["basis"])]
    if not found:
        raise QueryFailed(f"There is no claim {name!r}; `tokentide claims` lists them. A query has spaces in it.")
    if len({row["evidence_sql"] for row in found}) > 1:
        bases = ", ".join(sorted(f"{claim_id}:{row['basis']}" for row in found))
        raise QueryFailed(f"{claim_id} is judged on several bases; name one: {bases}.")
    if not found[0]["evidence_sql"]:
        raise QueryFailed(f"{name} rests on a document, not on a query, so there is nothing to compute.")
    return found[0]


def _answers(path: Path, sources: frozenset[str]) -> list[dict[str, Any]]:
    """The answers of these sources that this file knows and that brought believable content, oldest first."""
    found = _rows(path, "from marts.ingest_log order by answer_id")
    return [{name: row[name] for name in COLUMNS} for row in found if row["source"] in sources and row["outcome"] in USED]


def _result(path: Path, query: str) -> tuple[bytes, int]:
    """The query's result in bytes that depend on its rows alone: neither on their order nor on the last digit of a sum of floats."""
    out = io.StringIO()
    with querying.run(path, query, SECONDS) as result:
        rows = sorted((tuple(map(_steady, row)) for row in result.rows), key=lambda row: json.dumps(list(map(querying.plain, row))))
        querying.write_csv(querying.Result(result.columns, iter(rows)), out)
    return out.getvalue().encode(), len(rows)


def _steady(value: Any) -> Any:
    return float(f"{value:.12g}") if isinstance(value, float) else value


def _rows(path: Path, query: str) -> list[dict[str, Any]]:
    with querying.run(path, query, SECONDS) as result:
        return [dict(zip(result.columns, map(querying.plain, row), strict=True)) for row in result.rows]


def _write(folder: Path, result: bytes, texts: dict[str, str], answers: list[dict[str, Any]]) -> None:
    (folder / "result.csv").write_bytes(result)
    for name, text in texts.items():
        (folder / name).write_text(f"{text}\n")
    (folder / "recompute.py").write_text(RECOMPUTE)
    with (folder / "answers.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(answers)


def _copy(source: Archive, target: Archive, wanted: set[str]) -> None:
    """Copy these answers; one that is missing is an error, since nothing can be computed without it."""
    found = set()
    for answer in _those(source, wanted):
        target.keep(answer, source.read(answer.sha256))
        found.add(answer.answer_id)
    if missing := wanted - found:
        raise QueryFailed(
            f"{len(missing)} answers are not in the raw archive, such as {min(missing)}. A bundle without raw/ needs --archive."
        )


def _those(source: Archive, wanted: set[str]) -> Iterator[Answer]:
    return (answer for answer in source.answers() if answer.answer_id in wanted)
