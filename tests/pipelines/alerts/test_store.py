"""State of alerts: one row for each opening, one notification for each change and receiver."""

import re
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from pipelines.alerts.config.alerts_file import AlertsFile, parse_alerts
from pipelines.alerts.notifications import Notification
from pipelines.alerts.observing import RuleResult
from pipelines.alerts.recording import MAX_WAITING, JudgedGeneration
from pipelines.alerts.store import AlertStore
from pipelines.alerts.transitions import Observation
from pipelines.publish.generations import GenerationInfo

NOW = datetime(2026, 6, 20, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DOCUMENT = Path(__file__).parents[3] / "docs" / "alerts.md"
FILE = parse_alerts(
    """
[[receiver]]
name = "ops"
kind = "webhook"
url = "http://127.0.0.1:9"
[[receiver]]
name = "boss"
kind = "webhook"
url = "http://127.0.0.1:9"
[[alert]]
name = "down"
kind = "target_down"
[[alert]]
name = "flips"
kind = "claim_flipped"
send_to = ["boss"]
[[alert]]
name = "spent"
kind = "budget_passed"
usd = 5
per = "day"
"""
)
DOWN, FLIPS, SPENT = FILE.rules


@pytest.fixture
def store(tmp_path: Path) -> AlertStore:
    """Return an empty store."""
    return AlertStore(tmp_path / "home" / "alerts.sqlite")


def seen(**states: bool | None) -> RuleResult:
    """Return targets that are down (True), up (False) or unknown."""
    return result(DOWN, states)


def result(rule: object, states: dict[str, bool | None]) -> RuleResult:
    observations = tuple(Observation(name, state, f"{name} is") for name, state in states.items())
    return RuleResult(rule, observations)  # type: ignore[arg-type]


def record(
    store: AlertStore,
    results: Sequence[RuleResult],
    minutes: float = 0,
    published: float | None = None,
    file: AlertsFile = FILE,
) -> list[tuple[str, str]]:
    """Record a check some minutes later; return event and subject of what changed."""
    now = NOW + minutes * MINUTE
    at = now if published is None else NOW + published * MINUTE
    judged = JudgedGeneration(GenerationInfo(1, at), "data_api")
    return [(each.event, each.subject) for each in store.record(file, results, judged, now)]


def sent_to(store: AlertStore, receiver: str) -> list[list[tuple[str, str]]]:
    """Return event and subject of each waiting notification of a receiver."""
    return [
        [(each["event"], each["subject"]) for each in found.body["alerts"]]
        for found in store.find_due(None).get(receiver, [])
    ]


def test_an_alert_opens_closes_and_opens_again(store: AlertStore) -> None:
    """Each time with a row and a notification; in between, nothing is doubled."""
    assert record(store, [seen(a=True)]) == [("firing", "a")]
    assert record(store, [seen(a=True)], 1) == []
    assert record(store, [seen(a=None)], 2) == []
    assert record(store, [seen(a=False)], 3) == [("resolved", "a")]
    assert record(store, [seen(a=True)], 4) == [("firing", "a")]
    expected = [[("firing", "a")], [("resolved", "a")], [("firing", "a")]]
    assert sent_to(store, "ops") == sent_to(store, "boss") == expected
    rows = store.list_alerts(with_closed=True)
    assert [row["state"] for row in rows] == ["firing", "resolved"]
    assert [row["subject"] for row in store.list_alerts()] == ["a"]


def test_all_changes_of_a_check_are_one_notification(store: AlertStore) -> None:
    record(store, [seen(a=True, b=True)])
    assert sent_to(store, "ops") == [[("firing", "a"), ("firing", "b")]]


def test_a_long_list_names_some_and_counts_the_rest(store: AlertStore) -> None:
    record(store, [seen(**{f"t{number}": True for number in range(300)})])
    [found] = store.find_due(None)["ops"]
    assert len(found.body["lines"]) == 21
    assert found.body["lines"][-1].startswith("and 280 more")
    assert len(found.body["alerts"]) == 200
    assert found.body["title"] == "Tokentide: 300 firing"


def test_what_is_no_longer_observed_is_closed(store: AlertStore) -> None:
    """Of a target that is news; of a day's budget it is not, once the day has passed."""
    record(store, [seen(a=True), result(SPENT, {"day 1": True})])
    assert record(store, [seen(), result(SPENT, {})], 1) == [("expired", "a")]
    assert store.list_alerts() == []


def test_a_rule_that_cannot_be_judged_changes_nothing(store: AlertStore) -> None:
    record(store, [seen(a=True)])
    assert record(store, [RuleResult(DOWN, reason="no table")], 1) == []
    assert len(store.list_alerts()) == 1


def test_alerts_of_a_rule_that_left_the_file_are_closed_in_silence(store: AlertStore) -> None:
    record(store, [seen(a=True)])
    record(store, [], 1, file=AlertsFile())
    assert store.list_alerts() == []
    assert len(store.find_due(None)["ops"]) == 1


def test_an_older_generation_does_not_undo_what_a_newer_one_showed(store: AlertStore) -> None:
    """Of two processes the slower one may have judged the older file."""
    record(store, [seen(a=True)], 5)
    assert record(store, [seen(a=False)], 6, published=4) == []
    assert record(store, [seen(a=False)], 7, published=5) == [("resolved", "a")]


def test_a_flip_goes_to_the_receivers_of_its_rule(store: AlertStore) -> None:
    """It is listed while it is observed, and expires in silence."""
    assert record(store, [result(FLIPS, {"five all 06-20": True})]) == [
        ("firing", "five all 06-20")
    ]
    assert record(store, [result(FLIPS, {"five all 06-20": True})], 2) == []
    assert record(store, [result(FLIPS, {})], 8 * 24 * 60) == []
    assert store.list_alerts() == []
    assert "ops" not in store.find_due(None)
    assert len(store.find_due(None)["boss"]) == 1


def test_a_failure_is_tried_again_each_time_later_and_in_order(store: AlertStore) -> None:
    record(store, [seen(a=True)])
    record(store, [seen(a=False)], 1)
    first, second = store.find_due(NOW + 2 * MINUTE)["ops"]
    store.note_failed(first, "it answered 503", NOW)
    assert "ops" not in store.find_due(NOW + timedelta(seconds=29))
    assert store.find_due(NOW + 2 * MINUTE)["ops"] == [first, second]
    assert store.find_due(None)["ops"] == [first, second]
    store.note_failed(first, "it answered 503", NOW)
    assert "ops" not in store.find_due(NOW + timedelta(seconds=59))
    [waiting, *_] = [each for each in store.list_waiting() if each["receiver"] == "ops"]
    assert (waiting["attempts"], waiting["last_error"]) == (2, "it answered 503")
    store.note_sent(first, NOW)
    assert store.find_due(None)["ops"] == [second]


def test_a_receiver_that_is_gone_for_a_day_is_given_up(store: AlertStore) -> None:
    record(store, [seen(a=True)])
    [found] = store.find_due(None)["ops"]
    store.note_failed(found, "gone", NOW + timedelta(hours=25))
    assert "ops" not in store.find_due(None)


def test_what_waits_is_bounded(store: AlertStore) -> None:
    """Of a target that flaps while its receiver is down, the newest changes are kept."""
    for minute in range(MAX_WAITING + 10):
        record(store, [seen(a=minute % 2 == 0)], minute)
    assert len(store.find_due(None)["ops"]) == MAX_WAITING


def test_state_is_forgotten_after_its_time(store: AlertStore) -> None:
    record(store, [seen(a=True)])
    record(store, [seen(a=False)], 1)
    for found in store.find_due(None)["ops"] + store.find_due(None)["boss"]:
        store.note_sent(found, NOW)
    record(store, [seen()], 60 * 24 * 401)
    assert store.list_alerts(with_closed=True) == []
    with sqlite3.connect(store.path) as con:
        assert con.execute("select count(*) from notifications").fetchone() == (0,)
    con.close()


def test_the_query_of_the_documentation_reads_the_rows(store: AlertStore) -> None:
    """Also while the store is open elsewhere; its table of columns is whole."""
    record(store, [seen(a=True)])
    text = DOCUMENT.read_text()
    [query] = re.findall(r'sqlite3 -readonly \S+ "([^"]+)"', text)
    con = sqlite3.connect(f"file:{store.path}?mode=ro", uri=True)
    [row] = con.execute(query).fetchall()
    assert row[:3] == ("down", "a", "firing")
    columns = [name for _, name, *_ in con.execute("pragma table_info(alerts)")]
    con.close()
    assert all(f"`{name}`" in text for name in columns)


STATES = st.dictionaries(st.sampled_from("abc"), st.sampled_from([True, False, None]), max_size=3)


@hypothesis_settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(STATES, st.booleans()), max_size=10))
def test_each_change_is_notified_of_once(rounds: list[tuple[dict[str, bool | None], bool]]) -> None:
    """As many as changes, in turn, for any observations and any times of sending."""
    with TemporaryDirectory() as folder:
        store = AlertStore(Path(folder) / "alerts.sqlite")
        received: list[Notification] = []
        expected = []
        for minute, (states, is_sent) in enumerate(rounds):
            expected += record(store, [result(DOWN, states)], minute)
            if is_sent:
                received += take_all(store)
        received += take_all(store)
    events = [
        (each["event"], each["subject"]) for found in received for each in found.body["alerts"]
    ]
    assert events == expected
    assert len({each.notification_id for each in received}) == len(received)
    for subject in "abc":
        turns = [event == "firing" for event, name in events if name == subject]
        assert turns == [place % 2 == 0 for place in range(len(turns))]


def take_all(store: AlertStore) -> list[Notification]:
    """Send everything that waits for one receiver."""
    found = store.find_due(None).get("ops", [])
    for each in found:
        store.note_sent(each, NOW)
    return found
