"""The command against a real server: its report, its requests, and its exit codes."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.inference.openai_server import (
    error_reply,
    replies_in_turn,
    serve,
    stream_reply,
    whole_reply,
)

from models.loadgen.__main__ import main

Load = Callable[..., dict[str, Any]]
KEY = "sk-invented-and-secret"
# Upper bounds are loose: what they measure shares its cores with other work.
SLACK_MS = 250


def test_latencies_are_those_of_the_server(load: Load) -> None:
    """80 ms to the first token, then ten tokens of 20 ms each."""
    options = ["--poisson", "40", "--requests", "20", "--max-tokens", "11"]
    with serve(stream_reply(first_s=0.08, gap_s=0.02)) as server:
        report = load(server.url, *options)
    assert (report["sent"], report["answered"], report["failed"]) == (20, 20, 0)
    assert 80 <= report["ttft"]["p50_ms"] < 80 + SLACK_MS
    assert 20 <= report["tpot"]["p50_ms"] < 20 + SLACK_MS / 10
    assert 19 <= report["itl"]["p50_ms"] < 20 + SLACK_MS / 10
    assert 280 <= report["e2e"]["p50_ms"] < 280 + SLACK_MS
    assert (report["ttft"]["count"], report["itl"]["count"]) == (20, 200)
    assert (report["output_tokens"], report["prompt_tokens"], report["estimated"]) == (220, 140, 0)
    assert report["output_tokens_per_s"] == pytest.approx(220 / report["duration_s"])


def test_goodput_and_throughput_differ_if_half_is_slow(load: Load) -> None:
    """Every second request misses the objective."""
    options = "--poisson 50 --requests 10 --max-tokens 3 --ttft-ms 600 --tpot-ms 600"
    with serve(replies_in_turn(stream_reply(), stream_reply(first_s=0.8))) as server:
        report = load(server.url, *options.split())
    assert report["objectives_ms"] == {"TTFT": 600.0, "TPOT": 600.0}
    assert report["goodput"]["share"] == 0.5
    assert report["goodput"]["requests_per_s"] == pytest.approx(report["requests_per_s"] / 2)


def test_without_a_stream_there_is_no_first_token(load: Load) -> None:
    """It is unknown, not 0. Tokens are known only if the server counts them."""
    options = ["--poisson", "50", "--requests", "3", "--no-stream"]
    with serve(whole_reply(prompt_tokens=9, completion_tokens=2)) as server:
        report = load(server.url, *options)
        assert "stream_options" not in server.received[0].body
    assert (report["ttft"], report["tpot"], report["itl"]) == (None, None, None)
    assert (report["e2e"]["count"], report["output_tokens"]) == (3, 6)
    with serve(whole_reply()) as server:
        assert load(server.url, *options)["output_tokens_per_s"] is None


def test_a_stream_without_usage_is_counted_by_pieces(load: Load) -> None:
    """The report calls it an estimate."""
    with serve(stream_reply(usage=False)) as server:
        report = load(server.url, "--poisson", "50", "--requests", "4", "--max-tokens", "5")
    assert (report["output_tokens"], report["estimated"]) == (20, 4)
    assert any("an estimate" in note for note in report["notes"])


def test_failures_are_grouped_by_status(load: Load) -> None:
    """With the first message of each; the load test goes on."""
    full, broken = error_reply(429, "the queue is full"), error_reply(500, "it\x1b[31m fell over")
    options = ["--poisson", "200", "--requests", "8", "--max-tokens", "2"]
    with serve(replies_in_turn(full, broken, stream_reply(), full)) as server:
        report = load(server.url, *options)
    groups = {each["kind"]: (each["count"], each["example"]) for each in report["failures"]}
    assert groups == {"429": (4, "the queue is full"), "http 500": (2, "it [31m fell over")}
    assert (report["answered"], report["failed"]) == (2, 6)


def test_a_server_that_is_not_there(capsys: pytest.CaptureFixture[str], load: Load) -> None:
    """Without the model's name nothing is sent; with it, every request fails."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
    assert main(["--url", url, "--poisson", "100", "--requests", "3"]) == 1
    assert "lists no model" in capsys.readouterr().err
    report = load(url, "--model", "m", "--poisson", "100", "--requests", "3", code=1)
    assert {each["kind"]: each["count"] for each in report["failures"]} == {"connection": 3}


def test_a_trace_is_sent_as_recorded(load: Load, tmp_path: Path) -> None:
    """Lengths in token ids, moments at the requested speed, no more than the limit."""
    trace = tmp_path / "trace.csv"
    rows = ["00:00:00.0,40,3", "00:00:02.0,4000,2", "00:00:04.0,7,500", "00:00:09.0,1,1"]
    trace.write_text(
        "TIMESTAMP,ContextTokens,GeneratedTokens\n" + "".join(f"2024-05-10 {row}\n" for row in rows)
    )
    options = "--speed 10 --limit 3 --max-request-tokens 64 --token-ids 1024 --ignore-eos"
    with serve(stream_reply()) as server:
        report = load(server.url, "--trace", str(trace), *options.split())
        received = server.received
    lengths = [(len(each.body["prompt"]), each.body["max_tokens"]) for each in received]
    assert lengths == [(40, 3), (62, 2), (7, 57)]
    assert all(0 <= token < 1024 for each in received for token in each.body["prompt"])
    moments = [each.at - received[0].at for each in received]
    assert moments == pytest.approx([0.0, 0.2, 0.4], abs=SLACK_MS / 1000)
    assert all(each.body["ignore_eos"] for each in received)
    assert (report["planned"], report["capped"]) == (3, 2)
    assert report["offered_per_s"] == pytest.approx(5.0)


