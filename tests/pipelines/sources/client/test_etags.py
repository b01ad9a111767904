"""ETags of good answers, by address."""

from pathlib import Path

from pipelines.sources.client.etags import EtagStore, KnownAnswer


def test_an_etag_is_remembered_by_address(tmp_path: Path) -> None:
    """The newest one counts; another address has another one."""
    path = tmp_path / "requests.sqlite"
    EtagStore(path).remember("http://h/models", '"1"', "a" * 64)
    EtagStore(path).remember("http://h/models", '"2"', "b" * 64)
    assert EtagStore(path).find("http://h/models") == KnownAnswer('"2"', "b" * 64)
    assert EtagStore(path).find("http://h/models?x=1") is None
