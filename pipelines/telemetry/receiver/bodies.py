"""Bodies of requests: what a header says of them, and their content, never larger than a limit."""

from dataclasses import dataclass
from email.message import Message
from typing import Literal

import pyarrow as pa

from pipelines.telemetry.gzip_member import NotWhole, TooLarge, decompress_member
from pipelines.telemetry.receiver.errors import BadPush, PushTooLarge, UnknownMedia

MAX_BODY = 8 << 20  # bytes as they are sent
MAX_CONTENT = 64 << 20  # bytes once they are decompressed
PROTOBUF, JSON = "application/x-protobuf", "application/json"

BodyFormat = Literal["remote write 1.0", "remote write 2.0", "OTLP", "OTLP in JSON"]
BodyEncoding = Literal["", "snappy", "gzip"]
MESSAGES: dict[str, BodyFormat] = {
    "prometheus.WriteRequest": "remote write 1.0",
    "io.prometheus.write.v2.Request": "remote write 2.0",
}


@dataclass(frozen=True)
class PushedBody:
    """A body as it came, and the form that its headers say it has."""

    format: BodyFormat
    encoding: BodyEncoding
    body: bytes

    def content(self) -> bytes:
        """Return the message; raise BadPush if it is damaged or too large."""
        if self.encoding == "snappy":
            return decompress_snappy(self.body)
        return decompress_gzip(self.body) if self.encoding == "gzip" else self.body


def remote_write_format(content_type: str, encoding: str) -> tuple[BodyFormat, BodyEncoding]:
    """Return what the headers of a remote write say; raise UnknownMedia for anything else."""
    media, parameters = _parse_media(content_type)
    name = parameters.get("proto", "prometheus.WriteRequest")
    if media != PROTOBUF or name not in MESSAGES:
        raise UnknownMedia(
            f"Remote write comes as {PROTOBUF}, with proto={' or proto='.join(MESSAGES)}."
        )
    if encoding.strip().lower() != "snappy":
        raise UnknownMedia("Remote write comes with Content-Encoding: snappy.")
    return MESSAGES[name], "snappy"


def otlp_format(content_type: str, encoding: str) -> tuple[BodyFormat, BodyEncoding]:
    """Return what the headers of an OTLP request say; raise UnknownMedia for anything else."""
    media, _ = _parse_media(content_type)
    formats: dict[str, BodyFormat] = {PROTOBUF: "OTLP", JSON: "OTLP in JSON"}
    encodings: dict[str, BodyEncoding] = {"": "", "identity": "", "gzip": "gzip"}
    if media not in formats:
        raise UnknownMedia(f"OTLP comes as {PROTOBUF} or {JSON}.")
    if encoding.strip().lower() not in encodings:
        raise UnknownMedia("OTLP comes as it is or with Content-Encoding: gzip.")
    return formats[media], encodings[encoding.strip().lower()]


def decompress_snappy(body: bytes) -> bytes:
    """Decompress the block format of Snappy, whose length stands first."""
    length = _read_length(body)
    if length > MAX_CONTENT:
        raise _too_large()
    try:
        content = pa.decompress(body, decompressed_size=length, codec="snappy", asbytes=True)
    except (pa.ArrowException, OSError) as error:
        raise BadPush("The body is not compressed with Snappy's block format.") from error
    return bytes(content)


def decompress_gzip(body: bytes) -> bytes:
    """Decompress one member of gzip."""
    try:
        return decompress_member(body, MAX_CONTENT)
    except TooLarge as error:
        raise _too_large() from error
    except NotWhole as error:
        raise BadPush("The body is not one whole member of gzip.") from error


def _read_length(body: bytes) -> int:
    length = 0
    for place, byte in enumerate(body[:5]):
        length |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return length
    raise BadPush("The body is not compressed with Snappy's block format.")


def _too_large() -> PushTooLarge:
    return PushTooLarge(f"The message has more than {MAX_CONTENT >> 20} MiB; send smaller ones.")


def _parse_media(content_type: str) -> tuple[str, dict[str, str]]:
    header = Message()
    header["Content-Type"] = content_type.replace("\n", " ").replace("\r", " ")
    parameters = dict(header.get_params(failobj=[], unquote=True)[1:])
    return header.get_content_type() if content_type else "", parameters
