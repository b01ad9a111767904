"""Suites of benchmarks: a script with its arguments, the question it answers, what it needs."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .result_file import ROOT

REGISTRY = Path(__file__).with_name("suites.toml")
INPUTS = {"HOME": "--home", "HOMES": "--homes", "PYTHON": "--peer", "PAGE": "--page"}


class BadSuite(Exception):
    """A suite that does not exist, or that cannot run with what it was given."""


@dataclass(frozen=True)
class Suite:
    """One row of `suites.toml`."""

    name: str
    script: str
    question: str
    arguments: tuple[str, ...] = ()
    peers: tuple[str, ...] = ()
    quick: tuple[str, ...] | None = None
    makes: str | None = None
    by_hand: str | None = None

    def words(self, inputs: Mapping[str, str], *, is_quick: bool) -> list[str]:
        """Return the arguments as the command in a result has them; names stand for local paths.

        Raises BadSuite where an input is missing, or where there is no quick form.
        """
        if is_quick:
            if self.quick is None:
                raise BadSuite("has no quick form")
            return list(self.quick)
        missing = [INPUTS[word] for word in self.arguments if word in INPUTS and word not in inputs]
        if missing:
            raise BadSuite(f"needs {', '.join(missing)}")
        if self.makes in inputs and Path(inputs[self.makes or ""]).exists():
            raise BadSuite(f"makes {inputs[self.makes or '']}, which exists")
        with_peers = all(word in inputs for word in self.peers if word in INPUTS)
        return [*self.arguments, *(self.peers if with_peers else ())]

    def command(self, words: Sequence[str]) -> str:
        """Return the command of these words as a person types it at the root."""
        return " ".join(("python", f"benchmarks/{self.script}", *words))


def read_suites(registry: Path = REGISTRY) -> dict[str, Suite]:
    """Return all suites, in the order in which they run."""
    described = tomllib.loads(registry.read_text(encoding="utf-8"))
    return {
        name: Suite(
            name,
            **{
                key: tuple(value) if isinstance(value, list) else value
                for key, value in each.items()
            },
        )
        for name, each in described.items()
    }


def choose(suites: Mapping[str, Suite], names: Sequence[str]) -> list[Suite]:
    """Return the suites of these names, or all that run without being named.

    Raises BadSuite for a name that no suite has.
    """
    if unknown := [name for name in names if name not in suites]:
        raise BadSuite(f"There is no suite {unknown[0]!r}; choose from {', '.join(suites)}.")
    return [
        suite for suite in suites.values() if suite.name in names or not (names or suite.by_hand)
    ]


def script_of(suite: Suite, folder: Path = ROOT / "benchmarks") -> Path:
    """Return the script of a suite."""
    return folder / suite.script
