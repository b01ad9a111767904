"""Rules of the house: sizes, places, names and words. Each failure names file and line."""

import re
from collections import defaultdict
from pathlib import Path

import pytest
from support.rules import glossary
from support.rules.source_files import (
    PACKAGES,
    ROOT,
    Place,
    docstrings,
    files,
    functions,
    length,
    lines,
    parsed,
    texts,
    types,
)

MAX_FOLDER_FILES = 15
MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 60
MAX_P90_LINES = 30
MAX_SQL_LINES = 3

CLAUSE = re.compile(
    r"(what|how|whether|where|from|who|whom|whose|which|when|why|that|those|so)(ever)?\b",
    re.IGNORECASE,
)
SQL = re.compile(
    r"\s*(--.*\n\s*)*(select|with|from|insert|create|copy|pivot)\b.*\b(select|from)\b",
    re.IGNORECASE | re.DOTALL,
)
BESIDE_THE_MIRROR = ("tests/end_to_end", "tests/docs", "tests/faults", "tests/security")


@pytest.fixture(scope="module", autouse=True)
def _trees() -> None:
    """Parse every file once, for all rules."""
    for path in files(".py"):
        parsed(path)


def report(wrong: list[str]) -> str:
    """List what breaks a rule, one a line."""
    return "\n" + "\n".join(wrong)


def test_no_folder_has_more_than_fifteen_source_files() -> None:
    """The file of columns beside a table documents it and does not count."""
    folders: dict[Path, int] = defaultdict(int)
    for path in (*files(".py"), *files(".sql")):
        folders[path.parent] += path.name != "__init__.py"
    wrong = [
        f"{folder.relative_to(ROOT)}: {count} files"
        for folder, count in sorted(folders.items())
        if count > MAX_FOLDER_FILES
    ]
    assert not wrong, report(wrong)


def test_no_file_is_longer_than_three_hundred_lines() -> None:
    long = [(path, lines([path])) for path in (*files(".py"), *files(".sql"))]
    wrong = [f"{Place(path)}: {count} lines" for path, count in long if count > MAX_FILE_LINES]
    assert not wrong, report(wrong)


def test_no_function_is_longer_than_sixty_lines() -> None:
    wrong = [
        f"{Place(path, function.lineno)}: {function.name} has {length(function)} lines"
        for path in files(".py")
        for function in functions(path)
        if length(function) > MAX_FUNCTION_LINES
    ]
    assert not wrong, report(wrong)


@pytest.mark.parametrize("package", PACKAGES)
def test_nine_functions_in_ten_have_thirty_lines_or_fewer(package: str) -> None:
    found = sorted(
        (length(function), str(Place(path, function.lineno)))
        for path in files(".py", (package,))
        for function in functions(path)
    )
    p90, _ = found[len(found) * 9 // 10]
    assert p90 <= MAX_P90_LINES, report([f"{place}: {count} lines" for count, place in found[-30:]])


def test_no_type_of_the_packages_has_the_name_of_another() -> None:
    """One name, one meaning: a reader who searches for a class finds one.

    An alias of the same type may stand in two modules that know nothing of each other.
    """
    meanings: dict[str, dict[str, Place]] = defaultdict(dict)
    for path in files(".py", PACKAGES):
        for line, name, meaning in types(path):
            place = Place(path, line)
            meanings[name][meaning or str(place)] = place
    wrong = [
        f"{name}: {', '.join(map(str, found.values()))}"
        for name, found in sorted(meanings.items())
        if len(found) > 1
    ]
    assert not wrong, report(wrong)


def test_every_test_file_mirrors_a_module() -> None:
    """`tests/a/test_b_aspect.py` tests `a/b.py`, the table `a/b.sql` or the folder `a/b`."""
    wrong = [
        f"{Place(path)}: no module {path.parent.relative_to(ROOT / 'tests')}/{path.stem[5:]}"
        for path in files(".py", ("tests",))
        if path.name.startswith("test_") and not has_its_place(path)
    ]
    assert not wrong, report(wrong)


def has_its_place(test: Path) -> bool:
    """Tell whether a test file mirrors a module or lies where none is mirrored."""
    place = test.relative_to(ROOT)
    if place == Path(__file__).relative_to(ROOT) or place.as_posix().startswith(BESIDE_THE_MIRROR):
        return True
    folder = place.parent if place.parts[1] == "support" else place.parent.relative_to("tests")
    words = test.stem.removeprefix("test_").split("_")
    stems = ["_".join(words[:count]) for count in range(len(words), 0, -1)]
    names = [name for stem in stems for name in (stem, f"_{stem}", f"__{stem}__")]
    return any(
        (ROOT / folder / f"{name}{ending}").exists()
        for name in names
        for ending in (".py", ".sql", ".yml", "")
    )


def test_every_page_has_its_three_parts() -> None:
    """A page lies in a folder: its cards, their figures, their queries."""
    pages = [
        path for path in (ROOT / "dashboards/pages").iterdir() if (path / "__init__.py").exists()
    ]
    assert pages
    wrong = [
        f"{page.relative_to(ROOT)}: no {part}"
        for page in pages
        for part in ("page.py", "figures.py", "queries")
        if not (page / part).exists()
    ]
    assert not wrong, report(wrong)


def test_sql_of_four_lines_lies_in_a_file_of_sql() -> None:
    """The SQL of the product; tests and benchmarks state theirs where they read the result."""
    wrong = [
        f"{Place(path, first)}: {last - first + 1} lines of SQL"
        for path in files(".py", PACKAGES)
        for first, last, text in texts(path)
        if last - first >= MAX_SQL_LINES and SQL.match(text)
    ]
    assert not wrong, report(wrong)


def test_no_docstring_opens_as_a_clause() -> None:
    """A docstring opens with a verb in the imperative or with a noun."""
    wrong = [
        f"{Place(path, line)}: {text.splitlines()[0]}"
        for path in files(".py")
        for line, text in docstrings(path)
        if CLAUSE.match(text)
    ]
    assert not wrong, report(wrong)


def test_the_glossary_has_each_noun_once() -> None:
    nouns = glossary.nouns()
    assert len(nouns) > 20
    assert sorted(set(nouns)) == sorted(nouns)
    assert not set(glossary.replaced_words()) & set(nouns)


def test_words_that_were_replaced_do_not_come_back() -> None:
    """docs/glossary.md lists them, with the places where one still means something else."""
    wrong = [
        f"{place}: {replaced.word}, say {replaced.instead}"
        for place, replaced in glossary.uses_of_replaced_words()
    ]
    assert not wrong, report(wrong)


def test_names_that_were_replaced_do_not_come_back() -> None:
    replaced = glossary.replaced_names()
    wrong = [
        f"{Place(path, line)}: {name}, say {replaced[name]}"
        for path in files(".py", PACKAGES)
        for line, name, _ in types(path)
        if name in replaced
    ]
    assert not wrong, report(wrong)


@pytest.mark.parametrize(
    ("tests", "code", "least"),
    [("tests", PACKAGES, 0.8), ("tests/dashboards", ("dashboards",), 0.6)],
)
def test_tests_keep_up_with_the_code(tests: str, code: tuple[str, ...], least: float) -> None:
    """Lines of tests for each line of code."""
    tested, written = lines(files(".py", (tests,))), lines(files(".py", code))
    assert tested / written >= least, f"{tested} / {written} = {tested / written:.2f}"
