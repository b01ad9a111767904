"""From start to end: what keeps a server from starting, who leaves, what ends it, and what is told of each."""

import json
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from support.tier import tiny_checkpoint

from models.config import EngineConfig
from models.server.__main__ import main
from models.server.options import ENGINE_HELP, EXAMPLES, engine_config, make_parser

ROOT = Path(__file__).resolve().parents[3]
LONG = {"prompt": "def", "max_tokens": 250, "ignore_eos": True}
ENDLESS = LONG | {"max_tokens": 8000}


def run(*options: str) -> "subprocess.CompletedProcess[str]":
    arguments = [sys.executable, "-m", "models.server", *options]
    return subprocess.run(
        arguments, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


def test_the_server_knows_nothing_of_torch_or_the_pipeline() -> None:
    """Torch is the engine process's alone; the tier imports none of the other half."""
    code = "import sys, models.server.__main__; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert "uvicorn" in loaded
    assert not {
        "torch",
        "dagster",
        "duckdb",
        "polars",
        "typer",
        "pipelines",
        "warehouse",
        "dashboards",
    } & set(loaded)


def test_the_running_server_has_no_torch(server: Any) -> None:
    """Nor does it load it later."""
    maps = Path(f"/proc/{server.process.pid}/maps").read_text()
    assert "libtorch" not in maps
    assert "libtorch" in Path(f"/proc/{server.engine_process()}/maps").read_text()


def test_the_ready_line_is_one(server: Any) -> None:
    """The name and where it is served."""
    assert server.log.read_text() == f"tiny is served at {server.url}/v1\n"
    assert server.url.startswith("http://127.0.0.1:")


def test_every_option_of_the_engine_can_be_asked_for() -> None:
    """No field of EngineConfig lacks an option and its help; without options they are its defaults."""
    parser = make_parser()
    assert engine_config(parser.parse_args([])) == EngineConfig()
    assert set(ENGINE_HELP) == {field.name for field in fields(EngineConfig)}
    asked = [
        "--expert-ranks",
        "2",
        "--expert-schedule",
        "comet",
        "--expert-waves",
        "4",
        "--no-prefix-caching",
        "--context-tokens",
        "99",
    ]
    expected = EngineConfig(
        expert_ranks=2,
        expert_schedule="comet",
        expert_waves=4,
        prefix_caching=False,
        context_tokens=99,
    )
    assert engine_config(parser.parse_args(asked)) == expected
    assert EngineConfig(rated_watts=12.5) == engine_config(
        parser.parse_args(["--rated-watts", "12.5"])
    )


def test_help_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    """And they are options that there are."""
    with pytest.raises(SystemExit, match="0"):
        make_parser().parse_args(["--help"])
    assert EXAMPLES in capsys.readouterr().out
    for line in EXAMPLES.splitlines()[1:]:
        words = line.removeprefix("  python -m models.server").partition("   ")[0].split()
        assert make_parser().parse_args(words)


def _half_a_model(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes((folder / "model.safetensors").read_bytes()[:1000])


def _another_tokenizer(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"vocab_size": 200}))


BROKEN: dict[str, tuple[Callable[[Path], Any], list[str], str]] = {
    "no folder": (shutil.rmtree, [], "Name the folder"),
    "no configuration": (
        lambda folder: (folder / "config.json").unlink(),
        [],
        "Download the checkpoint again",
    ),
    "configuration of nothing": (
        lambda folder: (folder / "config.json").write_text("{"),
        [],
        "Download it again",
    ),
    "another architecture": (
        lambda folder: (folder / "config.json").write_text('{"model_type": "gpt2"}'),
        [],
        "Use vLLM",
    ),
    "no tokenizer": (
        lambda folder: (folder / "tokenizer.json").unlink(),
        [],
        "Download the checkpoint again",
    ),
    "broken tokenizer": (
        lambda folder: (folder / "tokenizer.json").write_text("{}"),
        [],
        "Copy it again",
    ),
    "tokenizer of another model": (_another_tokenizer, [], "same checkpoint"),
    "broken template": (
        lambda folder: (folder / "chat_template.jinja").write_text("{% if %}"),
        [],
        "Download the checkpoint again",
    ),
    "half a model": (_half_a_model, [], "Download it again"),
    "more ranks than experts": (lambda folder: None, ["--expert-ranks", "3"], "divides 4"),
    "no threads": (lambda folder: None, ["--threads", "0"], "at least 1"),
    "too long a context": (lambda folder: None, ["--context-tokens", "1000"], "at most that"),
    "no such device": (lambda folder: None, ["--device", "cuda"], "--device cpu"),
    "no such address": (lambda folder: None, ["--host", "203.0.113.1"], "--host"),
    "no such port": (lambda folder: None, ["--port", "70000"], "--port"),
    "no home": (lambda folder: None, ["--home", "/proc/nowhere"], "--home"),
}


