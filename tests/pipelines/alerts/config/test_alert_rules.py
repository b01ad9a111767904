"""Every key of the file belongs to a kind, and every kind is described in the documentation."""

from dataclasses import fields
from pathlib import Path
from typing import get_args

from pipelines.alerts.config.alert_rules import OF_ALL, OF_RECEIVERS, OF_RULES
from pipelines.alerts.config.alert_values import ReceiverKind, RuleKind
from pipelines.alerts.config.alerts_file import AlertRule, Receiver

DOCUMENT = Path(__file__).parents[4] / "docs" / "alerts.md"


def test_each_kind_has_its_keys() -> None:
    assert set(OF_RULES) == set(get_args(RuleKind))
    assert set(OF_RECEIVERS) == set(get_args(ReceiverKind))


def test_each_key_is_of_some_kind() -> None:
    of_rules = {key for keys in OF_RULES.values() for group in keys for key in group}
    assert of_rules | OF_ALL["alert"] == {each.name for each in fields(AlertRule)}
    of_receivers = {key for keys in OF_RECEIVERS.values() for group in keys for key in group}
    names = {"from" if each.name == "sender" else each.name for each in fields(Receiver)}
    assert of_receivers | OF_ALL["receiver"] == names


def test_the_documentation_has_each_kind_and_key() -> None:
    text = DOCUMENT.read_text()
    for kinds in (OF_RULES, OF_RECEIVERS):
        for kind, keys in kinds.items():
            assert f"`{kind}`" in text, kind
            for key in (each for group in keys for each in group):
                assert f"`{key}`" in text, key
