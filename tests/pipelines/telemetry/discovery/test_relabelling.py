"""Relabelling: the meaning of each action, and bounds that no label breaks."""

from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.telemetry.config.discover import RelabelAction, RelabelRule
from pipelines.telemetry.discovery.label_sets import (
    MAX_LABELS,
    MAX_NAME,
    MAX_VALUE,
    LabelMap,
    make_label_sets,
)
from pipelines.telemetry.discovery.relabelling import relabel

BASE = {"__address__": "10.0.0.1:8000", "pod": "Chat-0", "zone": "a"}


def apply(labels: LabelMap, *rules: dict[str, Any]) -> LabelMap | None:
    """Return the labels after these rules; None if the target is dropped."""
    [found] = sets = make_label_sets([labels])
    relabel([RelabelRule(**rule) for rule in rules], sets)
    return None if found.is_dropped else found.labels


@pytest.mark.parametrize(
    ("rule", "changed"),
    [
        ({"source_labels": ["pod"], "target_label": "name"}, {"name": "Chat-0"}),
        (
            {
                "source_labels": ["__address__"],
                "regex": r"(.+):\d+",
                "target_label": "__address__",
                "replacement": "${1}:9000",
            },
            {"__address__": "10.0.0.1:9000"},
        ),
        (
            {"source_labels": ["pod", "zone"], "target_label": "both"},
            {"both": "Chat-0;a"},
        ),
        (
            {"source_labels": ["pod", "zone"], "separator": "/", "target_label": "both"},
            {"both": "Chat-0/a"},
        ),
        ({"source_labels": ["pod"], "regex": "no", "target_label": "name"}, {}),
        ({"source_labels": ["none"], "target_label": "zone"}, {"zone": None}),
        ({"target_label": "zone", "replacement": "b"}, {"zone": "b"}),
        (
            {"source_labels": ["zone"], "target_label": "in_$1", "replacement": "yes"},
            {"in_a": "yes"},
        ),
        ({"action": "lowercase", "source_labels": ["pod"], "target_label": "p"}, {"p": "chat-0"}),
        ({"action": "uppercase", "source_labels": ["pod"], "target_label": "p"}, {"p": "CHAT-0"}),
        (
            {"action": "labelmap", "regex": "(po)d", "replacement": "${1}rt"},
            {"port": "Chat-0"},
        ),
        ({"action": "labeldrop", "regex": "zo.*"}, {"zone": None}),
        ({"action": "labelkeep", "regex": "__address__|pod"}, {"zone": None}),
        # What Prometheus itself gives for this value: the last eight bytes of its MD5.
        (
            {
                "action": "hashmod",
                "source_labels": ["zone"],
                "target_label": "shard",
                "modulus": 1000,
            },
            {"shard": str(0x31C399E269772661 % 1000)},
        ),
    ],
)
def test_a_rule_changes_labels(rule: dict[str, Any], changed: dict[str, str | None]) -> None:
    expected = {name: value for name, value in {**BASE, **changed}.items() if value is not None}
    assert apply(BASE, rule) == expected


@pytest.mark.parametrize(
    ("rule", "is_kept"),
    [
        ({"action": "keep", "source_labels": ["zone"], "regex": "a|b"}, True),
        ({"action": "keep", "source_labels": ["zone"], "regex": "b"}, False),
        ({"action": "drop", "source_labels": ["zone"], "regex": "a"}, False),
        ({"action": "drop", "source_labels": ["none"], "regex": ".+"}, True),
        ({"action": "keepequal", "source_labels": ["zone"], "target_label": "pod"}, False),
        ({"action": "dropequal", "source_labels": ["zone"], "target_label": "pod"}, True),
        ({"action": "dropequal", "source_labels": ["zone"], "target_label": "zone"}, False),
    ],
)
def test_a_rule_drops_targets(rule: dict[str, Any], is_kept: bool) -> None:
    assert (apply(BASE, rule) is not None) is is_kept


def test_rules_follow_each_other() -> None:
    """A target that is dropped is not looked at again, and the others go on."""
    sets = make_label_sets([{"a": "1"}, {"a": "2"}])
    rules = [
        RelabelRule(action="drop", source_labels=("a",), regex="1"),
        RelabelRule(source_labels=("a",), target_label="b"),
        RelabelRule(source_labels=("b",), target_label="c", replacement="${1}$1"),
    ]
    relabel(rules, sets)
    assert [(each.is_dropped, each.labels) for each in sets] == [
        (True, {"a": "1"}),
        (False, {"a": "2", "b": "2", "c": "22"}),
    ]


def test_rules_that_let_labels_grow_end_at_a_bound() -> None:
    """Each doubles a value: after thirty of them it would have a billion characters."""
    [found] = sets = make_label_sets([{"a": "x"}])
    relabel([RelabelRule(source_labels=("a",), target_label="a", replacement="$1$1")] * 30, sets)
    assert "longer" in found.problem
    assert len(found.labels["a"]) <= MAX_VALUE
    [found] = sets = make_label_sets([{f"l{number}": "x" for number in range(200)}])
    relabel([RelabelRule(action="labelmap", regex="(.*)", replacement="x$1")], sets)
    assert found.problem == f"has more than {MAX_LABELS} labels"


NAMES = st.sampled_from(["__address__", "a", "b", "a.b", "größe", "x\n", "$1", "\\1"])
VALUES = st.text(max_size=40)
TEMPLATES = st.text("a$1{}\\0_b:2", max_size=12)
RULES = st.fixed_dictionaries(
    {
        "action": st.sampled_from(get_args(RelabelAction)),
        "source_labels": st.lists(NAMES, max_size=3),
        "separator": st.sampled_from([";", "", "$1"]),
        "regex": st.sampled_from(["(.*)", "(a+)+", "", "(.)(.*)", "[^a]*", "(?:x|(y))*"]),
        "target_label": TEMPLATES,
        "replacement": TEMPLATES,
        "modulus": st.integers(1, 9),
    }
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.dictionaries(NAMES, VALUES, max_size=4), min_size=1, max_size=4),
    st.lists(RULES, max_size=4),
)
def test_whatever_the_labels_rules_keep_their_bounds(
    listed: list[LabelMap], given_rules: list[dict[str, Any]]
) -> None:
    """Nothing raises; one target does not depend on the others; no label is empty or too long."""
    rules = [RelabelRule(**each) for each in given_rules]
    together = make_label_sets(listed)
    relabel(rules, together)
    for labels, found in zip(listed, together, strict=True):
        [alone] = single = make_label_sets([labels])
        relabel(rules, single)
        assert alone == found
        assert all(found.labels.values())
        assert found.problem or all(
            len(name) <= MAX_NAME and len(value) <= MAX_VALUE
            for name, value in found.labels.items()
        )