@pytest.mark.parametrize(("breaking", "options", "words"), BROKEN.values(), ids=BROKEN.keys())
def test_what_cannot_start_says_why(
    breaking: Callable[[Path], Any],
    options: list[str],
    words: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    keep_signals: None,
) -> None:
    """One line with the next step, and exit code 1. `main` can be called by another command."""
    folder = tiny_checkpoint(tmp_path / "model")
    breaking(folder)
    assert (
        main(["--model", str(folder), "--port", "0", "--home", str(tmp_path / "home"), *options])
        == 1
    )
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("tokentide: ")
    assert said.err.count("\n") == 1
    assert words in said.err


@pytest.fixture
def keep_signals() -> Iterator[None]:
    """`main` takes the signals of its process; give them back."""
    before = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)}
    yield
    for each, handler in before.items():
        signal.signal(each, handler)


def test_a_taken_port(server: Any, checkpoint: Path, tmp_path: Path) -> None:
    """Exit code 1 and one line, as a process."""
    port = server.url.rpartition(":")[2]
    found = run("--model", str(checkpoint), "--port", port, "--home", str(tmp_path))
    assert (found.returncode, found.stdout) == (1, "")
    assert found.stderr.startswith("tokentide: Cannot listen on 127.0.0.1")
    assert found.stderr.count("\n") == 1


def test_whoever_leaves_is_aborted_soon(server: Any) -> None:
    """A client that goes, while its answer streams or before it comes, leaves nothing running."""
    for is_stream in (True, False):
        before = server.sample("vllm:request_success_total", finished_reason="abort")
        body = {"model": "tiny", "stream": is_stream} | LONG
        with httpx.Client(timeout=0.5 if is_stream else 0.05) as client:
            if is_stream:
                with client.stream("POST", f"{server.url}/v1/completions", json=body) as answer:
                    next(answer.iter_lines())
            else:
                with pytest.raises(httpx.ReadTimeout):
                    client.post(f"{server.url}/v1/completions", json=body)
        server.wait_for("vllm:request_success_total", before + 1, finished_reason="abort")
        assert server.sample("vllm:num_requests_running") == 0


def half_sent(server: Any) -> socket.socket:
    """A client that has not sent its whole body yet."""
    host, port = server.url.removeprefix("http://").split(":")
    client = socket.create_connection((host, int(port)))
    client.sendall(
        b'POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"model":'
    )
    return client


def test_whoever_leaves_with_half_a_body(server: Any) -> None:
    """Is an aborted request without tokens."""
    before = server.sample("tokentide:requests_total", outcome="aborted")
    half_sent(server).close()
    server.wait_for("tokentide:requests_total", before + 1, outcome="aborted")


