"""Hostile SQL, a statement a line: what people's queries must not do, in either form."""

from support.rules.source_files import ROOT

STATEMENTS = ROOT / "tests" / "support" / "sql"
HOSTILE = tuple(
    line.strip()
    for kind in ("reading", "writing", "setting", "revealing")
    for line in (STATEMENTS / f"hostile_{kind}.sql").read_text().splitlines()
    if line.strip()
)
# What a host of the distributed form could reach besides: the lake, its catalog, the bucket.
HOSTILE_TO_LAKE = tuple((STATEMENTS / "hostile_lake.sql").read_text().splitlines())
