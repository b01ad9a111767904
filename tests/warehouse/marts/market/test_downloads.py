"""Downloads: planted trees of bases are followed to their roots, planted counters are recovered."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.marts.compiled_sql import Marts, Row
from support.marts.seeded_hub import AT, FIRST, counter_tables, downloads, model, roots

pytestmark = pytest.mark.slow

QUICK = settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
LONG = settings(QUICK, max_examples=400)
MISSING = "gone/model"
MAX_STEPS = 12
Tree = Mapping[str, Sequence[str]]


def expected(tree: Tree, name: str) -> tuple[set[str], str | None]:
    """Walk a tree step by step; return the names at its ends, and why they are not one root."""
    ends: set[str] = set()
    is_missing = is_circle = is_deep = False
    level, reached = {name}, {name}
    for _ in range(MAX_STEPS):
        following: set[str] = set()
        for node in level:
            bases = tree[node]
            ends |= set() if bases else {node}
            ends |= {base for base in bases if base not in tree}
            is_missing |= any(base not in tree for base in bases)
            following |= {base for base in bases if base in tree}
        level = following
        reached |= level
    is_circle = any(node in ancestors(tree, node) for node in reached)
    is_deep = bool(level)
    for node in level:
        ends |= set() if tree[node] else {node}
        ends |= {base for base in tree[node] if base not in tree}
    reason = (
        "bases in a circle"
        if is_circle
        else "too many steps"
        if is_deep
        else "base not in the list"
        if is_missing
        else "merge of several"
        if len(ends) > 1
        else None
    )
    return ends, reason


def ancestors(tree: Tree, name: str) -> set[str]:
    """Return every model that this one is made from, directly or not."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        new = {base for base in tree[waiting.pop()] if base in tree} - found
        found |= new
        waiting += new
    return found


@st.composite
def trees(draw: st.DrawFn) -> dict[str, list[str]]:
    """Draw models with up to three bases each: circles, merges, and bases that are missing."""
    names = [f"lab/m{number}" for number in range(draw(st.integers(1, 9)))]
    bases = st.lists(st.sampled_from([*names, MISSING]), max_size=3, unique=True)
    return {name: draw(st.one_of(st.just([]), bases)) for name in names}


def follows(compiled: Marts, tree: Tree) -> None:
    """Compare the roots of a whole tree with those found step by step."""
    found = roots(compiled, [model(name, bases, "finetune") for name, bases in tree.items()])
    for name in tree:
        row = found["base", name]
        assert (set(row["end_names"]), row["reason"]) == expected(tree, name), name


@QUICK
@given(tree=trees())
def test_every_tree_is_followed_to_its_roots(compiled: Marts, tree: Tree) -> None:
    follows(compiled, tree)


@pytest.mark.long
@LONG
@given(tree=trees())
def test_many_trees_are_followed_to_their_roots(compiled: Marts, tree: Tree) -> None:
    follows(compiled, tree)


def test_a_walk_has_a_limit(compiled: Marts) -> None:
    """A chain of eleven steps has a root; one of twelve is said to be too long."""
    chain = {f"lab/m{n}": [f"lab/m{n - 1}"] if n else [] for n in range(MAX_STEPS + 1)}
    found = roots(compiled, [model(name, bases, "finetune") for name, bases in chain.items()])
    assert found["base", f"lab/m{MAX_STEPS - 1}"]["reason"] is None
    assert found["base", f"lab/m{MAX_STEPS}"]["reason"] == "too many steps"


def test_a_rename_keeps_the_tree(compiled: Marts) -> None:
    """A base that is stated by its former name, in other case, is the same model."""
    later = AT + timedelta(days=1)
    found = roots(
        compiled,
        [
            model("1", model_id="old/base"),
            model("1", model_id="new/base", fetched_at=later, sha256="t"),
            model("2", ["OLD/Base"], "quantized", model_id="other/copy"),
        ],
    )
    row = found["copy", "2"]
    assert (row["end_names"], row["reason"]) == (["new/base"], None)


