"""Decompression of what a server or a sender compressed with gzip, within a bound."""

import zlib


class NotWhole(ValueError):
    """The bytes are not one whole member of gzip."""


class TooLarge(ValueError):
    """The content is larger than the bound."""


def decompress_member(body: bytes, most: int) -> bytes:
    """Return the content of one whole member of gzip, of at most `most` bytes.

    Raises NotWhole where it is cut off, damaged, or followed by anything, and TooLarge, without
    having decompressed more than that.
    """
    reader = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    try:
        content = reader.decompress(body, most + 1)
    except zlib.error as error:
        raise NotWhole(str(error)) from error
    if len(content) > most:
        raise TooLarge(f"more than {most} bytes")
    if not reader.eof or reader.unused_data:
        raise NotWhole("it is cut off, or something follows it")
    return content
