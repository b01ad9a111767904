"""Source files of the repository, as the rules of the house see them."""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PACKAGES = ("pipelines", "models", "warehouse", "dashboards")
FOLDERS = (*PACKAGES, "benchmarks", "tests", "docs")
# What tools write beside the sources.
GENERATED = {"__pycache__", "target", "logs"}
CASE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

Function = ast.FunctionDef | ast.AsyncFunctionDef
Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Place:
    """A line of a file, printed as an editor opens it."""

    path: Path
    line: int = 1

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line}"


@cache
def files(suffix: str, folders: tuple[str, ...] = FOLDERS) -> tuple[Path, ...]:
    """Return the files of these folders that end so, sorted."""
    found = (path for folder in folders for path in (ROOT / folder).rglob(f"*{suffix}"))
    return tuple(sorted(path for path in found if not GENERATED & set(path.parts)))


@cache
def parsed(path: Path) -> ast.Module:
    """Return the syntax tree of a Python file."""
    return ast.parse(path.read_text(encoding="utf-8"))


def lines(paths: Iterable[Path]) -> int:
    """Count the lines of files."""
    return sum(path.read_text(encoding="utf-8").count("\n") for path in paths)


def functions(path: Path) -> Iterator[Function]:
    """Yield every function of a file, those within others too."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, Function):
            yield node


def length(function: Function) -> int:
    """Count the lines of a function, from its `def` to its end."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


def docstrings(path: Path) -> Iterator[tuple[int, str]]:
    """Yield each docstring of a file with its line."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, Documented) and (found := ast.get_docstring(node)):
            yield node.body[0].lineno, found


def texts(path: Path) -> Iterator[tuple[int, int, str]]:
    """Yield first line, last line and text of each string of a file that is no docstring."""
    documented = {
        node.body[0].value
        for node in ast.walk(parsed(path))
        if isinstance(node, Documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Constant | ast.JoinedStr) and node not in documented:
            parts = node.values if isinstance(node, ast.JoinedStr) else [node]
            words = (part.value for part in parts if isinstance(part, ast.Constant))
            text = "".join(word for word in words if isinstance(word, str))
            yield node.lineno, node.end_lineno or node.lineno, text


def types(path: Path) -> Iterator[tuple[int, str, str]]:
    """Yield line and name of each type of a file, and what it stands for where it is an alias."""
    for node in parsed(path).body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Subscript() as value):
                if name[0].isupper() and not name.isupper():
                    yield node.lineno, name, ast.unparse(value)
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.ClassDef):
            yield node.lineno, node.name, ""


def words(line: str) -> str:
    """Return a line with its identifiers cut into words: `RankingRow` and `ranking_row` alike."""
    return CASE.sub("-", line).replace("_", "-").lower()