def test_a_former_name_that_the_hub_answers_to_leads_on(compiled: Marts) -> None:
    """The model that has it has another name, and was asked for by the former one."""
    asked = [{"name": "old/base", "hub_id": "1", "fetched_at": AT, "reason": None}]
    models = [model("1", model_id="new/base"), model("2", ["Old/Base"], "finetune")]
    row = roots(compiled, models, asked)["base", "2"]
    assert (row["end_names"], row["reason"]) == (["new/base"], None)


@pytest.mark.parametrize(
    ("bases", "reason"),
    [
        (["gone/a"], "base not on the Hub, or private"),
        (["gone/a", "gone/b"], "base asked for, no answer"),
        (["gone/a", "gone/c"], "base not in the list"),
        (["gone/a", "lab/base"], "base not on the Hub, or private"),
    ],
)
def test_a_base_that_is_not_known_has_its_reason(
    compiled: Marts, bases: list[str], reason: str
) -> None:
    """Of several that which a later run may mend; a name that was not asked for is in no list."""
    hidden, failed = "base not on the Hub, or private", "base asked for, no answer"
    asked = [
        {"name": name, "hub_id": None, "fetched_at": AT, "reason": each}
        for name, each in (("gone/a", hidden), ("gone/b", failed))
    ]
    models = [model("lab/base"), model("a/tuned", bases, "finetune")]
    row = roots(compiled, models, asked)["base", "a/tuned"]
    assert (row["end_names"], row["reason"]) == (sorted(bases), reason)


def test_a_copy_is_followed_to_its_original_alone(compiled: Marts) -> None:
    """A quantised fine-tune was released by who fine-tuned it; without a relation nobody knows."""
    found = roots(
        compiled,
        [
            model("lab/base"),
            model("tuner/tuned", ["lab/base"], "finetune"),
            model("copier/copy", ["tuner/tuned"], "quantized"),
            model("someone/made", ["lab/base"]),
        ],
    )
    assert found["copy", "copier/copy"]["end_names"] == ["tuner/tuned"]
    assert found["base", "copier/copy"]["end_names"] == ["lab/base"]
    assert found["copy", "someone/made"]["reason"] == "relation not stated"


def days_of(rows: Mapping[int, Row]) -> list[int | None]:
    """Return the downloads of a model by day."""
    return [rows[day]["downloads"] for day in sorted(rows)]


def usual(days: int, rate: int = 100) -> dict[int, int | None]:
    """Return a counter that grows by as much every day."""
    return {day: 10_000 + rate * day for day in range(days)}


def others(days: int, still: Sequence[int] = ()) -> dict[str, dict[int, int | None]]:
    """Return thirty models, whose counters all stand still on some days."""
    counts = {day: 10_000 + 100 * (day - 1 if day in still else day) for day in range(days)}
    return {f"lab/other{number}": dict(counts) for number in range(30)}


@QUICK
@given(
    growth=st.lists(st.integers(0, 50_000), min_size=3, max_size=9),
    still=st.sets(st.integers(1, 8)),
)
def test_a_stall_is_spread_and_its_sum_kept(
    compiled: Marts, growth: list[int], still: set[int]
) -> None:
    """The sum is what was downloaded, whichever days stand still."""
    days = len(growth) + 1
    stalls = {day for day in still if day < days}
    totals = [1_000 + sum(growth[:day]) for day in range(days)]
    shown: list[int] = []
    for day in range(days):
        shown.append(shown[-1] if day in stalls else totals[day])
    counts = {f"lab/m{number}": dict(enumerate(shown)) for number in range(30)}
    found = downloads(compiled, counts)["lab/m0"]
    known = [row["downloads"] for row in found.values() if row["downloads"] is not None]
    assert sum(known) == shown[-1] - shown[0]
    assert min(known, default=0) >= 0
    spread = [row["downloads"] for row in found.values() if row["is_spread"]]
    # Parts of one count differ by no more than one.
    for booked in {row["booked_on"] for row in found.values()} - {None}:
        parts = [row["downloads"] for row in found.values() if row["booked_on"] == booked]
        assert max(parts) - min(parts) <= 1
    assert len(spread) <= len(known)


