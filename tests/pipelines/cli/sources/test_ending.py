"""The end of a verb that ingests one source: lines for a person, or JSON; and its exit code."""

import json
from dataclasses import dataclass

import pytest
import typer

from pipelines.cli.sources.ending import end_ingest


@dataclass(frozen=True)
class Missed:
    """A request that did not come."""

    what: str
    reason: str


def end(*failures: Missed, as_json: bool) -> int:
    with pytest.raises(typer.Exit) as ended:
        end_ingest({"run_id": "r"}, failures, 7, ["3 models"], as_json=as_json)
    return int(ended.value.exit_code)


def test_a_person_reads_what_came_and_what_is_published(capsys: pytest.CaptureFixture[str]) -> None:
    assert end(as_json=False) == 0
    assert capsys.readouterr().out == "3 models\nGeneration 7 is published.\n"


def test_what_failed_is_said_as_it_is_and_is_the_exit_code(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Words of a source are no markup of ours."""
    assert end(Missed("[b]list[/b]", "no answer"), as_json=True) == 1
    said = capsys.readouterr()
    assert json.loads(said.out) == {
        "run_id": "r",
        "failures": ["[b]list[/b]: no answer"],
        "generation": 7,
    }
    assert "failed [b]list[/b]: no answer" in said.err
