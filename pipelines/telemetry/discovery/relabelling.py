"""Relabelling: rules that change the labels of targets, or drop targets, as Prometheus' do.

A rule works on all label sets at once, so its expression is compiled once for a list.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from pipelines.telemetry.collector.shard import hash_number
from pipelines.telemetry.config.discover import ANY_VALUE, RelabelAction, RelabelRule
from pipelines.telemetry.config.patterns import (
    Template,
    capture_group,
    match_values,
    parse_template,
)
from pipelines.telemetry.discovery.label_sets import MAX_VALUE, LabelSet

TOO_LONG = f"has a label that a rule made longer than {MAX_VALUE} characters"


def relabel(rules: Iterable[RelabelRule], label_sets: Sequence[LabelSet]) -> None:
    """Apply the rules, in order, to these label sets."""
    for rule in rules:
        if alive := [each for each in label_sets if each.is_alive]:
            ACTIONS[rule.action](rule, alive)


def _replace(rule: RelabelRule, sets: list[LabelSet]) -> None:
    values = _joined(rule, sets)
    matches = match_values(rule.regex, values)
    found = [
        pair
        for pair, is_match in zip(zip(sets, values, strict=True), matches, strict=True)
        if is_match
    ]
    templates = [parse_template(each, rule.regex) for each in (rule.target_label, rule.replacement)]
    groups = {
        group: capture_group(rule.regex, group, [value for _, value in found])
        for group in templates[0].groups | templates[1].groups
    }
    for index, (labels, _) in enumerate(found):
        of_set = {group: texts[index] for group, texts in groups.items()}
        name, value = (_expand(template, of_set) for template in templates)
        if name is None or value is None:
            labels.problem = TOO_LONG
        elif name:
            labels.set(name, value)


def _expand(template: Template, groups: Mapping[int, str]) -> str | None:
    """Fill in a template; None if the text would be too long."""
    parts = [groups[part] if isinstance(part, int) else part for part in template.parts]
    return "".join(parts) if sum(map(len, parts)) <= MAX_VALUE else None


def _keep(rule: RelabelRule, sets: list[LabelSet]) -> None:
    for labels, is_match in _matched(rule, sets):
        labels.is_dropped = not is_match


def _drop(rule: RelabelRule, sets: list[LabelSet]) -> None:
    for labels, is_match in _matched(rule, sets):
        labels.is_dropped = is_match


def _keep_equal(rule: RelabelRule, sets: list[LabelSet]) -> None:
    for labels, value in zip(sets, _joined(rule, sets), strict=True):
        labels.is_dropped = labels.get(rule.target_label) != value


def _drop_equal(rule: RelabelRule, sets: list[LabelSet]) -> None:
    for labels, value in zip(sets, _joined(rule, sets), strict=True):
        labels.is_dropped = labels.get(rule.target_label) == value


def _lower(rule: RelabelRule, sets: list[LabelSet]) -> None:
    for labels, value in zip(sets, _joined(rule, sets), strict=True):
        labels.set(rule.target_label, value.lower())


def _upper(rule: RelabelRule, sets: list[LabelSet]) -> None:
    for labels, value in zip(sets, _joined(rule, sets), strict=True):
        labels.set(rule.target_label, value.upper())


def _hash(rule: RelabelRule, sets: list[LabelSet]) -> None:
    for labels, value in zip(sets, _joined(rule, sets), strict=True):
        labels.set(rule.target_label, str(hash_number(value) % rule.modulus))


def _map_names(rule: RelabelRule, sets: list[LabelSet]) -> None:
    names = _matching_names(rule, sets)
    template = parse_template(rule.replacement, rule.regex)
    groups = {group: capture_group(rule.regex, group, names) for group in template.groups}
    renamed = {
        name: _expand(template, {group: texts[index] for group, texts in groups.items()})
        for index, name in enumerate(names)
    }
    for labels in sets:
        for name, value in sorted(labels.labels.items()):
            new = renamed.get(name, "")
            if new is None:
                labels.problem = TOO_LONG
            elif new:
                labels.set(new, value)


def _drop_names(rule: RelabelRule, sets: list[LabelSet]) -> None:
    names = set(_matching_names(rule, sets))
    for labels in sets:
        labels.labels = {name: each for name, each in labels.labels.items() if name not in names}


def _keep_names(rule: RelabelRule, sets: list[LabelSet]) -> None:
    names = set(_matching_names(rule, sets))
    for labels in sets:
        labels.labels = {name: each for name, each in labels.labels.items() if name in names}


def _joined(rule: RelabelRule, sets: list[LabelSet]) -> list[str]:
    return [rule.separator.join(map(each.get, rule.source_labels)) for each in sets]


def _matched(rule: RelabelRule, sets: list[LabelSet]) -> Iterable[tuple[LabelSet, bool]]:
    values = _joined(rule, sets)
    return zip(sets, match_values(rule.regex, values), strict=True)


def _matching_names(rule: RelabelRule, sets: list[LabelSet]) -> list[str]:
    names = sorted({name for each in sets for name in each.labels})
    if rule.regex == ANY_VALUE:
        return names
    return [name for name, fits in zip(names, match_values(rule.regex, names), strict=True) if fits]


ACTIONS: Mapping[RelabelAction, Callable[[RelabelRule, list[LabelSet]], None]] = {
    "replace": _replace,
    "keep": _keep,
    "drop": _drop,
    "keepequal": _keep_equal,
    "dropequal": _drop_equal,
    "hashmod": _hash,
    "labelmap": _map_names,
    "labeldrop": _drop_names,
    "labelkeep": _keep_names,
    "lowercase": _lower,
    "uppercase": _upper,
}