def test_a_stall_at_the_end_is_not_known_yet(compiled: Marts) -> None:
    found = downloads(compiled, others(4, still=[3]))["lab/other0"]
    assert days_of(found) == [None, 100, 100, None]
    assert found[3]["reason"] == "stood still"


def test_a_model_that_rests_alone_has_no_downloads(compiled: Marts) -> None:
    """Its counter stands still while those of others move: a day without downloads is 0."""
    counts = {**others(4), "lab/quiet": {0: 500, 1: 500, 2: 500, 3: 510}}
    assert days_of(downloads(compiled, counts)["lab/quiet"]) == [None, 0, 0, 10]


@pytest.mark.parametrize(
    ("counts", "expected_days", "reason"),
    [
        # One slip down, and back above: the slip is not used.
        ([100, 110, 70, 130, 140], [None, 10, 10, 10, 10], None),
        # One count far above what follows.
        ([100, 110, 9000, 130, 140], [None, 10, 10, 10, 10], None),
        # Gone back for good: that day is not known, and counting begins again.
        ([100, 110, 60, 70, 80], [None, 10, None, 10, 10], "counter went back"),
        # Not counted is not zero.
        ([100, 110, 0, 130, 140], [None, 10, 10, 10, 10], None),
        ([0, 0, 130, 140, 150], [None, 10, 10], "first count"),
    ],
)
def test_a_wrong_counter_is_not_used(
    compiled: Marts, counts: list[int], expected_days: list[int | None], reason: str | None
) -> None:
    found = downloads(compiled, {**others(5), "lab/odd": dict(enumerate(counts))})["lab/odd"]
    assert days_of(found) == expected_days
    reasons = {row["reason"] for row in found.values() if row["downloads"] is None}
    assert reasons == {"first count", reason} - {None}


def test_half_a_list_is_spread(compiled: Marts) -> None:
    """A day with half of the models is not used; theirs is spread as that of the others is."""
    counts = others(4)
    for number in range(15):
        del counts[f"lab/other{number}"][2]
    found = downloads(compiled, counts)
    assert days_of(found["lab/other0"]) == days_of(found["lab/other29"]) == [None, 100, 100, 100]
    assert found["lab/other29"][2]["is_spread"]


def test_a_new_model_counts_from_its_beginning(compiled: Marts) -> None:
    """All that a model of three days ever had was downloaded in these three days."""
    born = AT + timedelta(days=1)
    models = [*(model(f"lab/other{n}") for n in range(30)), model("lab/new", created_at=born)]
    counts = {**others(4), "lab/new": {3: 30}}
    assert days_of(downloads(compiled, counts, models=models)["lab/new"]) == [10, 10, 10]


def test_a_name_that_ends_where_another_begins_is_renamed(compiled: Marts) -> None:
    """In files without the Hub's own ids a rename is found by the count, if it is no chance."""
    history = [
        {
            "grain": "model",
            "figure": "all_time",
            "date": FIRST + timedelta(days=day),
            "name": name,
            "downloads": count,
            "licence": "MIT",
            "citation": "somebody",
            "origin": "real",
            "fetched_at": AT,
            "answer_sha256": "file",
        }
        for name, counts in (("a/old", {0: 5000, 1: 5100}), ("b/new", {2: 5100, 3: 5250}))
        for day, count in counts.items()
    ]
    tables = counter_tables({}, models=[], history=history)
    rows = compiled.rows("hub_counters_daily", tables, ("hub_names",))
    assert {row["hub_id"] for row in rows} == {"name:a/old"}
    found = downloads(compiled, {}, history=history)["name:a/old"]
    assert days_of(found) == [None, 100, 0, 150]
