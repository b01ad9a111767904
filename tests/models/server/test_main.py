"""The server's command: its start, and one line of explanation if it cannot start."""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.tier import tiny_checkpoint

from models.server.__main__ import main

ROOT = Path(__file__).resolve().parents[3]
PIPELINE = {"dagster", "duckdb", "polars", "typer", "pipelines", "warehouse", "dashboards"}


def test_the_command_imports_neither_torch_nor_the_pipeline() -> None:
    """Only the engine's process imports torch."""
    code = (
        "import sys, models.server.__main__; "
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    command = [sys.executable, "-c", code]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    imported = set(ended.stdout.split())
    assert "uvicorn" in imported
    assert not imported & {"torch", *PIPELINE}


def test_the_running_server_has_not_loaded_torch(server: Any) -> None:
    """Not even for its first requests."""
    server.post()
    maps = Path(f"/proc/{server.process.pid}/maps").read_text()
    assert "libtorch" not in maps
    assert "libtorch" in Path(f"/proc/{server.engine_process()}/maps").read_text()


def test_one_line_says_that_it_is_ready(server: Any) -> None:
    """The model's name and the address."""
    assert server.log.read_text() == f"tiny is served at {server.url}/v1\n"
    assert server.url.startswith("http://127.0.0.1:")


def _cut_tensors(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:1000])


def _shrink_vocabulary(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"vocab_size": 200}))


def _write(name: str, text: str) -> Callable[[Path], Any]:
    return lambda folder: (folder / name).write_text(text)


def _remove(name: str) -> Callable[[Path], Any]:
    return lambda folder: (folder / name).unlink()


def _leave_as_is(folder: Path) -> None:
    pass


BROKEN: dict[str, tuple[Callable[[Path], Any], list[str], str]] = {
    "no folder": (shutil.rmtree, [], "Name the folder"),
    "no configuration": (_remove("config.json"), [], "Download the whole checkpoint again"),
    "empty configuration": (_write("config.json", "{"), [], "Download it again"),
    "another architecture": (_write("config.json", '{"model_type": "gpt2"}'), [], "Use vLLM"),
    "no tokenizer": (_remove("tokenizer.json"), [], "Download the whole checkpoint again"),
    "broken tokenizer": (_write("tokenizer.json", "{}"), [], "Copy it again"),
    "tokenizer of another model": (_shrink_vocabulary, [], "same checkpoint"),
    "broken template": (
        _write("chat_template.jinja", "{% if %}"),
        [],
        "Download the checkpoint again",
    ),
    "half a model": (_cut_tensors, [], "Download it again"),
    "more ranks than experts": (_leave_as_is, ["--expert-ranks", "3"], "divides 4"),
    "no threads": (_leave_as_is, ["--threads", "0"], "at least 1"),
    "long context": (_leave_as_is, ["--context-tokens", "1000"], "at most that"),
    "no such device": (_leave_as_is, ["--device", "cuda"], "--device cpu"),
    "no such address": (_leave_as_is, ["--host", "203.0.113.1"], "--host"),
    "no such port": (_leave_as_is, ["--port", "70000"], "--port"),
    "no home": (_leave_as_is, ["--home", "/proc/nowhere"], "--home"),
}


@pytest.fixture
def restore_signals() -> Iterator[None]:
    """Restore the signal handlers that `main` replaces."""
    handlers = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)}
    yield
    for each, handler in handlers.items():
        signal.signal(each, handler)


@pytest.mark.usefixtures("restore_signals")
@pytest.mark.parametrize(("damage", "options", "words"), BROKEN.values(), ids=BROKEN.keys())
def test_a_server_that_cannot_start_explains_why(
    damage: Callable[[Path], Any],
    options: list[str],
    words: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One line on stderr with the next step, and exit code 1."""
    folder = tiny_checkpoint(tmp_path / "model")
    damage(folder)
    home = str(tmp_path / "home")
    assert main(["--model", str(folder), "--port", "0", "--home", home, *options]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("tokentide: ")
    assert printed.err.count("\n") == 1
    assert words in printed.err


def test_a_taken_port_is_named(server: Any, checkpoint: Path, tmp_path: Path) -> None:
    """Exit code 1 and one line, as a process."""
    command = [sys.executable, "-m", "models.server", "--model", str(checkpoint)]
    command += ["--port", server.url.rpartition(":")[2], "--home", str(tmp_path)]
    ended = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("tokentide: Cannot listen on 127.0.0.1")
    assert ended.stderr.count("\n") == 1
