"""One whole member of gzip is decompressed, anything else is refused, within a bound."""

import gzip

import pytest

from pipelines.telemetry.gzip_member import NotWhole, TooLarge, decompress_member

CONTENT = b"tokens_total 12345\n" * 1000
MEMBER = gzip.compress(CONTENT)


def test_a_member_is_decompressed_up_to_the_bound() -> None:
    assert decompress_member(MEMBER, len(CONTENT)) == CONTENT
    with pytest.raises(TooLarge):
        decompress_member(MEMBER, len(CONTENT) - 1)


@pytest.mark.parametrize("body", [b"", MEMBER[:-9], MEMBER + b"x", MEMBER + MEMBER, CONTENT])
def test_what_is_not_one_whole_member_is_refused(body: bytes) -> None:
    with pytest.raises(NotWhole):
        decompress_member(body, len(CONTENT))
