"""The command against a real server: what it reports, what it sends, and that nothing a server does delays or ends it."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.loadgen.__main__ import main

Load = Callable[..., dict[str, Any]]
KEY = "sk-invented-and-secret"
# Upper bounds are loose: what they measure shares its cores with other work.
SLACK_MS = 250


def test_latencies_are_those_of_the_server(serve: Any, replies: Any, load: Load) -> None:
    """80 ms to the first token, then ten of 20 ms each."""
    with serve(replies.streaming(first_s=0.08, gap_s=0.02)) as server:
        report = load(server.url, "--poisson", "40", "--requests", "20", "--max-tokens", "11")
    assert (report["sent"], report["answered"], report["failed"]) == (20, 20, 0)
    assert 80 <= report["ttft"]["p50_ms"] < 80 + SLACK_MS
    assert 20 <= report["tpot"]["p50_ms"] < 20 + SLACK_MS / 10
    assert 19 <= report["itl"]["p50_ms"] < 20 + SLACK_MS / 10
    assert 280 <= report["e2e"]["p50_ms"] < 280 + SLACK_MS
    assert (report["ttft"]["count"], report["itl"]["count"]) == (20, 200)
    assert (report["output_tokens"], report["prompt_tokens"], report["estimated"]) == (220, 140, 0)
    assert report["output_tokens_per_s"] == pytest.approx(220 / report["duration_s"])


def test_a_slow_server_does_not_delay_what_comes_later(
    serve: Any, replies: Any, load: Load
) -> None:
    """Open loop: all of a second's requests are sent, on time, before the first of them is answered."""
    with serve(replies.whole(first_s=2.0)) as server:
        report = load(
            server.url, "--poisson", "150", "--requests", "150", "--no-stream", "--seed", "1"
        )
        heard = [each.at for each in server.heard]
    assert report["answered"] == len(heard) == 150
    assert max(heard) - min(heard) < 2.0
    assert report["send_lag"]["p50_ms"] < 100


def test_goodput_and_throughput_differ_where_half_is_slow(
    serve: Any, replies: Any, load: Load
) -> None:
    """Every second request misses the objective."""
    with serve(replies.in_turn(replies.streaming(), replies.streaming(first_s=0.8))) as server:
        report = load(
            server.url,
            "--poisson",
            "50",
            "--requests",
            "10",
            "--max-tokens",
            "3",
            "--ttft-ms",
            "600",
            "--tpot-ms",
            "600",
        )
    assert report["objectives_ms"] == {"TTFT": 600.0, "TPOT": 600.0}
    assert report["goodput"]["share"] == 0.5
    assert report["goodput"]["requests_per_s"] == pytest.approx(report["requests_per_s"] / 2)


def test_without_a_stream_there_is_no_first_token(serve: Any, replies: Any, load: Load) -> None:
    """Unknown, not zero; tokens only where the server counts them."""
    with serve(replies.whole(prompt_tokens=9, completion_tokens=2)) as server:
        report = load(server.url, "--poisson", "50", "--requests", "3", "--no-stream")
        assert "stream_options" not in server.heard[0].body
    assert (report["ttft"], report["tpot"], report["itl"]) == (None, None, None)
    assert (report["e2e"]["count"], report["output_tokens"]) == (3, 6)
    with serve(replies.whole()) as server:
        assert (
            load(server.url, "--poisson", "50", "--requests", "3", "--no-stream")[
                "output_tokens_per_s"
            ]
            is None
        )


def test_a_server_that_does_not_count_is_counted_for(serve: Any, replies: Any, load: Load) -> None:
    """By the pieces of its stream, and the report says that it is an estimate."""
    with serve(replies.streaming(usage=False)) as server:
        report = load(server.url, "--poisson", "50", "--requests", "4", "--max-tokens", "5")
    assert (report["output_tokens"], report["estimated"]) == (20, 4)
    assert any("an estimate" in note for note in report["notes"])


def test_refusals_are_failures_by_status(serve: Any, replies: Any, load: Load) -> None:
    """With what the server said first; the run goes on."""
    full, broken = (
        replies.saying(429, "the queue is full"),
        replies.saying(500, "the engine\x1b[31m fell over"),
    )
    with serve(replies.in_turn(full, broken, replies.streaming(), full)) as server:
        report = load(server.url, "--poisson", "200", "--requests", "8", "--max-tokens", "2")
    found = {each["kind"]: (each["count"], each["example"]) for each in report["failures"]}
    assert found == {"429": (4, "the queue is full"), "http 500": (2, "the engine [31m fell over")}
    assert (report["answered"], report["failed"]) == (2, 6)


def test_a_redirect_is_not_followed(serve: Any, replies: Any, load: Load) -> None:
    """Another server would be measured, and be sent the key."""
    with serve(replies.saying(307, "over there")) as server:
        report = load(server.url, "--poisson", "200", "--requests", "2", code=1)
        assert len(server.heard) == 2
    assert report["failures"][0]["kind"] == "http 307"


