"""`tokentide tier add`: a server is looked at, and written into the tier file."""

from pathlib import Path

from support.cli.command import Command
from support.collecting import PAGE
from support.scripted_server import bytes_response, scripted_server

from pipelines.telemetry.config.tier import read_tier


def test_a_server_is_looked_at_and_added(tmp_path: Path) -> None:
    """A dry run only looks; a pair without a sign is refused before anything is asked."""
    tier = tmp_path / "tier.toml"
    command = Command(tmp_path / "home", TOKENTIDE_TIER=str(tier))
    with scripted_server(bytes_response(PAGE)) as server:
        assert "vllm at" in command.run("tier", "add", server.url, "--dry-run").stderr
        assert not tier.exists()
        wrong = command.run("tier", "add", server.url, "--model-map", "m")
        assert wrong.returncode == 1
        assert "should be served=known" in wrong.stderr
        done = command.run("tier", "add", server.url, "--name", "chat", "--model-map", "m=qwen/q")
    assert "[[target]]" in done.stdout
    [target] = read_tier(tier).targets
    assert (target.name, dict(target.model_map)) == ("chat", {"m": "qwen/q"})


def test_a_server_with_a_key_is_looked_at_with_it(tmp_path: Path) -> None:
    """The file names the variable; the key itself is in no file and no output."""
    tier, key = tmp_path / "tier.toml", "Bearer sk-theirs-8c7dd922"
    home = {"TOKENTIDE_TIER": str(tier), "OURS_AUTHORIZATION": key}
    command = Command(tmp_path / "home", **home)
    header = ("--header", "Authorization=OURS_AUTHORIZATION")
    with scripted_server(bytes_response(PAGE)) as server:
        done = command.run("tier", "add", server.url, *header)
        unset = command.run("tier", "add", server.url, "--header", "Authorization=NOT_SET_HERE")
        assert [each.headers["authorization"] for each in server.received] == [key]
    assert unset.returncode == 1
    assert 'headers = { "Authorization" = "OURS_AUTHORIZATION" }' in done.stdout
    [target] = read_tier(tier).targets
    assert dict(target.headers) == {"Authorization": "OURS_AUTHORIZATION"}
    assert "sk-theirs" not in done.stdout + done.stderr + tier.read_text()
