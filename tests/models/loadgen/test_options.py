"""The command line: contradictions, wrong values, and examples that parse."""

import shlex

import pytest

from models.errors import BadConfig
from models.loadgen.__main__ import main
from models.loadgen.options import EXAMPLES, PROG, check_options, make_parser

POISSON = ["--poisson", "5", "--requests", "5"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--poisson", "5"], "add --requests N"),
        (["--trace", "x.csv", "--requests", "5"], "--limit N"),
        ([*POISSON, "--chat", "--token-ids", "9"], "--token-ids works with /completions"),
        ([*POISSON, "--no-stream", "--ttft-ms", "9"], "no first token to time"),
        ([*POISSON, "--max-request-tokens", "1"], "--max-request-tokens must be at least 2"),
        ([*POISSON, "--out", "requests.txt"], "must end in .parquet or .arrow"),
        ([*POISSON, "--out", "absent/requests.arrow"], "there is no folder absent"),
    ],
)
def test_contradictions_are_refused(options: list[str], words: str) -> None:
    """With the option to change."""
    with pytest.raises(BadConfig, match=words):
        check_options(make_parser().parse_args(options))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--trace", "absent.csv"], "cannot be opened"),
        ([*POISSON, "--url", "file:///etc/passwd"], "--url must be http or https"),
        ([*POISSON, "--url", "http://user:secret@host/v1"], "neither password nor query"),
        ([*POISSON, "--url", "http://[::"], "--url is not an address"),
        ([*POISSON, "--max-request-tokens", "1"], "at least 2"),
    ],
)
def test_errors_before_the_test_are_one_line(
    options: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """On stderr, with exit code 1."""
    assert main(options) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("tokentide: ")
    assert words in printed.err


@pytest.mark.parametrize(
    "options", ["--poisson 0 --requests 5", "--poisson inf --requests 5", "--limit 0", ""]
)
def test_wrong_values_are_usage_errors(options: str) -> None:
    """Exit code 2, like any command."""
    with pytest.raises(SystemExit, match="2"):
        make_parser().parse_args(options.split())


def test_both_spellings_of_the_token_limit_are_known() -> None:
    """Scripts may still use the old one."""
    for name in ("--max-request-tokens", "--most-tokens"):
        options = make_parser().parse_args([*POISSON, name, "99", "--max-tokens", "7"])
        assert (options.max_request_tokens, options.max_tokens) == (99, 7)


@pytest.mark.parametrize("prog", [PROG, "tokentide load"])
def test_help_shows_the_command_that_was_called(
    prog: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both in its usage and in its examples."""
    with pytest.raises(SystemExit, match="0"):
        make_parser(prog).parse_args(["--help"])
    text = capsys.readouterr().out
    assert text.startswith(f"usage: {prog} [")
    assert EXAMPLES % {"prog": prog} in text


def test_examples_parse() -> None:
    """Each of them is a command with valid options."""
    text = (EXAMPLES % {"prog": "load"}).replace("\\\n", "")
    commands = [line.strip() for line in text.splitlines() if line.startswith("  load")]
    assert len(commands) == 3
    for command in commands:
        check_options(make_parser().parse_args(shlex.split(command)[1:]))
