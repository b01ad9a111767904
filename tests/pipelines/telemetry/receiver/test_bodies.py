"""Bodies are decompressed up to a limit, and their headers read as they are meant."""

import gzip

import pytest
from support.receiver.receiving import snappy

from pipelines.telemetry.receiver import bodies
from pipelines.telemetry.receiver.errors import BadPush, PushTooLarge, UnknownMedia

BOMB = gzip.compress(b"\0" * (bodies.MAX_CONTENT + 1), 1)


@pytest.mark.parametrize("content", [b"", b"a", b"tokens" * 10_000])
def test_content_comes_back(content: bytes) -> None:
    assert bodies.decompress_snappy(snappy(content)) == content
    assert bodies.decompress_gzip(gzip.compress(content)) == content


def test_a_bomb_is_refused_before_it_is_whole() -> None:
    """Some kilobytes would become gigabytes."""
    with pytest.raises(PushTooLarge):
        bodies.decompress_gzip(BOMB)
    with pytest.raises(PushTooLarge):
        bodies.decompress_snappy(b"\xff\xff\xff\xff\x0f" + b"\0" * 10)


@pytest.mark.parametrize(
    "body", [b"", b"\x80", b"\xff" * 6, b"\x05abc", snappy(b"a" * 100)[:-1], b"\x00rest"]
)
def test_damaged_snappy_is_refused(body: bytes) -> None:
    with pytest.raises(BadPush):
        bodies.decompress_snappy(body)


@pytest.mark.parametrize("body", [b"", b"plain", gzip.compress(b"a")[:-1], gzip.compress(b"a") * 2])
def test_damaged_gzip_is_refused(body: bytes) -> None:
    with pytest.raises(BadPush):
        bodies.decompress_gzip(body)


def test_headers_name_the_message() -> None:
    """The type decides, as the specification demands; case and spaces do not matter."""
    named = "application/x-protobuf; proto=io.prometheus.write.v2.Request"
    assert bodies.remote_write_format(named, "Snappy") == ("remote write 2.0", "snappy")
    assert bodies.remote_write_format("application/x-protobuf", "snappy")[0] == "remote write 1.0"
    assert bodies.otlp_format("application/json; charset=utf-8", "gzip") == ("OTLP in JSON", "gzip")
    with pytest.raises(UnknownMedia):
        bodies.otlp_format("application/x-protobuf", "br")
    with pytest.raises(UnknownMedia):
        bodies.otlp_format("text/plain", "")
