"""What is refused before anything is sent, and how it is said."""

from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from models.loadgen.__main__ import main
from pipelines.simulator.api.serve import serve_in_thread


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--poisson", "5"], "add --requests N"),
        (["--trace", "x.csv", "--requests", "5"], "--limit N"),
        (["--trace", "absent.csv"], "cannot be opened"),
        (
            ["--poisson", "5", "--requests", "5", "--chat", "--token-ids", "9"],
            "--token-ids goes to /completions",
        ),
        (
            ["--poisson", "5", "--requests", "5", "--no-stream", "--ttft-ms", "9"],
            "nobody sees the first token",
        ),
        (
            ["--poisson", "5", "--requests", "5", "--most-tokens", "1"],
            "--max-request-tokens must be at least 2",
        ),
        (
            ["--poisson", "5", "--requests", "5", "--out", "requests.txt"],
            "must end in .parquet or .arrow",
        ),
        (
            ["--poisson", "5", "--requests", "5", "--out", "absent/requests.arrow"],
            "there is no folder absent",
        ),
        (
            ["--poisson", "5", "--requests", "5", "--url", "file:///etc/passwd"],
            "--url must be http or https",
        ),
        (
            ["--poisson", "5", "--requests", "5", "--url", "http://user:secret@host/v1"],
            "neither password nor query",
        ),
        (["--poisson", "5", "--requests", "5", "--url", "http://[::"], "--url is no address"),
    ],
)
def test_options_that_cannot_be_are_refused_before_the_run(
    options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what to do instead."""
    assert main(options) == 1
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    "options", [["--poisson", "0", "--requests", "5"], ["--poisson", "inf", "--requests", "5"], []]
)
def test_options_that_are_no_numbers_are_a_usage_error(options: list[str]) -> None:
    """Exit code 2, as every command's."""
    with pytest.raises(SystemExit, match="2"):
        main(options)


def test_several_models_must_be_chosen_from(capsys: pytest.CaptureFixture[str]) -> None:
    """A server may offer more than one, or speak nonsense."""

    said: list[Any] = [{"data": [{"id": "small"}, {"id": "large\x1b[2J"}]}, {"data": 5}]
    app = Starlette(routes=[Route("/{path:path}", lambda request: JSONResponse(said.pop(0)))])
    with serve_in_thread(app) as url:
        assert main(["--url", url, "--poisson", "5", "--requests", "1"]) == 1
        assert "offers small, large [2J. Name one with --model." in capsys.readouterr().err
        assert main(["--url", url, "--poisson", "5", "--requests", "1"]) == 1
        assert "not a list of models" in capsys.readouterr().err
