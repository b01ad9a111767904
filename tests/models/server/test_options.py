"""The command line: an option for every setting, and examples that parse."""

from dataclasses import fields
from pathlib import Path

import pytest

from models.config import EngineConfig
from models.server.options import ENGINE_HELP, EXAMPLES, PROG, engine_config, make_parser


def test_every_setting_of_the_engine_has_an_option() -> None:
    """Without options they are the defaults."""
    assert engine_config(make_parser().parse_args([])) == EngineConfig()
    assert set(ENGINE_HELP) == {field.name for field in fields(EngineConfig)}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("--expert-ranks 2 --expert-waves 4", EngineConfig(expert_ranks=2, expert_waves=4)),
        ("--expert-schedule comet", EngineConfig(expert_schedule="comet")),
        ("--expert-schedule fused", EngineConfig(expert_schedule="fused")),
        ("--no-prefix-caching", EngineConfig(prefix_caching=False)),
        ("--context-tokens 99", EngineConfig(context_tokens=99)),
        ("--kv-cache-dtype int8", EngineConfig(kv_cache_dtype="int8")),
        ("--kv-cache-memory-bytes 4096", EngineConfig(kv_cache_memory_bytes=4096)),
        (
            "--host-cache-gib 0.5 --disk-cache kept --disk-cache-gib 2",
            EngineConfig(host_cache_gib=0.5, disk_cache=Path("kept"), disk_cache_gib=2),
        ),
        ("--rated-watts 12.5", EngineConfig(rated_watts=12.5)),
        ("--speculation async-draft", EngineConfig(speculation="async-draft")),
        (
            "--draft-confidence-threshold 0.25 --draft-tokens 4",
            EngineConfig(draft_tokens=4, draft_confidence_threshold=0.25),
        ),
    ],
)
def test_options_have_the_types_of_their_settings(arguments: str, expected: EngineConfig) -> None:
    """Numbers, choices and switches."""
    assert engine_config(make_parser().parse_args(arguments.split())) == expected


@pytest.mark.parametrize(
    "arguments", ["--device tpu", "--threads many", "--max-waiting -1", "--no-such-option"]
)
def test_wrong_options_are_usage_errors(arguments: str) -> None:
    """Exit code 2, like any command."""
    with pytest.raises(SystemExit, match="2"):
        make_parser().parse_args(arguments.split())


@pytest.mark.parametrize("prog", [PROG, "tokentide serve"])
def test_help_shows_the_command_that_was_called(
    capsys: pytest.CaptureFixture[str], prog: str
) -> None:
    """Both in its usage and in its examples."""
    with pytest.raises(SystemExit, match="0"):
        make_parser(prog).parse_args(["--help"])
    text = capsys.readouterr().out
    assert text.startswith(f"usage: {prog} [")
    assert EXAMPLES % {"prog": prog} in text


def test_examples_parse() -> None:
    """Each of them is a command with valid options."""
    lines = (EXAMPLES % {"prog": "serve"}).splitlines()
    commands = [line.split()[1:] for line in lines if line.startswith("  serve")]
    assert len(commands) == 10
    for arguments in commands:
        assert engine_config(make_parser().parse_args(arguments))
