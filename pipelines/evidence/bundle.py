"""Evidence bundles: folders from which anybody can recompute a figure, offline.

    README.md       what is in it, and how to compute it again
    index.html      figure, verdicts, citation and sources; it opens by itself
    query.sql       the query
    result.csv      what it gave, rows sorted, floats to twelve digits
    evidence.json   as of when, which tables and sources, versions, the hash of result.csv
    citation.txt    what to print beside the figures; for a claim citation.bib too
    recompute.py    computes result.csv again; exit code 0 only if every byte is the same

and its inputs, as `inputs` describes them. Nothing names a path of this machine, and answers are
archived without keys.
"""

import hashlib
import io
import json
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pipelines.claims.saved_claims import read_claims
from pipelines.claims.verdicts import claim_rows
from pipelines.errors import QueryFailed
from pipelines.evidence import inputs
from pipelines.loading.telemetry.segment_files import SpoolFolders
from pipelines.publish import query as querying
from pipelines.publish.as_of import published_as_of
from pipelines.publish.generations import newest, publish
from pipelines.publish.json_values import plain
from pipelines.settings import Settings
from pipelines.transform.build import Progress, build
from pipelines.transform.lineage import origins_of, tables_of

SECONDS = 300.0
META_COLUMNS = ("asked_as_of", "as_of", "origin", "tokentide_version", "duckdb_version")
RECOMPUTE = '''"""Compute result.csv again, offline, and compare. Needs Tokentide installed."""

import argparse
import sys
from pathlib import Path

from pipelines.evidence.bundle import recompute

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--archive", type=Path, help="the raw archive of answers and segments")
checked = recompute(Path(__file__).parent, parser.parse_args().archive)
print(f"stated   {checked.expected}\\nkept     {checked.kept}\\ncomputed {checked.found}")
print("the same" if checked.is_same else "NOT the same")
sys.exit(0 if checked.is_same else 1)
'''


@dataclass(frozen=True)
class Bundle:
    """A bundle that was written, and the numbers of what is in it."""

    folder: Path
    rows: int
    answers: int
    segments: int
    result_sha256: str


@dataclass(frozen=True)
class RecomputeResult:
    """SHA-256 of a bundle's result: as evidence.json states it, of result.csv, and recomputed."""

    expected: str
    kept: str
    found: str

    @property
    def is_same(self) -> bool:
        """True if the three are equal."""
        return self.expected == self.kept == self.found


def make(
    settings: Settings,
    claim_or_query: str,
    folder: Path,
    as_of: datetime | None = None,
    *,
    raw: bool = True,
    progress: Progress | None = None,
    max_bytes: int | None = None,
) -> Bundle:
    """Put the evidence of a claim (its id, or id:basis) or of a query into a new folder.

    With `max_bytes`, raise QueryFailed where answers and segments take more.
    """
    from pipelines.evidence.opening import write_opening

    if folder.exists() and any(folder.iterdir()):
        raise QueryFailed(f"{folder} is not empty. Name another folder, or remove it first.")
    path = published_as_of(settings, as_of, progress) if as_of else newest(settings)
    if raw and settings.services.published and not settings.archive.exists():
        raise QueryFailed(
            f"{settings.home} fetches what is published and has no raw data. Run this on the "
            "builder's host, or use --no-raw."
        )
    is_query = any(letter.isspace() for letter in claim_or_query)
    rows_of_claim = [] if is_query else _claim(settings, path, claim_or_query)
    claim = rows_of_claim[0] if rows_of_claim else None
    query = claim["evidence_sql"] if claim else claim_or_query
    tables = tables_of(path, query)
    origins = origins_of(settings, tables, claim["claim_id"] if claim else None)
    basis = inputs.inputs_of(path, origins)
    if raw and max_bytes is not None:
        _check_size(settings, basis, max_bytes)
    result, rows = _result(path, query)
    meta = querying.records(path, "from marts.meta")[0]
    folder.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(result).hexdigest()
    about = {
        "claim": claim,
        "tables": tables,
        "sources": sorted(origins.sources),
        "telemetry": sorted(origins.kinds),
        "rows": rows,
        "result_sha256": digest,
        **{name: meta[name] for name in META_COLUMNS},
    }
    _write(
        folder,
        result,
        {
            "query.sql": query,
            "evidence.json": json.dumps(about, indent=1, ensure_ascii=False),
        },
    )
    saved = read_claims(settings).find(claim["claim_id"]) if claim else None
    write_opening(folder, path, query, rows_of_claim, origins, meta, saved)
    inputs.write(folder, basis)
    if raw:
        inputs.copy(basis, settings.archive, folder / "raw", SpoolFolders.of(settings))
    return Bundle(folder, rows, len(basis.answers), len(basis.segments or ()), digest)


