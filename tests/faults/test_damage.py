"""Damaged files of every kind: figures are unchanged, or a line says what is wrong and what to do.

Bytes are flipped and files are cut at places that a seed chooses. Nothing may answer with another
figure, with a traceback, or without a next step.
"""

import random
import re
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from support.faults.forks import Forks
from support.faults.results import record
from support.loading import Rows, all_raw_rows, fresh_warehouse, keep_answer

from pipelines.archive import Archive
from pipelines.loading.answers import load_answers
from pipelines.settings import Settings

pytestmark = pytest.mark.slow
QUERY = "select sum(total_tokens), max(as_of) from market_tokens_daily"
VERBS = {
    "sql": ("sql", "--csv", QUERY),
    "status": ("status", "--json"),
    "claims": ("claims", "--json"),
    "alerts": ("alerts",),
    "describe": ("describe", "market_days"),
    "tier": ("tier",),
    # It reads the tier file, as `tier` does not, and asks no server where the file has no lists.
    "collect": ("collect", "--check"),
}
# Each kind of file, and the verbs that read it.
KINDS = {
    "published/generation-000002.duckdb": ("sql", "status", "claims", "describe"),
    "warehouse.duckdb": ("sql", "tier"),
    "alerts.sqlite": ("alerts",),
    "claims/*.toml": ("claims",),
    "tier.toml": ("tier", "collect"),
}
# What a verb says of a damaged file: that it cannot go on, or that it goes on without the file.
ERROR = re.compile(r"^Error: .{20,}", re.MULTILINE)
WITHOUT = re.compile(r"is no claim|docs/claims\.md has an example")
# In a text that a person writes, a letter that became another one is an edit like any other.
WRITTEN_BY_HAND = {"claims/*.toml": "flip"}


def flip(content: bytes, chance: random.Random) -> bytes:
    """Change some bits of one byte."""
    place = chance.randrange(len(content))
    changed = content[place] ^ chance.randrange(1, 256)
    return content[:place] + bytes([changed]) + content[place + 1 :]


def cut(content: bytes, chance: random.Random) -> bytes:
    """Take the end away, from any byte on."""
    return content[: chance.randrange(len(content))]


def fill(content: bytes, chance: random.Random) -> bytes:
    """Write zeros over a page, as file systems do after a loss of power."""
    place = chance.randrange(len(content))
    zeros = bytes(min(4096, len(content) - place))
    return content[:place] + zeros + content[place + len(zeros) :]


DAMAGES: tuple[Callable[[bytes, random.Random], bytes], ...] = (flip, cut, fill)
NUMBERS = pytest.mark.parametrize(
    "number",
    [
        pytest.param(1, id="few"),
        pytest.param(25, id="many", marks=[pytest.mark.long, pytest.mark.timeout(3600)]),
    ],
)


@NUMBERS
@pytest.mark.parametrize("pattern", KINDS)
def test_a_verb_gives_the_same_figures_or_says_what_is_wrong(
    forks: Forks, whole_home: Settings, tmp_path: Path, pattern: str, number: int
) -> None:
    home = tmp_path / "home"
    shutil.copytree(whole_home.home, home, symlinks=True)
    [path] = home.glob(pattern)
    whole = path.read_bytes()
    chance, output = random.Random(pattern), tmp_path / "output"
    said = {verb: run(forks, home, output, verb) for verb in KINDS[pattern]}
    wrong = []
    for damage in DAMAGES * number:
        path.write_bytes(damage(whole, chance))
        for verb in KINDS[pattern]:
            text, code = run(forks, home, output, verb)
            is_well = (text, code) == said[verb] or (code == "1" and ERROR.search(text))
            is_well = is_well or (code == "0" and WITHOUT.search(text))
            is_well = is_well or (code == "0" and damage.__name__ == WRITTEN_BY_HAND.get(pattern))
            if "Traceback" in text or not is_well:
                wrong.append(f"{damage.__name__} {verb} {code}: {text[-600:]}")
        restore_others(whole_home.home, home, path, whole)
    assert not wrong, f"{len(wrong)} of {3 * number * len(KINDS[pattern])}:\n" + "\n".join(wrong)
    if number > 1:
        record(f"damaged files: {pattern}", cases=3 * number)


def run(forks: Forks, home: Path, output: Path, verb: str) -> tuple[str, str]:
    """Run a verb; return its output, without what is new each time, and its exit code."""
    ended = forks.run("command", home, output, *VERBS[verb])
    return output.read_text(errors="replace"), ended.confirmed[0] if ended.confirmed else "killed"


def restore_others(source: Path, home: Path, path: Path, whole: bytes) -> None:
    """Put the file back as it was; a log beside it would belong to the damaged one."""
    path.write_bytes(whole)
    for beside in home.glob("*.wal*"):
        beside.unlink()


@NUMBERS
@pytest.mark.parametrize("pattern", ["raw/answers/*.jsonl", "raw/bodies/*/*.zst"])
def test_a_damaged_archive_gives_no_false_line(
    whole_home: Settings, tmp_path: Path, pattern: str, number: int
) -> None:
    """Rows are those of the whole archive, or fewer; what is missing is recorded with a reason."""
    settings = Settings(tmp_path / "home")
    shutil.copytree(whole_home.archive, settings.archive)
    for each in range(20):
        keep_answer(Archive(settings.archive), f"{each}".encode(), status=500, run_id=f"{each}")
    _, expected, answers = load(settings)
    chance = random.Random(pattern)
    for damage in DAMAGES * (4 * number):
        path = chance.choice(sorted(settings.home.glob(pattern)))
        whole = path.read_bytes()
        path.write_bytes(damage(whole, chance))
        quarantined, rows, found = load(settings)
        for table in rows:
            assert set(rows[table]) <= set(expected[table]), (damage, table)
        assert found <= answers
        if rows != expected or found != answers:
            # A line without its end may be one that is being written.
            lost_end = not path.read_bytes().endswith(b"\n")
            assert quarantined or lost_end, damage
        path.write_bytes(whole)
    if number > 1:
        record(f"damaged archive: {pattern}", cases=12 * number)


def load(settings: Settings) -> tuple[int, Rows, set[tuple[object, ...]]]:
    """Load an archive; return the number of reasons, the rows, and the answers that are known."""
    with closing(fresh_warehouse()) as con:
        load_answers(con, Archive(settings.archive))
        rows = all_raw_rows(con)
        reasons = len(rows.pop("quarantine"))
        answers = con.sql("select * exclude (outcome, rows, reason) from raw.answers").fetchall()
        [(damaged,)] = con.sql(
            "select count(*) from raw.answers where outcome = 'damaged'"
        ).fetchall()
    return reasons + damaged, rows, set(answers)
