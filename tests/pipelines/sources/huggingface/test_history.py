"""Files of past counts: their columns are checked, and named where they differ."""

import io
from pathlib import Path

import polars as pl
import pytest

from pipelines.errors import BadAnswer, BadSetting
from pipelines.settings import Settings
from pipelines.sources.huggingface import history


def parquet(**columns: list[object]) -> bytes:
    """Return a Parquet file of these columns."""
    target = io.BytesIO()
    pl.DataFrame(columns).write_parquet(target)
    return target.getvalue()


def keep(settings: Settings, body: bytes, columns: str | None = None) -> None:
    """Keep a file with this content."""
    settings.home.mkdir(parents=True, exist_ok=True)
    path = settings.home / "counts.parquet"
    path.write_bytes(body)
    history.keep_file(settings, path, "run", history.context_of(columns, None, None))


def test_a_wrong_column_names_those_that_are_there(settings: Settings) -> None:
    body = parquet(day=["2026-01-01"], org=["a"], n=[1])
    with pytest.raises(BadAnswer, match=r"no column 'author'; its columns are: day, org, n\."):
        keep(settings, body)
    keep(settings, body, "date=day,author=org,downloads=n")


def test_what_is_no_parquet_is_refused(settings: Settings) -> None:
    """It is not archived either."""
    for body in (b"", b"PAR1", b"day,org\n", b"PAR1" + b"\0" * 50 + b"PAR1"):
        with pytest.raises(BadAnswer):
            keep(settings, body)
    assert not settings.archive.exists()


@pytest.mark.parametrize(
    "text",
    ["", "day", "date=day", "date=d,author=a,model=m,downloads=n", "date=d,author=a,likes=n"],
)
def test_a_mapping_must_be_whole(text: str) -> None:
    with pytest.raises(BadSetting, match="--columns"):
        history.parse_columns(text)


def test_a_mapping_says_what_the_rows_are_of() -> None:
    context = history.context_of("date=d,model=m,all_time=n", "MIT", None)
    file = history.HistoryFile(
        b"", history.parse_columns(context["columns"]), context["licence"], context["citation"]
    )
    assert (file.grain, file.figure, file.licence) == ("model", "all_time", "MIT")
    assert file.citation == "not stated"
    usual = history.context_of(None, None, None)
    assert (usual["licence"], usual["citation"]) == (history.LICENCE, history.CITATION)


def test_an_address_is_no_path(tmp_path: Path) -> None:
    found = history.upstream_of("https://example.org/data/x.parquet")
    assert found
    assert (found.base, found.key) == ("https://example.org", None)
    for name in (str(tmp_path), "counts.parquet", "file:///etc/passwd", "https://a:b@h/x"):
        assert history.upstream_of(name) is None


def test_a_file_that_is_not_there_is_said(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="is not a file"):
        history.keep_file(settings, tmp_path / "none", "run", history.context_of(None, None, None))
