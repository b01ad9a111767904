"""Alerts open and close in turn, whatever is observed; what is unknown changes nothing."""

from hypothesis import given
from hypothesis import strategies as st

from pipelines.alerts.transitions import AlertTransition, Observation, clean, find_transitions

SUBJECTS = st.sampled_from(["a", "b", "c"])
ROUNDS = st.lists(
    st.dictionaries(SUBJECTS, st.sampled_from([True, False, None]), max_size=3), max_size=12
)


def observed(states: dict[str, bool | None]) -> list[Observation]:
    return [Observation(subject, state, subject) for subject, state in states.items()]


def follow(rounds: list[dict[str, bool | None]]) -> tuple[set[str], list[list[AlertTransition]]]:
    """Apply rounds of observations; return what fires at the end, and the changes of each round."""
    firing: set[str] = set()
    changes = []
    for states in rounds:
        found = find_transitions(firing, observed(states))
        for each in found:
            if each.event == "firing":
                assert each.subject not in firing
                firing.add(each.subject)
            else:
                assert each.subject in firing
                firing.remove(each.subject)
        changes.append(found)
    return firing, changes


@given(ROUNDS)
def test_an_alert_opens_and_closes_in_turn(rounds: list[dict[str, bool | None]]) -> None:
    """Each subject changes once a round at most, and what is known decides its state."""
    firing, changes = follow(rounds)
    for found in changes:
        subjects = [each.subject for each in found]
        assert len(subjects) == len(set(subjects))
    for subject, state in (rounds[-1] if rounds else {}).items():
        if state is not None:
            assert (subject in firing) is state
    assert firing <= set(rounds[-1] if rounds else ())


@given(ROUNDS)
def test_the_same_again_changes_nothing(rounds: list[dict[str, bool | None]]) -> None:
    _, changes = follow([each for each in rounds for _ in range(2)])
    assert all(not found for found in changes[1::2])


@given(ROUNDS)
def test_what_is_unknown_opens_and_closes_nothing(rounds: list[dict[str, bool | None]]) -> None:
    unknown: list[dict[str, bool | None]] = [dict.fromkeys("abc") for _ in range(3)]
    before, _ = follow(rounds)
    after, changes = follow([*rounds, *unknown])
    assert after == before
    assert not any(changes[len(rounds) :])


@given(st.text(max_size=900))
def test_a_text_is_cleaned_to_one_bounded_line(text: str) -> None:
    found = clean(text)
    assert not found or found.isprintable()
    assert len(found) <= 400
    assert clean(found) == found
