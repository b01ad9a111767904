"""Tables as CSV: cells with line breaks, files that are none, rows that are shifted."""

import pytest

from pipelines.errors import BadAnswer
from pipelines.sources.references.csv_rows import MAX_ROWS, decode_rows


def test_a_cell_may_have_commas_and_line_breaks() -> None:
    rows = decode_rows(b'a,b\n"x, y","one\ntwo"\n\n', ("a",))
    assert rows == [{"a": "x, y", "b": "one\ntwo"}]


def test_a_shorter_row_has_empty_cells_and_a_longer_one_is_emptied() -> None:
    """A shifted row would give a lab the country of another."""
    assert decode_rows(b"a,b\n1\n1,2,3\n", ("a",)) == [{"a": "1", "b": ""}, {"a": "", "b": ""}]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"<!doctype html>\n<p>gone</p>", "no column 'a'"),
        (b"", "no column 'a'"),
        (b'a\n"open', "no CSV"),
        (b"a\n\xff\xfe", "no CSV"),
        (b'a\n"' + b"x" * (1024 * 1024 + 1) + b'"', "no CSV"),
        (b"a\n" + b"1\n" * (MAX_ROWS + 1), "more than"),
    ],
)
def test_a_file_that_is_no_table_is_bad(body: bytes, message: str) -> None:
    """A page with status 200, a broken quote, a cell or a list without an end."""
    with pytest.raises(BadAnswer, match=message):
        decode_rows(body, ("a",))
