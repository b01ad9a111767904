"""`tokentide report`: the file that is written, and what it refuses.

What is in the file is tested in tests/dashboards/export/.
"""

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.settings import Settings


def run(home: Path, *options: str) -> Any:
    """Run the verb in this process, in this home."""
    return CliRunner(env={"TOKENTIDE_HOME": str(home)}).invoke(app, ["report", *options])


def test_a_report_is_one_file_with_the_named_pages(market: Settings, tmp_path: Path) -> None:
    """The overview comes first, and a page that is named twice is in it once."""
    out = tmp_path / "week.html"
    pages = ("--page", "market", "--page", "data", "--page", "/market")
    done = run(market.home, "-o", str(out), *pages)
    assert done.exit_code == 0, done.exception
    assert " ".join(done.output.split()).endswith("MB, Overview, Market, Data.")
    assert out.read_text().startswith("<!DOCTYPE html>")
    assert [path.name for path in tmp_path.iterdir()] == ["week.html"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("-o", "{folder}/absent/r.html"), "absent is not a folder. Make it"),
        (("-o", "{folder}"), "is a folder. Name a file in it, such as -o "),
        (("-o", "{folder}/r.html", "--page", "no-such"), "There is no page 'no-such'"),
    ],
)
def test_what_cannot_be_written_is_refused(
    market: Settings, tmp_path: Path, options: tuple[str, ...], message: str
) -> None:
    """Nothing is left behind."""
    given = [option.format(folder=tmp_path) for option in options]
    assert message in str(run(market.home, *given).exception)
    assert list(tmp_path.iterdir()) == []


def test_a_home_without_a_generation_is_refused(tmp_path: Path) -> None:
    """The message says how to publish one."""
    error = run(tmp_path / "home", "-o", str(tmp_path / "r.html")).exception
    assert "Run `tokentide ingest market`" in str(error)
    assert not (tmp_path / "r.html").exists()