def test_broken_and_endless_streams_end_alone(serve: Any, replies: Any, load: Load) -> None:
    """Each is a failure of its kind; the good ones among them are answered."""

    async def cut_off() -> AsyncIterator[bytes]:
        yield replies.event("a").encode()
        raise ConnectionError

    async def ended() -> AsyncIterator[bytes]:
        yield replies.event("a").encode()

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 65536
            await asyncio.sleep(0)

    async def silent() -> AsyncIterator[bytes]:
        yield replies.event("a").encode()
        await asyncio.sleep(30)

    bad = [replies.bytes_of(each) for each in (cut_off, ended, endless, silent)]
    with serve(replies.in_turn(*bad, replies.streaming())) as server:
        report = load(
            server.url,
            "--poisson",
            "100",
            "--requests",
            "10",
            "--max-tokens",
            "2",
            "--timeout",
            "2",
        )
    assert {each["kind"]: each["count"] for each in report["failures"]} == {
        "connection": 2,
        "answer": 2,
        "oversized": 2,
        "timeout": 2,
    }
    assert (report["answered"], report["e2e"]["count"]) == (2, 2)


def test_a_server_that_is_not_there(capsys: pytest.CaptureFixture[str], load: Load) -> None:
    """Without a name for the model nothing is sent; with one, every request fails."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
    assert main(["--url", url, "--poisson", "100", "--requests", "3"]) == 1
    assert "names no model" in capsys.readouterr().err
    report = load(url, "--model", "m", "--poisson", "100", "--requests", "3", code=1)
    assert {each["kind"]: each["count"] for each in report["failures"]} == {"connection": 3}


def test_a_trace_is_sent_as_it_says(serve: Any, replies: Any, load: Load, tmp_path: Path) -> None:
    """Lengths by token numbers, moments by its times at the speed that was asked for, and no more than the limit."""
    trace = tmp_path / "trace.csv"
    rows = ["00:00:00.0,40,3", "00:00:02.0,4000,2", "00:00:04.0,7,500", "00:00:09.0,1,1"]
    trace.write_text(
        "TIMESTAMP,ContextTokens,GeneratedTokens\n" + "".join(f"2024-05-10 {row}\n" for row in rows)
    )
    options = [
        "--speed",
        "10",
        "--limit",
        "3",
        "--most-tokens",
        "64",
        "--token-ids",
        "1024",
        "--ignore-eos",
    ]
    with serve(replies.streaming()) as server:
        report = load(server.url, "--trace", str(trace), *options)
        heard = server.heard
    assert [(len(each.body["prompt"]), each.body["max_tokens"]) for each in heard] == [
        (40, 3),
        (62, 2),
        (7, 57),
    ]
    assert all(0 <= token < 1024 for each in heard for token in each.body["prompt"])
    assert [each.at - heard[0].at for each in heard] == pytest.approx(
        [0.0, 0.2, 0.4], abs=SLACK_MS / 1000
    )
    assert all(each.body["ignore_eos"] for each in heard)
    assert (report["planned"], report["capped"]) == (3, 2)
    assert report["offered_per_s"] == pytest.approx(5.0)


def test_the_azure_trace_can_be_replayed(
    serve: Any, replies: Any, load: Load, recordings: Path
) -> None:
    """The first forty of it, twenty times as fast."""
    trace = recordings / "traces" / "azure_llm_2023_code.csv.gz"
    with serve(replies.streaming()) as server:
        report = load(
            server.url,
            "--trace",
            str(trace),
            "--limit",
            "40",
            "--speed",
            "20",
            "--most-tokens",
            "256",
            "--token-ids",
            "1024",
        )
    assert (report["planned"], report["answered"]) == (40, 40)
    assert report["output_tokens"] == report["asked_output_tokens"]


def test_a_chat_is_asked_where_chats_are(serve: Any, replies: Any, load: Load) -> None:
    """And only the model that is named."""
    with serve(replies.streaming()) as server:
        load(
            server.url,
            "--chat",
            "--model",
            "other",
            "--poisson",
            "100",
            "--requests",
            "1",
            "--max-tokens",
            "1",
        )
        [heard] = server.heard
    assert heard.path.endswith("/chat/completions")
    assert (heard.body["model"], heard.body["messages"][0]["role"]) == ("other", "user")


def test_the_key_goes_to_the_server_and_nowhere_else(
    serve: Any,
    replies: Any,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """Not even where the server repeats it."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    out = tmp_path / "requests.arrow"
    with serve(replies.saying(401, f"{KEY} is no key of ours")) as server:
        assert (
            main(
                [
                    "--url",
                    server.url,
                    "--poisson",
                    "100",
                    "--requests",
                    "2",
                    "--progress",
                    "--out",
                    str(out),
                ]
            )
            == 1
        )
        assert server.heard[0].headers["authorization"] == f"Bearer {KEY}"
    said = capsys.readouterr()
    assert "*** is no key of ours" in said.out
    assert KEY not in said.out + said.err
    assert KEY.encode() not in out.read_bytes()


