"""Remote write 2.0 and 1.0: samples as sent, what is refused, and answers that say so."""

import struct
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from support.collecting import of_metric, read_rows
from support.receiver.receiving import (
    NOW_MS,
    V1,
    V2,
    Point,
    of_server,
    receiving,
    request_v2,
    snappy,
    tokens_page,
    write_request,
)

from pipelines.telemetry.receiver.messages import Label, Request, WriteRequest

STALE = struct.unpack("<d", struct.pack("<Q", 0x7FF0_0000_0000_0002))[0]
WRITTEN = "x-prometheus-remote-write-{}-written"
Push = Callable[[list[Point]], bytes]


def written(response: httpx.Response) -> list[int]:
    """Return what the headers say of samples, histograms and exemplars."""
    kinds = ("samples", "histograms", "exemplars")
    return [int(response.headers[WRITTEN.format(kind)]) for kind in kinds]


@pytest.mark.parametrize(("make", "headers"), [(write_request, V1), (request_v2, V2)])
def test_a_page_is_written_as_it_was_scraped(
    tmp_path: Path, make: Push, headers: dict[str, str]
) -> None:
    """Labels of sender and operator go, the start of the process stays, `up` becomes ours."""
    with receiving(tmp_path) as running:
        response = running.write(make(tokens_page(7, cluster="eu", pod="chat-0")), headers)
    assert (response.status_code, response.content) == (204, b"")
    assert written(response) == [5, 0, 0]
    assert response.headers["x-tokentide-samples-left-out"] == "1"
    rows = read_rows(tmp_path / "spool/telemetry")
    [tokens] = of_metric(rows, "generation_tokens")
    assert (tokens["target"], tokens["engine"]) == ("10.0.0.1:8000", "vllm")
    assert (tokens["value"], tokens["model_name"], tokens["labels"]) == (7, "m", "")
    assert tokens["scraped_at"].timestamp() == NOW_MS / 1000
    assert tokens["started_at"].timestamp() == 1795295012.25
    assert [row["value"] for row in of_metric(rows, "up")] == [1]


def test_one_page_in_several_requests_is_one_page(tmp_path: Path) -> None:
    """Queues of a sender share the series of a scrape; each repeats nothing of another."""
    with receiving(tmp_path) as running:
        for point in tokens_page(7):
            assert running.write(write_request([point])).status_code == 204
    rows = read_rows(tmp_path / "spool/telemetry")
    assert len({row["started_at"] for row in rows}) == 1
    assert sorted(row["metric"] for row in rows) == ["generation_tokens", "requests_running", "up"]


def test_created_and_start_times_are_kept(tmp_path: Path) -> None:
    """Series say when they began, if no page says when its process did."""
    points = [each for each in tokens_page(7) if "process_start" not in each[0]["__name__"]]
    with receiving(tmp_path) as running:
        running.write(request_v2(points, started_ms=NOW_MS - 60_000), V2)
    [tokens] = of_metric(read_rows(tmp_path / "spool/telemetry"), "generation_tokens")
    assert tokens["started_at"].timestamp() == (NOW_MS - 60_000) / 1000


def test_a_server_that_is_down_is_a_failed_scrape(tmp_path: Path) -> None:
    """Markers that its series ended are read and make no sample."""
    down = [of_server("up", 0.0, NOW_MS + 1000)]
    ended = [of_server("vllm:generation_tokens_total", STALE, NOW_MS + 1000, model_name="m")]
    with receiving(tmp_path) as running:
        running.write(write_request(tokens_page(7)))
        response = running.write(write_request([*down, *ended]))
        assert running.receiver.tally.markers == 1
    assert (response.status_code, written(response)) == (204, [2, 0, 0])
    rows = read_rows(tmp_path / "spool/telemetry")
    assert len(of_metric(rows, "generation_tokens")) == 1
    last = max(of_metric(rows, "up"), key=lambda row: str(row["scraped_at"]))
    assert (last["value"], last["labels"]) == (0, 'reason="down_at_sender"')