@pytest.fixture(scope="module")
def endless(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """What makes a server take requests so long that none of them ends by itself, however slow the test is."""
    return "--model", str(
        tiny_checkpoint(tmp_path_factory.mktemp("endless"), max_position_embeddings=8192)
    )


@pytest.fixture(scope="module")
def ended(
    start: Any, endless: tuple[str, str], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """A server of two places, filled with one request that runs and one that waits while one arrives, then ended by SIGTERM."""
    found: dict[str, Any] = {}
    with start(
        tmp_path_factory.mktemp("ended"), *endless, "--max-sequences", "1", "--max-waiting", "1"
    ) as server:
        late = half_sent(server)
        threads = [
            threading.Thread(target=lambda: found.setdefault("whole", server.post(**ENDLESS)))
        ]
        threads += [threading.Thread(target=lambda: found.setdefault("stream", _streamed(server)))]
        for place, thread in enumerate(threads):
            thread.start()
            server.wait_for(("vllm:num_requests_running", "vllm:num_requests_waiting")[place], 1)
        found["refused"] = server.post()
        found["by reason"] = server.sample("vllm:num_requests_waiting_by_reason", reason="capacity")
        found["rejections"] = server.sample("vllm:admission_rejections_total", reason="queue_full")
        started = time.monotonic()
        found["code"] = server.terminate()
        found["late"] = late.recv(4096)
        late.close()
        found["seconds"] = time.monotonic() - started
        for thread in threads:
            thread.join()
        found["events"], found["log"] = server.events(), server.log.read_text()
    return found


def _streamed(server: Any) -> httpx.Response:
    return httpx.post(
        f"{server.url}/v1/completions", json={"model": "tiny", "stream": True} | ENDLESS, timeout=20
    )


def test_a_full_queue_asks_to_come_back(ended: dict[str, Any]) -> None:
    """429 with Retry-After, and it is counted."""
    refused = ended["refused"]
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
    assert refused.json()["error"]["type"] == "rate_limit_error"
    assert (ended["rejections"], ended["by reason"]) == (1, 1)


def test_sigterm_ends_at_once(ended: dict[str, Any]) -> None:
    """Exit code 0 within seconds, without a word; whoever waits for an answer is told to come back."""
    assert ended["code"] == 0
    assert ended["seconds"] < 5
    assert ended["log"].count("\n") == 1
    assert ended["late"].startswith(b"HTTP/1.1 503")
    for each in ("whole", "stream"):
        assert ended[each].status_code == 503
        assert ended[each].json()["error"]["type"] == "server_error"


def test_sigterm_leaves_an_event_of_each(ended: dict[str, Any]) -> None:
    """What ran, waited or was still arriving is aborted; only what ran has tokens."""
    outcomes = sorted(
        (event["outcome"], event["completion_tokens"] > 0) for event in ended["events"]
    )
    assert outcomes == [
        ("aborted", False),
        ("aborted", False),
        ("aborted", True),
        ("refused", False),
    ]


@pytest.fixture(scope="module")
def orphaned(
    start: Any, endless: tuple[str, str], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """A server whose engine is killed while it streams."""
    found: dict[str, Any] = {}
    with start(tmp_path_factory.mktemp("orphaned"), *endless) as server:
        thread = threading.Thread(target=lambda: found.setdefault("whole", server.post(**ENDLESS)))
        thread.start()
        body: dict[str, Any] = {
            "extra_body": {"ignore_eos": True},
            "max_tokens": 8000,
            "prompt": "def",
        }
        stream = iter(server.client().completions.create(model="tiny", stream=True, **body))
        found["first"] = next(stream)
        server.kill_engine()
        try:
            found["rest"] = list(stream)
        except openai.APIError as error:
            found["error"] = error
        thread.join()
        found["health"], found["later"] = httpx.get(f"{server.url}/health"), server.post()
        found["running"] = server.sample("vllm:num_requests_running")
        found["errors"] = server.sample("vllm:request_success_total", finished_reason="error")
        found["code"] = server.terminate()
        found["events"] = server.events()
    return found


def test_a_killed_engine_fails_what_ran(orphaned: dict[str, Any]) -> None:
    """A stream ends in an error, a whole answer is 503, and the metrics say so."""
    assert "rest" not in orphaned
    assert orphaned["error"].body["type"] == "server_error"
    assert "Restart the server" in orphaned["error"].message
    assert orphaned["whole"].status_code == 503
    assert (orphaned["running"], orphaned["errors"]) == (0, 2)


def test_without_an_engine_it_is_not_healthy(orphaned: dict[str, Any]) -> None:
    """503 on /health and for whoever asks; SIGTERM still ends it well."""
    assert orphaned["health"].status_code == orphaned["later"].status_code == 503
    assert "Restart the server" in orphaned["later"].json()["error"]["message"]
    assert orphaned["code"] == 0


def test_a_killed_engine_leaves_an_event_of_each(orphaned: dict[str, Any]) -> None:
    """All failed; the tokens that were sent are in the events."""
    assert [event["outcome"] for event in orphaned["events"]] == ["failed"] * 3
    assert max(event["completion_tokens"] for event in orphaned["events"]) > 0
    assert orphaned["events"][-1]["completion_tokens"] == 0


def test_a_killed_server_takes_its_engine_with_it(start: Any, tmp_path: Path) -> None:
    """No process is left behind that computes for nobody, experts on other ranks included."""
    with start(tmp_path, "--expert-ranks", "2") as server:
        engine = server.engine_process()
        assert server.post(max_tokens=40).status_code == 200
        assert server.sample("tokentide:expert_rows_total", schedule="waves") > 0
        others = Path(f"/proc/{engine}/task/{engine}/children").read_text().split()
        assert others
        server.process.kill()
        server.process.wait()
    deadline = time.monotonic() + 20
    while any(Path(f"/proc/{each}").exists() for each in (engine, *others)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