def test_the_azure_trace_can_be_replayed(load: Load, recordings: Path) -> None:
    """Its first forty requests, twenty times as fast. The option has its old spelling here."""
    trace = recordings / "traces" / "azure_llm_2023_code.csv.gz"
    options = "--limit 40 --speed 20 --most-tokens 256 --token-ids 1024"
    with serve(stream_reply()) as server:
        report = load(server.url, "--trace", str(trace), *options.split())
    assert (report["planned"], report["answered"]) == (40, 40)
    assert report["output_tokens"] == report["asked_output_tokens"]


def test_chats_go_to_their_route(load: Load) -> None:
    """With the model that was named."""
    options = "--chat --model other --poisson 100 --requests 1 --max-tokens 1"
    with serve(stream_reply()) as server:
        load(server.url, *options.split())
        [received] = server.received
    assert received.path.endswith("/chat/completions")
    assert (received.body["model"], received.body["messages"][0]["role"]) == ("other", "user")


def test_the_key_goes_to_the_server_and_nowhere_else(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Not into the report, even if the server repeats it."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    out = tmp_path / "requests.arrow"
    options = ["--poisson", "100", "--requests", "2", "--progress", "--out"]
    with serve(error_reply(401, f"{KEY} is unknown")) as server:
        assert main(["--url", server.url, *options, str(out)]) == 1
        assert server.received[0].headers["authorization"] == f"Bearer {KEY}"
    printed = capsys.readouterr()
    assert "*** is unknown" in printed.out
    assert KEY not in printed.out + printed.err
    assert KEY.encode() not in out.read_bytes()


def test_ctrl_c_reports_what_was_seen_until_then() -> None:
    """Open requests count as stopped, and the exit code is that of Ctrl-C."""
    command = [sys.executable, "-m", "models.loadgen", "--json", "--progress"]
    with serve(replies_in_turn(stream_reply(), stream_reply(first_s=30))) as server:
        process = subprocess.Popen(
            [*command, "--url", server.url, "--poisson", "20", "--requests", "1000"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "OPENAI_API_KEY": ""},
        )
        deadline = time.monotonic() + 20
        while len(server.received) < 10 and time.monotonic() < deadline:
            time.sleep(0.05)
        # Progress comes every two seconds, on stderr: stdout is the report's alone.
        time.sleep(2.2)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    report = json.loads(out)
    assert process.returncode == 130
    assert report["was_stopped"] is True
    assert report["stopped"] >= 4
    assert report["answered"] >= 4
    assert report["answered"] + report["stopped"] == report["sent"] < report["planned"] == 1000
    assert report["failures"] == []
    assert " of 1000 sent, " in err
    assert "Traceback" not in err


@pytest.mark.skipif(sys.platform == "win32", reason="only POSIX shells limit open files")
def test_a_generator_without_files_blames_itself() -> None:
    """A failure for want of a file is not the server's, and the report says so."""
    options = "--poisson 200 --requests 60 --max-tokens 1 --json"
    with serve(stream_reply(first_s=2.0)) as server:
        command = ["/bin/sh", "-c", 'ulimit -n 40; exec "$@"', "sh", sys.executable]
        command += ["-m", "models.loadgen", "--url", server.url, *options.split()]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr
    report = json.loads(ended.stdout)
    [failures] = report["failures"]
    assert failures["kind"] == "generator"
    assert failures["example"] == "this machine ran out of open files"
    assert "full" in report["bottlenecks"]
    assert report["answered"] + failures["count"] == 60


def test_the_text_report_is_aligned(capsys: pytest.CaptureFixture[str]) -> None:
    """Model and server stand at the top, and every row of the table has the same width."""
    options = "--poisson 100 --requests 5 --max-tokens 2 --e2e-ms 5000"
    with serve(stream_reply()) as server:
        assert main(["--url", server.url, *options.split()]) == 0
    text = capsys.readouterr().out
    assert text.startswith(f"m at {server.url}\n\nrequests   5 of 5 sent, 5 completed, 0 failed\n")
    assert "100.0% of requests (e2e <= 5000 ms)" in text
    rows = [line for line in text.splitlines() if line[3:].lstrip("TFSL").startswith(" ms ")]
    assert [row.split()[0] for row in rows] == ["TTFT", "TPOT", "ITL", "e2e", "lag"]
    assert len({len(row) for row in rows}) == 1