def recompute(folder: Path, archive: Path | None = None) -> RecomputeResult:
    """Load a bundle's inputs into a fresh home, build, publish and query again.

    Nothing but the folder (and `archive`) is read.
    """
    about, basis = json.loads((folder / "evidence.json").read_text()), inputs.read(folder)
    with tempfile.TemporaryDirectory() as home:
        settings = Settings(home=Path(home))
        inputs.copy(basis, archive or folder / "raw", settings.archive)
        inputs.load(settings, basis)
        if about["asked_as_of"]:
            path = published_as_of(settings, datetime.fromisoformat(about["asked_as_of"]))
        else:
            build(settings)
            path = publish(settings).path
        result, _ = _result(path, (folder / "query.sql").read_text().removesuffix("\n"))
    kept = (folder / "result.csv").read_bytes()
    return RecomputeResult(
        about["result_sha256"], hashlib.sha256(kept).hexdigest(), hashlib.sha256(result).hexdigest()
    )


def _check_size(settings: Settings, basis: inputs.EvidenceInputs, max_bytes: int) -> None:
    size = inputs.count_bytes(basis, settings.archive, SpoolFolders.of(settings))
    if size > max_bytes:
        raise QueryFailed(
            f"The raw data behind it take {size:,} bytes, more than {max_bytes:,}. "
            "`tokentide evidence … -o folder` writes a folder of any size, or use --no-raw."
        )


def _claim(settings: Settings, path: Path, name: str) -> list[dict[str, Any]]:
    """Return the rows of a claim, first that with the query which the name chooses."""
    claim_id, _, basis = name.partition(":")
    rows = [row for row in claim_rows(settings, path) if row["claim_id"] == claim_id]
    found = [row for row in rows if basis in ("", row["basis"])]
    if not found:
        raise QueryFailed(
            f"There is no claim {name!r}; `tokentide claims` lists them. A query has spaces in it."
        )
    if len({row["evidence_sql"] for row in found}) > 1:
        bases = ", ".join(sorted(f"{claim_id}:{row['basis']}" for row in found))
        raise QueryFailed(f"{claim_id} is judged on several bases; name one: {bases}.")
    if not found[0]["evidence_sql"]:
        raise QueryFailed(
            f"{name} rests on a document, not on a query, so there is nothing to compute."
        )
    return [found[0], *(row for row in rows if row is not found[0])]


def _result(path: Path, query: str) -> tuple[bytes, int]:
    """Return the query's result as bytes that depend on its rows alone, and the number of rows.

    Neither the order of rows nor the last digits of a sum of floats play a part.
    """
    out = io.StringIO()
    with querying.run(path, query, SECONDS) as result:
        rows = sorted(
            (tuple(map(_steady, row)) for row in result.rows),
            key=lambda row: json.dumps(list(map(plain, row))),
        )
        querying.write_csv(querying.QueryResult(result.columns, iter(rows)), out)
    return out.getvalue().encode(), len(rows)


def _steady(value: Any) -> Any:
    return float(f"{value:.12g}") if isinstance(value, float) else value


def _write(folder: Path, result: bytes, texts: dict[str, str]) -> None:
    (folder / "result.csv").write_bytes(result)
    for name, text in texts.items():
        (folder / name).write_text(f"{text}\n")
    (folder / "recompute.py").write_text(RECOMPUTE)
