"""The record of a source: its decoder is JSON unless it names another."""

import pytest
from support.source_payloads import archived_answer

from pipelines.errors import BadAnswer
from pipelines.sources.source import Source


def test_the_default_decoder_reads_json_objects() -> None:
    """A body of another kind is a bad answer."""
    source = Source("x", lambda answer, payload: payload, ("x",), ())
    assert source.decode(archived_answer(), b'{"data": []}') == {"data": []}
    with pytest.raises(BadAnswer):
        source.decode(archived_answer(), b"date,tokens")


def test_a_source_may_decode_another_format() -> None:
    """Its parser gets what its decoder returned."""
    source = Source(
        "x",
        lambda answer, payload: payload.upper(),
        ("x",),
        (),
        lambda answer, body: body.decode("ascii"),
    )
    assert source.parse(archived_answer(), source.decode(archived_answer(), b"csv")) == "CSV"
