"""`make audit`: ask the advisory database of PyPI about every locked package.

Exit code 0: none is known; 1: there are some, each with the version that mends it; 2: it is not
known, since the database could not be reached. It sends names and versions, nothing else, and needs
no package of the product.
"""

import json
import re
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

CONSTRAINTS = Path(__file__).resolve().parents[1] / "constraints.txt"
DATABASE = "https://pypi.org/pypi"
SECONDS = 20
PINNED = re.compile(r"([A-Za-z0-9._-]+)==([^\s;]+)")


def main(database: str = DATABASE, constraints: Path = CONSTRAINTS) -> int:
    """Print what is known, and return the exit code."""
    lines = constraints.read_text(encoding="utf-8").splitlines()
    packages = [found.groups() for found in map(PINNED.match, lines) if found]
    advisories: list[str] = []
    for name, version in packages:
        try:
            advisories += _advisories(database, name, version)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code == 404:
                continue  # a build that only another index has
            return _give_up(database, f"status {error.code}")
        except (OSError, ValueError) as error:
            return _give_up(database, str(error))
    for each in advisories:
        print(each)
    print(f"{len(packages)} packages, {len(advisories)} known advisories.")
    return 1 if advisories else 0


def _advisories(database: str, name: str, version: str) -> Iterator[str]:
    url = f"{database}/{name}/{version}/json"
    with urllib.request.urlopen(url, timeout=SECONDS) as answer:  # noqa: S310 - an https address
        known = json.load(answer)["vulnerabilities"]
    for each in known:
        if not each.get("withdrawn"):
            mended = ", ".join(each["fixed_in"]) or "no version yet"
            summary = (each.get("summary") or each.get("details") or "")[:100]
            yield f"{name} {version}: {each['id']}, mended in {mended}. {' '.join(summary.split())}"


def _give_up(database: str, why: str) -> int:
    print(f"Nothing is known: {database} cannot be asked ({why}).", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