def test_records_are_one_row_a_request(
    serve: Any, replies: Any, load: Load, tmp_path: Path
) -> None:
    """As Parquet or Arrow, in the order of their numbers, failed ones among them, with what is unknown left empty."""
    files = [tmp_path / "requests.parquet", tmp_path / "requests.arrow"]
    for out in files:
        with serve(
            replies.in_turn(replies.saying(429, "full"), replies.streaming(gap_s=0.01))
        ) as server:
            load(
                server.url,
                "--poisson",
                "20",
                "--requests",
                "4",
                "--max-tokens",
                "3",
                "--out",
                str(out),
            )
    with pa.OSFile(str(files[1])) as file:
        tables = [pq.read_table(files[0]), pa.ipc.open_file(file).read_all()]
    for table in tables:
        rows = table.to_pylist()
        assert [row["number"] for row in rows] == [0, 1, 2, 3]
        assert sorted(str(row["error"]) for row in rows) == ["429", "429", "None", "None"]
        failed, answered = (
            next(row for row in rows if row["error"] == error) for error in ("429", None)
        )
        assert (
            failed["status"],
            failed["message"],
            failed["ttft_ms"],
            failed["output_tokens"],
        ) == (429, "full", None, None)
        assert answered["tpot_ms"] == pytest.approx((answered["e2e_ms"] - answered["ttft_ms"]) / 2)
        assert (len(answered["itl_ms"]), answered["output_tokens"], answered["prompt_tokens"]) == (
            2,
            3,
            7,
        )
    assert tables[0].schema.equals(tables[1].schema)


def test_the_report_for_people_is_aligned_and_whole(
    serve: Any, replies: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every line of the table is as wide as its title; whom it speaks of stands at the top."""
    with serve(replies.streaming()) as server:
        assert (
            main(
                [
                    "--url",
                    server.url,
                    "--poisson",
                    "100",
                    "--requests",
                    "5",
                    "--max-tokens",
                    "2",
                    "--e2e-ms",
                    "5000",
                ]
            )
            == 0
        )
    said = capsys.readouterr().out
    assert said.startswith(f"m at {server.url}\n\nrequests   5 of 5 sent, 5 answered, 0 failed\n")
    assert "100.0% of requests (e2e <= 5000 ms)" in said
    table = [
        line
        for line in said.splitlines()
        if " ms " in line and line[:3] in ("TTF", "TPO", "ITL", "e2e", "lag")
    ]
    assert [line.split()[0] for line in table] == ["TTFT", "TPOT", "ITL", "e2e", "lag"]
    assert len({len(line) for line in table}) == 1


def test_ctrl_c_reports_what_was_seen(serve: Any, replies: Any) -> None:
    """Those that were open are counted as stopped, the exit code is that of Ctrl-C."""
    with serve(replies.in_turn(replies.streaming(), replies.streaming(first_s=30))) as server:
        command = [
            sys.executable,
            "-m",
            "models.loadgen",
            "--url",
            server.url,
            "--poisson",
            "20",
            "--requests",
            "1000",
            "--json",
            "--progress",
        ]
        run = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "OPENAI_API_KEY": ""},
        )
        deadline = time.monotonic() + 20
        while len(server.heard) < 10 and time.monotonic() < deadline:
            time.sleep(0.05)
        # Progress comes after two seconds; what is seen of it shows that standard output stays the report's alone.
        time.sleep(2.2)
        run.send_signal(signal.SIGINT)
        out, err = run.communicate(timeout=20)
    report = json.loads(out)
    assert run.returncode == 130
    assert report["was_stopped"] is True
    assert report["stopped"] >= 4
    assert report["answered"] >= 4
    assert report["answered"] + report["stopped"] == report["sent"] < report["planned"] == 1000
    assert report["failures"] == []
    assert " of 1000 sent, " in err
    assert "Traceback" not in err


@pytest.mark.skipif(
    sys.platform == "win32", reason="limits of open files are set by the shell of POSIX"
)
def test_a_generator_without_files_blames_itself(serve: Any, replies: Any) -> None:
    """What fails because this process has no file left is no failure of the server's connection, and the report says so."""
    with serve(replies.streaming(first_s=2.0)) as server:
        options = [
            "--url",
            server.url,
            "--poisson",
            "200",
            "--requests",
            "60",
            "--max-tokens",
            "1",
            "--json",
        ]
        command = [
            "/bin/sh",
            "-c",
            'ulimit -n 40; exec "$@"',
            "sh",
            sys.executable,
            "-m",
            "models.loadgen",
            *options,
        ]
        run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr
    report = json.loads(run.stdout)
    [failures] = report["failures"]
    assert (failures["kind"], failures["example"]) == (
        "generator",
        "this machine ran out of open files",
    )
    assert "full" in report["bottlenecks"]
    assert report["answered"] + failures["count"] == 60