def test_native_histograms_and_exemplars_are_refused_and_counted(tmp_path: Path) -> None:
    """The rest of the request is written: a partial write."""
    request = Request()
    request.ParseFromString(unpack(request_v2(tokens_page(7))))
    request.timeseries[2].exemplars.append(b"")
    series = request.timeseries.add(labels_refs=request.timeseries[2].labels_refs)
    series.histograms.extend([b"", b""])
    with receiving(tmp_path) as running:
        response = running.write(snappy(request.SerializeToString()), V2)
    assert (response.status_code, written(response)) == (400, [5, 0, 0])
    assert "2 native or exponential histograms" in response.text
    assert "1 exemplars" in response.text
    assert of_metric(read_rows(tmp_path / "spool/telemetry"), "generation_tokens")


BAD_SERIES = [
    ({"__name__": "vllm:num_requests_running"}, "no label instance or job"),
    ({"instance": "a"}, "no name of a metric"),
    ({"__name__": "vllm:num_requests_running", "instance": "a\n"}, "unprintable"),
    ({"__name__": "vllm:num_requests_running", "instance": "a" * 201}, "more than 200"),
    ({"__name__": "up", "instance": "a", "x": "y" * 5000}, "more than 4096"),
    ({"__name__": "up", "instance": "a", **{f"l{i}": "x" for i in range(200)}}, "128 labels"),
]


def test_a_bad_series_is_refused_with_its_reason(tmp_path: Path) -> None:
    """The others of its request are written, in both versions."""
    with receiving(tmp_path) as running:
        for labels, reason in BAD_SERIES:
            points = [(labels, 1.0, NOW_MS), *tokens_page(7)]
            for response in (
                running.write(write_request(points)),
                running.write(request_v2(points), V2),
            ):
                assert (response.status_code, written(response)) == (400, [5, 0, 0])
                assert reason in response.text


def test_instants_that_cannot_be_are_refused(tmp_path: Path) -> None:
    """A clock that is wrong by years would make facts of all these years."""
    with receiving(tmp_path) as running:
        for at in (0, -5, NOW_MS + 3_600_000, NOW_MS - 40 * 86_400_000, 2**62):
            response = running.write(write_request([of_server("up", 1.0, at)]))
            assert (response.status_code, written(response)) == (400, [0, 0, 0])
            assert "future" in response.text


def test_a_body_that_is_not_what_it_says_is_refused(tmp_path: Path) -> None:
    """No 4xx but these, and nothing of it is kept; what is too large is 413."""
    request = Request(symbols=["a"])
    request.timeseries.add()
    twice = WriteRequest()
    label = Label(name="__name__", value="up").SerializeToString()
    twice.timeseries.add(labels=[label, label]).samples.add(value=1, timestamp=NOW_MS)
    odd = Request(symbols=["", "__name__", "up"])
    odd.timeseries.add(labels_refs=[1, 7]).samples.add(value=1, timestamp=NOW_MS)
    bodies = [
        (b"", V1, 400),
        (b"\xff\xff\xff\xff\xff\xff", V1, 400),
        (b"plain", V1, 400),
        (snappy(b"\xff\xff"), V1, 400),
        (snappy(b"\xff\xff"), V2, 400),
        (snappy(request.SerializeToString()), V2, 400),
        (snappy(twice.SerializeToString()), V1, 400),
        (snappy(odd.SerializeToString()), V2, 400),
        (b"\xff\xff\xff\x7f" + b"x" * 100, V1, 413),
        (b"x" * (9 << 20), V1, 413),
        (write_request([]), V1 | {"Content-Type": "application/json"}, 415),
        (write_request([]), V1 | {"Content-Type": "application/x-protobuf;proto=a.B"}, 415),
        (write_request([]), V1 | {"Content-Encoding": "zstd"}, 415),
        (write_request([]), {}, 415),
    ]
    with receiving(tmp_path) as running:
        for body, headers, status in bodies:
            response = running.write(body, headers)
            assert response.status_code == status, response.text
            assert response.text
        assert running.write(write_request([])).status_code == 204
    assert not list((tmp_path / "spool/telemetry").glob("2*"))


def unpack(body: bytes) -> bytes:
    """Decompress a body."""
    from pipelines.telemetry.receiver.bodies import decompress_snappy

    return decompress_snappy(body)
