"""`make audit`: advisories of locked packages, against a database on loopback."""

from pathlib import Path

import pytest
from support.scripted_server import bytes_response, json_response, scripted_server

from deploy.audit import main

LISTED = {
    "id": "PYSEC-2026-1",
    "fixed_in": ["2.0"],
    "summary": "Runs what\nit reads.",
    "withdrawn": None,
}
WITHDRAWN = LISTED | {"id": "PYSEC-2026-2", "withdrawn": "2026-01-01"}


@pytest.fixture
def locked(tmp_path: Path) -> Path:
    path = tmp_path / "constraints.txt"
    path.write_text("# made by make lock\nbad==1.0\ngood==3.1\n")
    return path


def test_an_advisory_is_named_with_what_mends_it(
    locked: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with scripted_server(
        json_response(body={"vulnerabilities": [LISTED, WITHDRAWN]}),
        json_response(body={"vulnerabilities": []}),
    ) as server:
        assert main(server.url, locked) == 1
        paths = [each.path.removeprefix("/api/v1") for each in server.received]
    assert paths == ["/bad/1.0/json", "/good/3.1/json"]
    assert capsys.readouterr().out.splitlines() == [
        "bad 1.0: PYSEC-2026-1, mended in 2.0. Runs what it reads.",
        "2 packages, 1 known advisories.",
    ]


def test_none_is_known(locked: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A package that the database does not know has none."""
    with scripted_server(json_response(404), json_response(body={"vulnerabilities": []})) as server:
        assert main(server.url, locked) == 0
    assert capsys.readouterr().out == "2 packages, 0 known advisories.\n"


@pytest.mark.parametrize("status", [500, 200])
def test_what_could_not_be_asked_is_not_called_safe(
    locked: Path, capsys: pytest.CaptureFixture[str], status: int
) -> None:
    """A database that is down, or answers something else."""
    with scripted_server(bytes_response(b"<html>", status)) as server:
        assert main(server.url, locked) == 2
    assert "Nothing is known" in capsys.readouterr().err
    assert main("http://127.0.0.1:1", locked) == 2
