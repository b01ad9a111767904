"""Evidence as a zip file: whole or not there, and for viewers within bounds."""

import zipfile
from pathlib import Path

import pytest
from support.published import published
from support.statements.shares import SHARES

from dashboards.statements.actions import ActionRefusedError
from pipelines.errors import QueryFailed
from pipelines.evidence.bundle import Bundle
from pipelines.evidence.zipped import make_download, write_zip
from pipelines.settings import Settings


def make(folder: Path) -> Bundle:
    (folder / "raw").mkdir(parents=True)
    (folder / "result.csv").write_text("a\n1\n")
    (folder / "raw" / "one").write_bytes(b"1")
    return Bundle(folder, rows=1, answers=1, segments=0, result_sha256="00")


def test_a_zip_holds_one_folder_with_the_name_of_the_file(tmp_path: Path) -> None:
    """Nothing else stays beside it."""
    write_zip(tmp_path / "days.zip", make)
    with zipfile.ZipFile(tmp_path / "days.zip") as zipped:
        assert zipped.namelist() == ["days/raw/one", "days/result.csv"]
    assert [path.name for path in tmp_path.iterdir()] == ["days.zip"]
    with pytest.raises(QueryFailed, match=r"days\.zip exists"):
        write_zip(tmp_path / "days.zip", make)


def test_a_bundle_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def fail(folder: Path) -> Bundle:
        make(folder)
        raise QueryFailed("No.")

    with pytest.raises(QueryFailed, match="No"):
        write_zip(tmp_path / "days.zip", fail)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_viewer_reads_the_reason_of_the_command(tmp_path: Path) -> None:
    """It runs in a process with its own memory."""
    settings = Settings(home=tmp_path / "home")
    published(settings, SHARES)
    for name, reason in {
        "none": r"^There is no claim 'none'",
        "five-weeks": r"^1 answers are not in the raw archive, such as one\.",
    }.items():
        with pytest.raises(ActionRefusedError, match=reason):
            make_download(settings, name, tmp_path)
